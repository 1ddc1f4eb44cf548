// pennypost-load: measures a mail server by host and port, ours or a peer's (docs/benchmarks.md). Prints a table, or
// JSON. Exit code 0 when the measurement came to its end (corpus: and nothing differs), 1 when not, 2 for a wrong
// command line.
#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "conformance/load/drivers.h"

using namespace pennypost::load;

namespace {

struct Options {
  Plan plan;
  std::vector<std::string> users{"load"};
  std::string password = "secret";
  std::string domain = "example.test";
  bool json = false;
};

/// "bench:100" stands for bench1 to bench100.
void take_users(Options& options) {
  for (const auto& given : options.users) {
    const auto colon = given.find(':');
    const auto name = given.substr(0, colon);
    const int count = colon == std::string::npos ? 0 : std::atoi(given.c_str() + colon + 1);
    for (int i = count == 0 ? 0 : 1; i <= count; ++i) {
      const auto user = count == 0 ? name : name + std::to_string(i);
      options.plan.users.push_back({user, options.password, user + "@" + options.domain});
    }
  }
}

void add_common(CLI::App& command, Options& options) {
  auto& plan = options.plan;
  command.add_option_function<std::string>(
      "--host", [&plan](const std::string& host) { plan.smtp.host = plan.pop3.host = plan.imap.host = host; },
      "name or address of the server");
  command.add_option("--smtp-port", plan.smtp.port);
  command.add_option("--pop3-port", plan.pop3.port);
  command.add_option("--imap-port", plan.imap.port);
  command.add_option("--user", options.users, "account, or NAME:COUNT for NAME1 to NAMECOUNT; may be given again");
  command.add_option("--password", options.password, "of all accounts");
  command.add_option("--domain", options.domain, "of their addresses");
  command.add_option("--messages", plan.messages, "how many");
  command.add_option("--size", plan.size, "octets of a message");
  command.add_option("--connections", plan.connections, "at once");
  command.add_option("--rounds", plan.rounds, "the figure is the median of them");
  command.add_flag("--json", options.json, "figures as JSON");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures a mail server, ours or a peer's"};
  app.require_subcommand(1);
  Options options;
  std::vector<std::string> differences;
  std::vector<Figure> figures;
  const auto add = [&](const char* name, const char* says, auto measure) {
    auto* command = app.add_subcommand(name, says);
    add_common(*command, options);
    command->callback([&, measure] {
      take_users(options);
      figures = measure(options.plan);
    });
    return command;
  };
  add("smtp", "messages in by SMTP, until accepted and until in the mailbox", measure_smtp);
  add("imap-fetch", "FETCH of flags, envelopes and bodies; NOOP", measure_fetch);
  add("imap-store", "STORE, one command each", measure_store);
  add("imap-search", "SEARCH BODY", measure_search);
  auto* idle = add("imap-idle", "memory of idle sessions", measure_idle);
  idle->add_option("--pid", options.plan.pids, "process of the server; its children count too")->required();
  auto* corpus = add("corpus", "message files in by SMTP, compared with what IMAP and POP3 give back",
                     [&](const Plan& plan) { return check_corpus(plan, differences); });
  corpus->add_option("folder", options.plan.folder, "message files, at any depth")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "pennypost-load: " << error.what() << "\n";
    return 1;
  }
  for (const auto& difference : differences) std::cout << difference << "\n";
  std::cout << (options.json ? as_json(figures) : as_table(figures));
  return differences.empty() ? 0 : 1;
}
