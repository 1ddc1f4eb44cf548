// Reports on the quarantine. The recipient is the account's own, else that of the settings, else the account (spec 11
// section 7.3); `no-one` is told nothing, and what it was not told is not told again. A report is generated mail: no
// filter sees it. Test cases 35 and 36.
#include "server/filter/quarantine_report.h"

#include <algorithm>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "server/base/clock.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/filter/postmaster_mail.h"
#include "server/message/address.h"
#include "server/message/build.h"
#include "server/message/html.h"

namespace pennypost::filter {
namespace {

constexpr LogEvent kReported{"filter.quarantine_reported", Level::info,
                             "report on {count} quarantined messages of {user} sent to {recipient}"};
constexpr LogEvent kDiscarded{"filter.quarantine_report_discarded", Level::info,
                              "report on {count} quarantined messages of {user} goes to no-one"};
constexpr LogEvent kNobody{"filter.quarantine_report_recipient", Level::warning,
                           "nobody is {recipient}: the quarantine report of {user} goes where it would without"};
constexpr LogEvent kFailed{"filter.quarantine_report_failed", Level::error,
                           "the quarantine report of account {account} waits for the next time: {reason}"};
constexpr LogEvent kWrongTimes{"filter.quarantine_report_times", Level::error,
                               "QuarantineReportTimes: {reason}; the default counts"};

constexpr int kAccountsAtATime = 200;
constexpr int kAttempts = 3;  // another process, or somebody who releases, was quicker

std::string local_minute(Timestamp at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(at));
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(seconds));
}

std::string in_words(Octets size) {
  if (size.count < 1000) return fmt::format("{} B", size.count);
  if (size.count < 1'000'000) return fmt::format("{:.0f} kB", static_cast<double>(size.count) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(size.count) / 1e6);
}

std::string sender_of(const store::Quarantined& mail) {
  if (mail.sender.empty()) return "(no sender)";
  return mail.from_name.empty() ? mail.sender : mail.from_name + " <" + mail.sender + ">";
}

/// On one line, and not endless (kQuarantineText).
std::string one_line(std::string_view text) {
  std::string out = shortened(text, kQuarantineText.most);
  for (char& c : out)
    if (is_control(c)) c = ' ';
  return out;
}

std::string count_of(std::int64_t count) { return fmt::format("{} new message{}", count, count == 1 ? "" : "s"); }

}  // namespace

Result<std::vector<std::chrono::minutes>> read_times(std::string_view text) {
  std::vector<std::chrono::minutes> out;
  std::string words{text};
  std::ranges::replace_if(
      words, [](char c) { return c == ',' || c == ';'; }, ' ');
  for (const std::string_view word : split_words(words)) {
    const auto [hour, minute] = cut(word, ':');
    const auto h = to_number32(hour), m = to_number32(minute);
    if (!h || !m || *h > 23 || *m > 59 || hour.size() > 2 || minute.size() != 2)
      return error(Kind::bad_input, "a time of day is written 07:00: " + printable(word));
    out.push_back(std::chrono::hours{*h} + std::chrono::minutes{*m});
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool can_be_recipient(std::string_view text) {
  return message::is_addr_spec(text.find('@') == std::string_view::npos ? std::string{text} + "@localhost"
                                                                        : std::string{text});
}

std::optional<Timestamp> latest_of(std::span<const std::chrono::minutes> times, Timestamp now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(now));
  std::tm today{};
  localtime_r(&seconds, &today);
  std::optional<Timestamp> latest;
  for (const int days_ago : {0, 1, 2}) {  // a day may lack the time: when clocks go forward
    for (const auto time : times) {
      std::tm at{};
      at.tm_year = today.tm_year;
      at.tm_mon = today.tm_mon;
      at.tm_mday = today.tm_mday - days_ago;
      at.tm_hour = static_cast<int>(time.count() / 60);
      at.tm_min = static_cast<int>(time.count() % 60);
      at.tm_isdst = -1;
      const Timestamp moment{std::chrono::seconds{std::mktime(&at)}};
      if (moment <= now && (!latest || moment > *latest)) latest = moment;
    }
    if (latest) break;
  }
  return latest;
}

ReportContent report_content(const store::Unreported& mail, const std::string& user,
                             const std::function<std::string(const store::Quarantined&)>& link) {
  ReportContent out;
  out.subject = fmt::format("Quarantine of {}: {}", user, count_of(mail.count));
  const std::string intro = fmt::format("The spam filter has kept back {} for {}. The likeliest mistakes come first.",
                                        count_of(mail.count), user);
  out.text = intro + "\n\n";
  out.html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Quarantine</title></head>\n<body>\n<p>" +
      message::html_escaped(intro) +
      "</p>\n<table border=\"1\" cellpadding=\"4\" cellspacing=\"0\">\n<tr><th>From</th><th>Subject</th><th>Date</th>"
      "<th>Score</th><th>Size</th><th></th></tr>\n";
  for (const store::Quarantined& one : mail.first) {
    const std::string sender = one_line(sender_of(one));
    const std::string subject = one.subject.empty() ? "(no subject)" : one_line(one.subject);
    const std::string url = link(one);
    const std::string score = fmt::format("{:g}", one.score);
    out.text += fmt::format("From: {}\nSubject: {}\nDate: {}, score: {}, size: {}\nView: {}\n\n", sender, subject,
                            local_minute(one.at), score, in_words(one.size), url);
    out.html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td align=\"right\">{}</td><td align=\"right\">{}</td>"
        "<td><a href=\"{}\">View</a></td></tr>\n",
        message::html_escaped(sender), message::html_escaped(subject), local_minute(one.at), score, in_words(one.size),
        message::html_escaped(url));
  }
  const auto more = mail.count - static_cast<std::int64_t>(mail.first.size());
  const std::string rest = more > 0 ? fmt::format("And {} more with higher scores.", more) : "";
  const std::string_view outro = "Whoever has this mail can open these messages: do not pass it on.";
  if (!rest.empty()) out.text += rest + "\n\n";
  out.text.append(outro).append("\n");
  out.html += "</table>\n";
  if (!rest.empty()) out.html += "<p>" + rest + "</p>\n";
  out.html.append("<p>").append(outro).append("</p>\n</body></html>\n");
  return out;
}

Result<int> QuarantineReports::run_when_due() {
  auto& store = pipeline_.store();
  const std::string setting = store.settings().get(kQuarantineReportTimes);
  auto times = read_times(setting);
  if (!times) {
    if (setting != wrong_times_) log(kWrongTimes, times.error());
    wrong_times_ = setting;
    times = read_times(kQuarantineReportTimes.fallback);
    if (!times) return times.error();
  }
  const auto due = latest_of(*times, now());
  if (!due) return 0;
  const auto last = store.quarantine().last_report();
  if (!last) return last.error();
  if (*last >= *due) return 0;
  auto sent = run();
  if (!sent) return sent;
  if (auto noted = store.quarantine().note_report(*due); !noted) return noted.error();
  return sent;
}

Result<int> QuarantineReports::run() {
  int sent = 0;
  for (AccountId after{};;) {
    const auto accounts = pipeline_.store().quarantine().accounts_to_report(after, kAccountsAtATime);
    if (!accounts) return accounts.error();
    if (accounts->empty()) return sent;
    for (const AccountId account : *accounts) {
      const auto told = tell(account);
      if (!told) log(kFailed, told.error(), {{"account", account}});
      if (told && *told == Told::mailed) ++sent;
    }
    after = accounts->back();
  }
}

Result<QuarantineReports::Told> QuarantineReports::tell(AccountId id) {
  for (int attempt = 1;; ++attempt) {
    const auto account = pipeline_.store().accounts().find(id);
    if (!account) return account.error().kind == Kind::not_found ? Result<Told>{Told::nothing} : account.error();
    auto told = tell_once(*account);
    if (told || told.error().kind != Kind::already_exists || attempt == kAttempts) return told;
  }
}

/// Whom the account's own setting, else that for all, names; none: nobody who can be told.
Result<std::optional<QuarantineReports::Recipient>> QuarantineReports::set_recipient(const store::Account& account) {
  const auto& router = pipeline_.router();
  for (const std::string& text :
       {account.quarantine_report, pipeline_.store().settings().get(kQuarantineReportRecipient)}) {
    if (text.empty()) continue;
    if (can_be_recipient(text)) {
      auto complete = router.complete(text);
      if (!complete) return std::move(complete).error();
      const auto route = router.route(*complete);
      if (!route) return route.error();
      if (route->kind != delivery::Route::Kind::unknown)
        return std::optional{Recipient{*std::move(complete), route->kind}};
    }
    log(kNobody, {{"recipient", printable(text)}, {"user", account.name}});
  }
  return std::optional<Recipient>{};
}

Result<QuarantineReports::Told> QuarantineReports::tell_once(const store::Account& account) {
  auto& store = pipeline_.store();
  const auto mail = store.quarantine().unreported(account.id);
  if (!mail) return mail.error();
  if (mail->count == 0) return Told::nothing;  // told meanwhile

  delivery::Generated report;
  std::string recipient;
  auto set = set_recipient(account);
  if (!set) return std::move(set).error();
  if (*set && (*set)->kind == delivery::Route::Kind::discard) {
    log(kDiscarded, {{"count", mail->count}, {"user", account.name}});
    if (auto noted = store.quarantine().mark_reported(account.id, *mail); !noted) return std::move(noted).error();
    return Told::discarded;
  }
  if (*set) recipient = (*set)->address;
  if (recipient.empty()) {
    auto own = store.directory().addresses_of(account.id);
    if (!own) return std::move(own).error();
    const auto usable = std::ranges::find_if(*own, [](const auto& a) { return a.find('@') != 0 && a[0] != '~'; });
    auto complete = pipeline_.router().complete(usable == own->end() ? account.name : *usable);
    if (!complete) return std::move(complete).error();
    recipient = *std::move(complete);
    report.to_account = account.id;
  }

  const auto settings = store.settings().snapshot();
  std::string web = settings->get(kWebAddress);
  if (web.empty()) web = web_();
  const auto kept = std::chrono::hours{24 * settings->get(kQuarantineKeepDays)};
  const auto content = report_content(*mail, account.name, [&](const store::Quarantined& one) {
    return links_.url(web, one.id, one.account, one.at + kept);
  });
  auto built = postmaster_mail(pipeline_.router(), "Quarantine", recipient);
  if (!built) return std::move(built).error();
  built->subject = content.subject;
  built->text = content.text;
  built->html = content.html;
  const std::string octets = message::build(*built);
  report.recipients = {recipient};
  report.octets = octets;
  report.reported = store::ReportedQuarantine{account.id, mail->upto, mail->count};
  if (auto sent = pipeline_.submit_generated(report); !sent) return std::move(sent).error();
  log(kReported, {{"count", mail->count}, {"user", account.name}, {"recipient", printable(recipient)}});
  return Told::mailed;
}

}  // namespace pennypost::filter
