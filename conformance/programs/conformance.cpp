// pennypost-conformance: plays session files against a server (docs/conformance.md).
// Exit code 0 when every section held, 1 when one failed or none was played, 2 when the command line makes no sense.
#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>

#include "conformance/player/run.h"

using namespace pennypost::conformance;

namespace {

struct Options {
  Target target;
  RunOptions run;
  std::vector<std::string> paths;
  std::vector<std::string> users;
  std::vector<std::string> passwords;
  std::string tls_ports;
  int wait_ms = 5000;
};

/// "alice=anna": the account that session files call alice is anna on the server.
std::pair<std::string, std::string> pair_of(const std::string& given) {
  const auto at = given.find('=');
  if (at == std::string::npos) return {"", given};
  return {given.substr(0, at), given.substr(at + 1)};
}

void take_accounts(Options& options) {
  for (const auto& user : options.users) {
    const auto [name, real] = pair_of(user);
    auto& account = options.target.accounts[name];
    account.user = real;
    account.address = real.find('@') == std::string::npos ? real + "@" + options.target.domain : real;
  }
  for (const auto& given : options.passwords) {
    const auto [name, password] = pair_of(given);
    if (name.empty())
      options.target.password = password;
    else
      options.target.accounts[name].password = password;
  }
}

int play(Options& options) {
  options.target.wait = std::chrono::milliseconds{options.wait_ms};
  auto& ports = options.target.ports;
  if (!options.tls_ports.empty() &&
      std::sscanf(options.tls_ports.c_str(), "%d,%d,%d", &ports.smtps, &ports.pop3s, &ports.imaps) != 3) {
    std::cerr << "--tls-ports takes three numbers: SMTP,POP3,IMAP\n";
    return 2;
  }
  take_accounts(options);
  const auto files = session_files(options.paths);
  if (const auto* problem = std::get_if<Problem>(&files)) {
    std::cerr << problem->print() << "\n";
    return 2;
  }
  const auto tally = play_files(std::get<0>(files), options.target, options.run, std::cout);
  return tally.failed == 0 && tally.passed > 0 ? 0 : 1;
}

int list(const std::vector<std::string>& paths) {
  const auto files = session_files(paths);
  if (const auto* problem = std::get_if<Problem>(&files)) {
    std::cerr << problem->print() << "\n";
    return 2;
  }
  int broken = 0;
  for (const auto& file : std::get<0>(files)) {
    const auto read = read_session(file);
    if (const auto* problem = std::get_if<Problem>(&read)) {
      std::cerr << problem->print() << "\n";
      ++broken;
      continue;
    }
    const auto& session = std::get<Session>(read);
    for (const auto& section : session.sections)
      std::cout << file << ":" << section.line << "\t" << (section.rfc ? "rfc" : "own") << "\t" << session.source
                << "\t" << section.title << "\n";
  }
  return broken == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Plays recorded protocol sessions against a mail server and compares what comes"};
  app.require_subcommand(1);
  Options options;

  auto* play_command = app.add_subcommand("play", "plays files, or all *.session files of folders");
  play_command->add_option("--host", options.target.host, "name or address of the server");
  play_command->add_option("--smtp-port", options.target.ports.smtp);
  play_command->add_option("--pop3-port", options.target.ports.pop3);
  play_command->add_option("--imap-port", options.target.ports.imap);
  play_command->add_option("--tls-ports", options.tls_ports, "ports with implicit TLS: SMTP,POP3,IMAP");
  play_command->add_option("--target", options.target.name, "what `skip:` lines call this server");
  play_command->add_option("--domain", options.target.domain, "local domain of the accounts");
  play_command->add_option("--provision", options.target.provision,
                           "shell command that makes an account; {name}, {password} and {address} are filled in");
  play_command->add_option("--user", options.users, "NAME=USER: the account NAME of the files is USER on the server");
  play_command->add_option("--password", options.passwords,
                           "NAME=PASSWORD of such an account, or one PASSWORD for all");
  play_command->add_option("--jobs", options.run.jobs, "sections played at once");
  play_command->add_option("--wait", options.wait_ms, "milliseconds to wait for a line");
  play_command->add_option("--only", options.run.only, "only sections whose \"file: title\" holds this text");
  play_command->add_option("--width", options.run.width, "width of a column of the difference");
  play_command->add_flag("--rfc-only", options.run.rfc_only, "only sections that state an RFC");
  play_command->add_flag("--verbose", options.run.verbose, "a line for each section that passes, too");
  play_command->add_option("paths", options.paths)->required();

  auto* list_command =
      app.add_subcommand("list", "reads the files and prints place, kind, source and title of each section");
  list_command->add_option("paths", options.paths)->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return error.get_exit_code() == 0 ? 0 : 2;
  }
  return play_command->parsed() ? play(options) : list(options.paths);
}
