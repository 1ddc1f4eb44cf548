// `pennypost quarantine list|show|release|delete|hide|seen|report`: mail that the spam filter keeps back (spec 11
// section 7.4). They work beside a running server, whose open sessions see what is released.
#include <cstdio>
#include <memory>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <fmt/format.h>
#include <unistd.h>

#include "server/auth/secret_key.h"
#include "server/base/limits.h"
#include "server/base/text.h"
#include "server/delivery/pipeline.h"
#include "server/filter/bayes.h"
#include "server/filter/quarantine_report.h"
#include "server/filter/release.h"
#include "server/main/accounts_setup.h"
#include "server/main/command.h"
#include "server/main/ports.h"
#include "server/main/running.h"
#include "server/message/charset.h"

namespace pennypost::main_program {

namespace {

struct Words {
  std::string user, sender, subject, date, score, size;
  int hour = -1;
  int most = 100;
  bool hidden = false, json = false, undo = false;
  std::vector<std::int64_t> ids;
  filter::ReleaseOptions release;
};

/// The local hour or day as a range of time.
Result<std::pair<Timestamp, Timestamp>> period(const std::string& date, int hour) {
  std::tm from{};
  int end = 0;
  if (std::sscanf(date.c_str(), "%4d-%2d-%2d%n", &from.tm_year, &from.tm_mon, &from.tm_mday, &end) != 3 ||
      static_cast<std::size_t>(end) != date.size() || from.tm_year < 1970 || from.tm_mon < 1 || from.tm_mon > 12 ||
      from.tm_mday < 1 || from.tm_mday > 31)
    return error(Kind::bad_input, "A date is written 2026-01-31: " + date);
  from.tm_year -= 1900;
  from.tm_mon -= 1;
  from.tm_hour = hour < 0 ? 0 : hour;
  from.tm_isdst = -1;
  std::tm until = from;
  if (hour < 0) {
    ++until.tm_mday;
  } else {
    ++until.tm_hour;
  }
  const auto at = [](std::tm& local) { return Timestamp{std::chrono::seconds{std::mktime(&local)}}; };
  return std::pair{at(from), at(until)};
}

Result<store::QuarantineFilter> filter_of(store::Store& store, const Words& words) {
  store::QuarantineFilter filter;
  if (!words.user.empty()) {
    auto account = store.accounts().find(words.user);
    if (!account) return std::move(account).error();
    filter.account = account->id;
  }
  if (!words.date.empty()) {
    auto range = period(words.date, words.hour);
    if (!range) return std::move(range).error();
    filter.from = range->first;
    filter.until = range->second;
  } else if (words.hour >= 0) {
    return error(Kind::bad_input, "--hour needs --date");
  }
  auto score = store::NumberRange::parse(words.score);
  if (!score) return std::move(score).error();
  auto size = store::NumberRange::parse(words.size);
  if (!size) return std::move(size).error();
  filter.score = *score;
  filter.size = *size;
  filter.sender = message::fold_case(words.sender);
  filter.subject = message::fold_case(words.subject);
  filter.with_hidden = words.hidden;
  filter.most = words.most;
  return filter;
}

/// UTF-8 without controls: a stranger's text must not steer the terminal.
std::string shown(std::string_view text) {
  std::string out{message::to_utf8(text)};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto c = static_cast<unsigned char>(out[i]);
    const bool is_c1 = c == 0xC2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xA0;
    if (is_control(out[i]) || is_c1) out[i] = '?';
    if (is_c1) out.erase(i + 1, 1);
  }
  return out;
}

/// The same, no more than kQuarantineText.
std::string in_short(std::string_view text) { return shortened(shown(text), kQuarantineText.most); }

std::string sender_of(const store::Quarantined& mail) {
  return in_short(mail.from_name.empty() ? mail.sender : mail.from_name + " <" + mail.sender + ">");
}

Poco::JSON::Object json_of(const store::Quarantined& mail) {
  Poco::JSON::Object out{Poco::JSON_PRESERVE_KEY_ORDER};
  Poco::JSON::Array recipients;
  for (const auto& recipient : mail.recipients) recipients.add(message::to_utf8(recipient));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(mail.at).time_since_epoch().count();
  out.set("id", number(mail.id));
  out.set("user", mail.user);
  out.set("time", static_cast<std::int64_t>(seconds));
  out.set("score", mail.score);
  out.set("rules", mail.rules);
  out.set("sender", mail.sender);
  out.set("name", mail.from_name);
  out.set("returnPath", mail.return_path);
  out.set("subject", mail.subject);
  out.set("size", mail.size.count);
  out.set("recipients", recipients);
  out.set("seen", mail.is_seen);
  out.set("hidden", mail.is_hidden);
  out.set("reported", mail.is_reported);
  return out;
}

Result<void> list(store::Store& store, const Words& words) {
  auto filter = filter_of(store, words);
  if (!filter) return std::move(filter).error();
  auto found = store.quarantine().list(*filter);
  if (!found) return std::move(found).error();
  bool is_all = true;
  if (!found->empty()) {
    auto behind = *filter;
    behind.after = {found->back().score, found->back().id};
    behind.most = 1;
    const auto more = store.quarantine().list(behind);
    if (!more) return more.error();
    is_all = more->empty();
  }
  if (!is_all)
    fmt::print(
        stderr,
        "pennypost: there are more than these {}: --most shows up to {}, and --user, --sender, --subject, --date, "
        "--score and --size narrow the list\n",
        found->size(), kQuarantineListed.most);
  if (words.json) {
    Poco::JSON::Array all;
    for (const auto& mail : *found) all.add(json_of(mail));
    std::ostringstream text;
    all.stringify(text, 1);
    fmt::print("{}\n", text.str());
    return {};
  }
  for (const auto& mail : *found) {
    fmt::print("{:>6} {}{} {:>7g}  {}  {:<12} {:>9}  {}  {}\n", number(mail.id), mail.is_seen ? 's' : '-',
               mail.is_hidden ? 'h' : '-', mail.score, local_time(mail.at), mail.user, mail.size.count, sender_of(mail),
               in_short(mail.subject));
  }
  fmt::print("{} message{}\n", found->size(), found->size() == 1 ? "" : "s");
  return {};
}

Result<void> show(store::Store& store, const Words& words) {
  auto mail = store.quarantine().get(QuarantineId{words.ids.at(0)});
  if (!mail) return std::move(mail).error();
  fmt::print("Quarantined for {} at {}, {} octets\nScore: {:g}\nRules: {}\nFrom: {}\nReturn path: <{}>\nSubject: {}\n",
             mail->user, local_time(mail->at), mail->size.count, mail->score, shown(mail->rules), sender_of(*mail),
             shown(mail->return_path), shown(mail->subject));
  for (const auto& recipient : mail->recipients) fmt::print("Sent to: {}\n", shown(recipient));
  fmt::print("\n");
  const bool is_terminal = isatty(STDOUT_FILENO) != 0;
  const auto print = [&](std::string_view octets) {
    std::string safe;
    if (is_terminal) {
      for (const char c : octets) safe += (is_control(c) && c != '\n' && c != '\r' && c != '\t') ? '?' : c;
      octets = safe;
    }
    return std::fwrite(octets.data(), 1, octets.size(), stdout) == octets.size();
  };
  print(mail->prefix);
  return store.messages().read_body(mail->body, {0}, {INT64_MAX}, print);
}

Result<void> release(store::Store& store, const std::filesystem::path& data, const Words& words) {
  filter::StoreBayes bayes{store};
  const auto spool = data / "spool";
  std::error_code ignored;  // what cannot be made shows when a large message is learned
  std::filesystem::create_directories(spool, ignored);
  filter::Releases releases{store, bayes, spool.string()};
  std::int64_t others = 0;
  std::size_t count = 0;
  bool is_all_done = true;
  std::optional<Error> first;
  for (const std::int64_t id : words.ids) {
    auto done = releases.release(QuarantineId{id}, words.release);
    if (done) {
      ++count;
      others += done->others;
      for (const std::string& undone : done->undone) {
        fmt::print(stderr, "pennypost: {}: {}\n", id, undone);
        is_all_done = false;
      }
    } else {
      fmt::print(stderr, "pennypost: {}: {}\n", id, done.error().for_log);
      if (!first) first = std::move(done).error();
    }
  }
  bayes.flush();
  fmt::print("{} released", count);
  if (others > 0) fmt::print(", and {} more of the same senders", others);
  fmt::print("\n");
  if (first) return error(first->kind, "Not all of them were released");
  if (!is_all_done) return error(Kind::bad_input, "All of them were released, but not all that was asked for was done");
  return {};
}

std::vector<QuarantineId> ids_of(const Words& words) {
  std::vector<QuarantineId> out;
  for (const std::int64_t id : words.ids) out.push_back(QuarantineId{id});
  return out;
}

Result<void> say(const Result<std::int64_t>& count, const Words& words, const char* what) {
  if (!count) return count.error();
  fmt::print("{} {}\n", *count, what);
  if (static_cast<std::size_t>(*count) < words.ids.size())
    return error(Kind::not_found, "Not all of them are in the quarantine");
  return {};
}

/// Reports now, as the server does at the set times.
Result<void> report(store::Store& store, const std::filesystem::path& data) {
  auto key = auth::SecretKey::open_or_create(data);
  if (!key) return std::move(key).error();
  int port = Ports{}.http;
  if (const auto running = read_running(data))
    for (const Listening& one : running->listening)
      if (one.service == "http") port = one.address.port();
  delivery::Pipeline pipeline{store, (data / "spool").string()};
  const auto host = store.settings().get(kHostName);
  filter::QuarantineReports reports{pipeline, filter::QuarantineLinks{key->quarantine_links_key()},
                                    [&] { return web_address(host.empty() ? machine_name() : host, port); }};
  const auto sent = reports.run();
  if (!sent) return sent.error();
  fmt::print("{} report{} sent\n", *sent, *sent == 1 ? "" : "s");
  return {};
}

}  // namespace

void add_quarantine_commands(CLI::App& app, Call& call) {
  CLI::App& quarantine =
      *app.add_subcommand("quarantine", "Mail that the spam filter keeps back")->require_subcommand(1);
  const auto words = std::make_shared<Words>();

  CLI::App& list_command = *quarantine.add_subcommand("list", "The likeliest false positives first");
  list_command.add_option("--user", words->user, "Name of the account whose quarantine it is");
  list_command.add_option("--sender", words->sender, "Part of the sender's address or name");
  list_command.add_option("--subject", words->subject, "Part of the subject");
  list_command.add_option("--date", words->date, "Day of quarantining: 2026-01-31");
  list_command.add_option("--hour", words->hour, "Hour of that day")->check(CLI::Range(0, 23));
  list_command.add_option("--score", words->score, "5, =5, >5, <5, >=5, <=5 or 5..10");
  list_command.add_option("--size", words->size, "Octets, written in the same way");
  list_command.add_option("--most", words->most, "No more than so many (100)")
      ->check(CLI::Range(1, int{kQuarantineListed.most}));
  list_command.add_flag("--hidden", words->hidden, "Hidden ones too");
  list_command.add_flag("--json", words->json, "One JSON array");
  list_command.callback([&call, words] { with_store(call, [&](store::Store& s) { return list(s, *words); }); });

  const auto with_ids = [&](const char* name, const char* says) {
    CLI::App& command = *quarantine.add_subcommand(name, says);
    command.add_option("ID", words->ids, "Numbers, as list prints them")->required();
    return &command;
  };
  CLI::App* show_command = quarantine.add_subcommand("show", "Facts, header and source of one message");
  show_command->add_option("ID", words->ids, "Its number, as list prints it")->required()->expected(1);
  show_command->callback([&call, words] { with_store(call, [&](store::Store& s) { return show(s, *words); }); });

  CLI::App* release_command = with_ids("release", "Deliver into the inboxes of their owners");
  release_command->add_flag("--train", words->release.train, "Learn them as no spam");
  release_command->add_flag("--whitelist", words->release.whitelist,
                            "Add their senders to the whitelist, which releases all other mail of these senders");
  release_command->callback([&call, words] {
    words->release.by = "the administrator";
    with_store(call, [&](store::Store& s) { return release(s, call.data, *words); });
  });

  CLI::App* delete_command = with_ids("delete", "Delete for good");
  delete_command->callback([&call, words] {
    with_store(call, [&](store::Store& s) { return say(s.quarantine().remove(ids_of(*words)), *words, "deleted"); });
  });

  CLI::App* hide = with_ids("hide", "Leave out of the list");
  hide->add_flag("--undo", words->undo, "Show again");
  hide->callback([&call, words] {
    with_store(call, [&](store::Store& s) {
      return say(s.quarantine().mark(ids_of(*words), std::nullopt, !words->undo), *words,
                 words->undo ? "shown again" : "hidden");
    });
  });
  CLI::App* seen = with_ids("seen", "Mark as looked at");
  seen->add_flag("--undo", words->undo, "Mark as new");
  seen->callback([&call, words] {
    with_store(call, [&](store::Store& s) {
      return say(s.quarantine().mark(ids_of(*words), !words->undo, std::nullopt), *words,
                 words->undo ? "marked as new" : "marked as seen");
    });
  });
  CLI::App* report_command =
      quarantine.add_subcommand("report", "Tell users of new mail in their quarantine now, not at the set time");
  report_command->callback([&call] { with_store(call, [&](store::Store& s) { return report(s, call.data); }); });

  for (CLI::App* command : {&list_command, show_command, release_command, delete_command, hide, seen, report_command})
    add_data_option(*command, call);
}

}  // namespace pennypost::main_program
