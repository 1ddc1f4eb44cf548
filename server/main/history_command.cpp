// `pennypost history`: messages of the historical log with their recipients and the rules that fired (spec 60 section
// 17.3). Times are given and printed as local ones; JSON has UTC.
#include <ctime>
#include <memory>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "ruleinterp/text.h"
#include "server/base/text.h"
#include "server/main/command.h"

namespace pennypost::main_program {
namespace {

struct Words {
  std::string from, to, sender, recipient;
  bool spam = false, json = false;
  int most = 100;
};

/// "2026-01-31" or "2026-01-31 12:00[:00]" in local time.
Result<std::optional<Timestamp>> time_of(const std::string& text) {
  if (text.empty()) return std::optional<Timestamp>{};
  for (const char* form : {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"}) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), form, &parts);
    if (end == nullptr || *end != '\0') continue;
    parts.tm_isdst = -1;
    return std::optional<Timestamp>{
        std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::from_time_t(std::mktime(&parts)))};
  }
  return error(Kind::bad_input, "\"" + text + "\" is no time like 2026-01-31 or \"2026-01-31 12:00\"");
}

std::string json(const store::LoggedMessage& row) {
  using ruleinterp::json_text;
  const auto& m = row.message;
  const auto list = [](const auto& items, const auto& item) {
    std::string out;
    for (const auto& one : items) out += (out.empty() ? "" : ",") + item(one);
    return "[" + out + "]";
  };
  const auto seconds = std::chrono::floor<std::chrono::seconds>(m.at);
  return fmt::format(
      R"({{"msgid":{},"sessid":{},"sesstype":{},"session":{},"datetime":"{:%Y-%m-%dT%H:%M:%S}Z","fromaddr":{},)"
      R"("authsender":{},"subject":{},"size":{},"spam":{},"triggeredrule":{},"errorcode":{},"processtime":{},)"
      R"("traceid":{},"recipients":{},"spamrules":{},"attachments":{}}})",
      row.id, row.session_id, json_text(row.session_type), json_text(row.session_name),
      fmt::gmtime(seconds.time_since_epoch().count()), json_text(m.from), json_text(m.auth_sender),
      json_text(m.subject), m.size.count, m.spam, json_text(m.triggered_rule), json_text(m.error), row.seconds,
      json_text(m.trace_id),
      list(m.recipients,
           [](const auto& one) {
             return fmt::format(R"({{"name":{},"rcpttype":"{}","result":{}}})", json_text(one.address),
                                static_cast<char>(one.type), json_text(one.result));
           }),
      list(m.rules,
           [](const auto& one) {
             return fmt::format(R"({{"name":{},"testpattern":{},"testmatch":{},"score":{}}})", json_text(one.name),
                                json_text(one.pattern), json_text(one.match), one.score);
           }),
      list(m.attachments, [](const auto& one) {
        return fmt::format(R"({{"name":{},"contenttype":{},"size":{}}})", json_text(one.name), json_text(one.type),
                           one.size.count);
      }));
}

void print(const store::LoggedMessage& row) {
  const auto& m = row.message;
  fmt::print("{}  <{}>  {} octets{}  {}\n", local_time(m.at), printable(m.from), m.size.count, m.spam ? "  spam" : "",
             printable(m.subject));
  if (!row.session_type.empty()) fmt::print("    session {} {}\n", row.session_type, printable(row.session_name));
  if (!m.error.empty()) fmt::print("    {}\n", printable(m.error, kHistoryText.most.size()));
  for (const auto& one : m.recipients)
    fmt::print("    {} <{}>  {}\n", static_cast<char>(one.type), printable(one.address),
               printable(one.result, kHistoryText.most.size()));
  for (const auto& one : m.rules) {
    fmt::print("    rule {} {:+g}", printable(one.name), one.score);
    if (!one.pattern.empty()) fmt::print("  {}", printable(one.pattern));
    if (!one.match.empty()) fmt::print(" found \"{}\"", printable(one.match));
    fmt::print("\n");
  }
  for (const auto& one : m.attachments)
    fmt::print("    file \"{}\" {} {} octets\n", printable(one.name), printable(one.type), one.size.count);
}

Result<void> show(store::Store& store, const Words& words) {
  store::HistoryQuery query;
  auto from = time_of(words.from);
  if (!from) return std::move(from).error();
  auto to = time_of(words.to);
  if (!to) return std::move(to).error();
  query.from = *from;
  query.to = *to;
  query.sender = words.sender;
  query.recipient = words.recipient;
  if (words.spam) query.spam = true;
  query.most = words.most;
  auto found = store.log_db().find(query);
  if (!found) return std::move(found).error();
  if (words.json) {
    fmt::print("[");
    for (std::size_t i = 0; i < found->size(); ++i) fmt::print("{}{}", i == 0 ? "\n" : ",\n", json((*found)[i]));
    fmt::print("\n]\n");
    return {};
  }
  for (const auto& row : *found) print(row);
  if (found->empty())
    fmt::print("No messages{}.\n", store.settings().get(kHistoricalLogging)
                                       ? ""
                                       : "; the historical log is off: pennypost settings set HistoricalLogging 1");
  return {};
}

}  // namespace

void add_history_command(CLI::App& app, Call& call) {
  CLI::App& history = *app.add_subcommand("history", "Messages of the historical log, the newest first");
  const auto words = std::make_shared<Words>();
  history.add_option("--from", words->from, "Not older than this local time: 2026-01-31 or \"2026-01-31 12:00\"");
  history.add_option("--to", words->to, "Older than this local time");
  history.add_option("--sender", words->sender, "A part of the sender's address or login name");
  history.add_option("--recipient", words->recipient, "A part of a recipient's address");
  history.add_flag("--spam", words->spam, "Only spam");
  history.add_option("--most", words->most, "How many at most (100)")->check(CLI::Range(1, 100'000));
  history.add_flag("--json", words->json, "As JSON, named like the columns of schema logdb");
  add_data_option(history, call);
  history.callback([&call, words] { with_store(call, [&](store::Store& store) { return show(store, *words); }); });
}

}  // namespace pennypost::main_program
