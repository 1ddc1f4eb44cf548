// `pennypost doctor`: looks at everything that a working mail server needs, and says in words what is wrong. Works
// beside a running server and without one. Exit code 1 when something is broken; a warning is not broken.
#include <cstdio>
#include <fstream>

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "server/base/clock.h"
#include "server/main/command.h"
#include "server/main/privileges.h"
#include "server/main/running.h"
#include "server/net/connection.h"
#include "server/net/tls.h"

namespace pennypost::main_program {

namespace fs = std::filesystem;

namespace {

enum class State { good, warning, broken };

struct Finding {
  State state;
  std::string text;
};

void print(const char* what, const Finding& finding) {
  const char* word = finding.state == State::good ? "ok" : finding.state == State::warning ? "warning" : "BROKEN";
  fmt::print("{:<8} {:<12} {}\n", word, what, finding.text);
}

Finding disk(const fs::path& data) {
  struct statvfs info {};
  if (statvfs(data.c_str(), &info) != 0) return {State::broken, fmt::format("{} cannot be looked at", data.string())};
  constexpr double kGiB = 1024.0 * 1024 * 1024;
  const double free = static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize) / kGiB;
  const double all = static_cast<double>(info.f_blocks) * static_cast<double>(info.f_frsize) / kGiB;
  const std::string text = fmt::format("{:.1f} GiB of {:.1f} free where {} is", free, all, data.string());
  if ((info.f_flag & ST_RDONLY) != 0) return {State::broken, text + "; the file system is mounted read-only"};
  if (free < 0.1) return {State::broken, text + "; mail is refused until there is room"};
  if (free < 1.0 || free < all * 0.03) return {State::warning, text + "; make room soon"};
  if (info.f_files > 0 && info.f_favail < 1000) return {State::warning, text + "; but hardly any inodes are left"};
  return {State::good, text};
}

/// Talks to every address on which the running server says that it listens, and reads the first line.
std::vector<Finding> ports(const fs::path& data) {
  const auto running = read_running(data);
  if (!running) return {{State::warning, "the server is not running here: its ports were not looked at"}};
  std::vector<Finding> findings;
  for (const Listening& listening : running->listening) {
    auto connection = net::connect({.address = listening.reachable(), .wait = Seconds{5}, .id = "doctor"});
    if (!connection) {
      findings.push_back({State::broken, fmt::format("{} on {} does not answer: {}", listening.service,
                                                     listening.address.toString(), connection.error().for_log)});
      continue;
    }
    if (!listening.greets) {
      findings.push_back(
          {State::good, fmt::format("{} on {} takes connections", listening.service, listening.address.toString())});
      continue;
    }
    const auto greeting = (*connection)->read_line(Octets{2000}, Seconds{10});
    if (greeting) {
      findings.push_back(
          {State::good, fmt::format("{} on {}: {}", listening.service, listening.address.toString(), *greeting)});
    } else {
      findings.push_back(
          {State::broken, fmt::format("{} on {} takes connections but says nothing: {}", listening.service,
                                      listening.address.toString(), greeting.error().for_log)});
    }
  }
  return findings;
}

Finding certificate(const fs::path& data, const std::string& host) {
  const fs::path file = data / "tls" / "certificate.pem";
  auto facts = net::certificate_facts(file.string());
  if (!facts) {
    if (facts.error().kind == Kind::not_found) return {State::warning, "none yet; it is made at the first start"};
    return {State::broken, facts.error().for_log};
  }
  const auto left = std::chrono::floor<std::chrono::days>(facts->not_after - now());
  const std::string text = fmt::format("{} (until {}, {})", facts->subject, local_time(facts->not_after),
                                       facts->self_signed ? "self-signed: mail programs will ask" : facts->issuer);
  if (left.count() < 0) return {State::broken, text + "; it has expired"};
  if (facts->not_before > now()) return {State::broken, text + "; it is not valid yet: is the clock right?"};
  if (left.count() < 14) return {State::warning, text + fmt::format("; {} days left", left.count())};
  if (!host.empty() && std::ranges::find(facts->names, host) == facts->names.end()) {
    return {State::warning, text + fmt::format("; it does not name {}, the HostName setting", host)};
  }
  return {State::good, text};
}

/// The kernel knows whether somebody keeps its clock; the database tells whether both agree.
Finding time() {
  timex state{};
  const int clock = adjtimex(&state);
  const std::string text = local_time(now());
  if (now() < Timestamp{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}}) {
    return {State::broken, text + ": the clock is years behind; certificates and DKIM will fail"};
  }
  if (clock < 0 || (state.status & STA_UNSYNC) != 0) {
    return {State::warning, text + "; no time service keeps this clock (as far as the kernel knows)"};
  }
  return {State::good, text + ", kept by a time service"};
}

Finding queue(store::Store& store) {
  auto waiting = store.queue().waiting();
  if (!waiting) return {State::broken, waiting.error().for_log};
  if (*waiting == 0) return {State::good, "no mail waits to go out"};
  auto messages = store.queue().list({}, 1);
  if (messages && !messages->empty() && now() - messages->front().created > std::chrono::hours{4}) {
    return {State::warning, fmt::format("{} messages wait, the oldest since {}: see pennypost queue list", *waiting,
                                        local_time(messages->front().created))};
  }
  return {State::good, fmt::format("{} messages wait to go out", *waiting)};
}

Finding domains(store::Store& store) {
  auto domains = store.directory().domains();
  if (!domains) return {State::broken, domains.error().for_log};
  if (domains->empty())
    return {State::broken, "no local domain: no mail can be received (user add --address makes one)"};
  return {State::good, fmt::format("{}", fmt::join(*domains, ", "))};
}

Finding accounts(store::Store& store) {
  auto accounts = store.accounts().list();
  if (!accounts) return {State::broken, accounts.error().for_log};
  if (accounts->empty()) return {State::warning, "none yet: pennypost user add"};
  const auto admins = std::ranges::count_if(*accounts, &store::Account::is_admin);
  const std::string text = fmt::format("{}, {} of them administrators", accounts->size(), admins);
  return {admins > 0 ? State::good : State::warning, text};
}

void examine(Call& call) {
  bool broken = false;
  const auto say = [&](const char* what, const Finding& finding) {
    print(what, finding);
    broken = broken || finding.state == State::broken;
  };
  auto folder = prepare_data_folder(call.data);
  if (!folder) {
    say("data folder", {State::broken, folder.error().for_log});
    call.exit = Exit::failed;
    return;
  }
  say("data folder", {State::good, folder->string()});
  say("disk", disk(*folder));
  say("time", time());
  std::string host;
  if (auto store = open_store(*folder, store::Mode::tool); store) {
    auto described = (*store)->describe();
    say("database", described ? Finding{State::good, *described} : Finding{State::broken, described.error().for_log});
    host = (*store)->settings().get(kHostName);
    say("domains", domains(**store));
    say("accounts", accounts(**store));
    say("queue", queue(**store));
  } else {
    say("database", {State::broken, store.error().for_log});
  }
  say("certificate", certificate(*folder, host));
  for (const Finding& finding : ports(*folder)) say("ports", finding);
  if (broken) call.exit = Exit::failed;
}

}  // namespace

void add_doctor_command(CLI::App& app, Call& call) {
  CLI::App& doctor = *app.add_subcommand("doctor", "Check ports, disk, database, certificate and time");
  add_data_option(doctor, call);
  doctor.callback([&call] { examine(call); });
}

}  // namespace pennypost::main_program
