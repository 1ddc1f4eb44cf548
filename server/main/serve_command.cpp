// `pennypost serve`: runs the server until SIGINT or SIGTERM; SIGHUP reads the certificate again and opens the log
// anew. Standard output gets `ready` when all ports listen; standard error gets warnings; DATA/log/pennypost.log
// everything, DATA/log/spamfilter.log what the spam filter found.
#include <csignal>
#include <cstdio>
#include <memory>

#include <Poco/Net/IPAddress.h>
#include <Poco/Net/ServerSocket.h>
#include <fmt/format.h>

#include "server/base/log.h"
#include "server/filter/filter.h"
#include "server/main/accounts_setup.h"
#include "server/main/command.h"
#include "server/main/privileges.h"
#include "server/main/serve.h"
#include "server/net/service.h"

namespace pennypost::main_program {

namespace fs = std::filesystem;

namespace {

constexpr LogEvent kStarted{"main.started", Level::notice, "pennypost serves {data}"};
constexpr LogEvent kStopping{"main.stopping", Level::notice, "stopping ({signal})"};
constexpr LogEvent kInsteadOf{"main.other_port", Level::warning,
                              "{service} listens on port {port}: {usual} is not free or not ours"};

struct Words {
  int port_base = -1;
  std::vector<std::string> addresses;
  std::string log_level = "info";
  bool log_json = false;
  bool screen = false;
};

/// All addresses: IPv4, and IPv6 where this machine has it.
std::vector<std::string> all_addresses() {
  std::vector<std::string> addresses{"0.0.0.0"};
  try {
    Poco::Net::ServerSocket probe;
    probe.bind6(Poco::Net::SocketAddress{"::", 0}, true, false, true);
    addresses.emplace_back("::");
  } catch (const Poco::Exception&) {
    // no IPv6 here
  }
  return addresses;
}

void tell_about_ports(const Ports& ports) {
  const Ports usual;
  const auto tell = [](const char* service, Port is, Port standard) {
    if (is != standard) log(kInsteadOf, {{"service", service}, {"port", is}, {"usual", standard}});
  };
  tell("smtp", ports.smtp, usual.smtp);
  tell("pop3", ports.pop3, usual.pop3);
  tell("imap", ports.imap, usual.imap);
}

void print_screen(const fs::path& data, const Ports& ports, const std::string& host, const std::string& domain,
                  const FirstAccounts& first) {
  const auto shown = [&](const std::string& password) {
    return password.empty() ? std::string{"(as you set it)"} : "password " + password;
  };
  fmt::print(R"(
  Pennypost is running on {host}.

    SMTP     port {smtp}    mail programs: {submission} or with TLS {smtps}
    POP3     port {pop3}    with TLS {pop3s}
    IMAP     port {imap}    with TLS {imaps}
    Status   http://localhost:{http}/
    Data     {data}

    Administrator   admin   {admin}
    Demo user       demo    {demo}   address demo@{domain}

  Send a first message, and read it:

    printf 'From: demo@{domain}\nSubject: Hello\n\nIt works.\n' | curl --crlf -T - smtp://localhost:{smtp} \
        --mail-from demo@{domain} --mail-rcpt demo@{domain}
    curl -u demo 'imap://localhost:{imap}/INBOX;MAILINDEX=1'

  More users:  {program} user add NAME --address NAME@{domain} --data {data}
  Ctrl-C stops everything.

)",
             fmt::arg("host", host), fmt::arg("smtp", ports.smtp), fmt::arg("submission", ports.submission),
             fmt::arg("smtps", ports.smtps), fmt::arg("pop3", ports.pop3), fmt::arg("pop3s", ports.pop3s),
             fmt::arg("imap", ports.imap), fmt::arg("imaps", ports.imaps), fmt::arg("http", ports.http),
             fmt::arg("data", data.string()), fmt::arg("admin", shown(first.admin_password)),
             fmt::arg("demo", shown(first.demo_password)), fmt::arg("domain", domain),
             fmt::arg("program", "build/release/pennypost"));
}

Result<void> open_log(const fs::path& data, const Words& words) {
  std::error_code code;
  fs::create_directories(data / "log", code);
  if (code) return error(Kind::unavailable, fmt::format("{}: {}", (data / "log").string(), code.message()));
  const auto open = [&](const std::string& name, Level least, std::string_view only) -> Result<void> {
    const auto file = data / "log" / (name + (words.log_json ? ".jsonl" : ".log"));
    auto sink = file_log(file.string(), least, words.log_json ? LogForm::json : LogForm::text, std::string{only});
    if (!sink) return std::move(sink).error();
    add_log_sink(*sink);
    return {};
  };
  if (auto opened = open("pennypost", log_level_of(words.log_level), {}); !opened) return opened;
  if (auto opened = open("spamfilter", Level::info, filter::kSpamLog); !opened) return opened;
  add_log_sink(stderr_log(Level::warning));
  return {};
}

Result<void> serve(const Call& call, const Words& words) {
  net::prepare_process();
  const std::vector<std::string> addresses = words.addresses.empty() ? all_addresses() : words.addresses;
  auto data = prepare_data_folder(call.data);
  if (!data) return std::move(data).error();
  if (auto became = become_owner_of(*data, LowPorts::bind); !became) return became;
  auto running = RunningFile::take(*data);
  if (!running) return std::move(running).error();
  if (auto opened = open_log(*data, words); !opened) return opened;
  auto ports = words.port_base >= 0 ? ports_from_base(words.port_base) : free_ports(addresses);
  if (!ports) return std::move(ports).error();

  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before there are threads: they inherit it

  const std::string host = machine_name();
  auto server = Server::start({.data = *data, .addresses = addresses, .ports = *ports, .host = host});
  if (!server) return std::move(server).error();
  if (auto written = (*running)->write((*server)->listening()); !written) return written;
  log(kStarted, {{"data", data->string()}});
  if (words.port_base < 0) tell_about_ports(*ports);
  if (words.screen) {
    auto first = ensure_first_accounts((*server)->store(), *data);
    if (!first) return std::move(first).error();
    auto domains = (*server)->store().directory().domains();
    if (!domains) return std::move(domains).error();
    print_screen(*data, *ports, host, domains->empty() ? "localhost" : domains->front(), *first);
  }
  fmt::print("ready\n");
  std::fflush(stdout);

  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) {
      log(kStopping, {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
      return {};
    }
    (*server)->reload();
  }
}

}  // namespace

void add_serve_command(CLI::App& app, Call& call) {
  CLI::App& command = *app.add_subcommand("serve", "Run the server");
  const auto words = std::make_shared<Words>();
  command
      .add_option("--port-base", words->port_base,
                  "N: SMTP on N+25, POP3 on N+110, IMAP on N+143, with TLS on N+465, N+995, N+993, submission on "
                  "N+587, HTTP on N+5108. Without it the standard ports, or others where those are not free")
      ->check(CLI::Range(0, 65535 - 5108));
  command.add_option("--bind", words->addresses, "Address to listen on; may be repeated. All when absent")
      ->check(CLI::ValidIPV4 | CLI::Validator(
                                   [](const std::string& text) {
                                     Poco::Net::IPAddress address;
                                     return Poco::Net::IPAddress::tryParse(text, address)
                                                ? ""
                                                : "not an IP address: " + text;
                                   },
                                   "IP", "IP"));
  command.add_option("--log-level", words->log_level, "Of the log file: debug, info, notice, warning or error")
      ->check(CLI::IsMember({"debug", "info", "notice", "warning", "error"}));
  command.add_flag("--log-json", words->log_json, "Write the log file as JSON lines");
  command.add_flag("--screen", words->screen,
                   "Make the accounts admin and demo where there are none, and print how to begin");
  add_data_option(command, call);
  command.callback([&call, words] {
    if (auto served = serve(call, *words); !served) fail(call, served.error());
  });
}

}  // namespace pennypost::main_program
