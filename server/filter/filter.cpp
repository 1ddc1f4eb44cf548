// Running the rules on a message and acting on what they found. Needs a store; without a valid script mail goes on
// unfiltered (spec 11 section 13). A run that passes a limit defers SMTP mail (section 10.1); no other failure of a
// script or of its services holds mail up.
#include "server/filter/filter.h"

#include <algorithm>

#include <fmt/format.h>

#include "ruleinterp/header_changes.h"
#include "ruleinterp/machine.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/filter/client_facts.h"
#include "server/filter/mail_view.h"
#include "server/filter/quarantine_stage.h"
#include "server/message/build.h"
#include "server/message/header.h"

namespace pennypost::filter {
namespace {

constexpr LogEvent kJudged{"filter.judged", Level::info,
                           "spam score {score} for the message from {from} ({rules}), {action}, {ms} ms"};
constexpr LogEvent kScriptSays{"filter.script_says", Level::info, "spam rules: {text}"};
constexpr LogEvent kScriptWarns{"filter.script_warns", Level::debug, "spam rules: {problem}"};
constexpr LogEvent kNoRules{"filter.no_rules", Level::warning,
                            "there are no spam rules that can be used: mail goes on unfiltered"};
constexpr LogEvent kLimitPassed{"filter.limit_passed", Level::error, "the spam rules were stopped by a limit: {limit}"};
constexpr LogEvent kNotSent{"filter.not_sent", Level::error, "a mail of the spam filter was not sent: {reason}"};
constexpr LogEvent kNotDone{"filter.not_done", Level::warning,
                            "the spam rules asked for what is not done here: {what}"};
constexpr LogEvent kNoDefaults{"filter.no_default_rules", Level::error, "{reason}"};
constexpr LogEvent kNoGeoIp{"filter.no_geoip", Level::error, "the GeoIP database is not used: {reason}"};

class SpamRules final : public delivery::Stage {
 public:
  explicit SpamRules(Filter& filter) : Stage{"spam rules"}, filter_{filter} {}
  delivery::Verdict judge(const delivery::Arrival& mail, delivery::Edits& edits) const override {
    return filter_.judge(mail, edits);
  }

 private:
  Filter& filter_;
};

ruleinterp::Envelope envelope_of(const delivery::Arrival& mail) {
  ruleinterp::Envelope out;
  out.arrival = ruleinterp::Arrival::smtp;
  out.mail_from = mail.envelope.return_path;
  for (const auto& recipient : mail.envelope.recipients) out.recipients.push_back(recipient.address);
  out.sender_ip = mail.client.address;
  out.auth_sender = mail.client.account_name;
  out.helo = mail.client.hello;
  return out;
}

std::string score_text(double score) { return fmt::format("{:g}", score); }

// Which change of a field this is decides whether all fields of its name are written anew.
bool rewrites(ruleinterp::HeaderChange::Kind kind) {
  using K = ruleinterp::HeaderChange::Kind;
  return kind == K::set || kind == K::remove || kind == K::remove_matching;
}

}  // namespace

SmtpReply reply_of(std::string_view line) {
  const auto code = to_number32(line.substr(0, 3));
  if (!code || *code < 400 || *code > 599 || (line.size() > 3 && line[3] != ' ')) return {552, {}, std::string{line}};
  std::string_view text = line.substr(std::min<std::size_t>(4, line.size()));
  const auto [first, rest] = cut(text, ' ');
  const auto parts = split(first, '.');
  if (parts.size() == 3) {
    const auto klass = to_number32(parts[0]), subject = to_number32(parts[1]), detail = to_number32(parts[2]);
    if (klass && subject && detail && *klass == *code / 100 && *subject < 1000 && *detail < 1000)
      return {static_cast<int>(*code),
              {static_cast<int>(*klass), static_cast<int>(*subject), static_cast<int>(*detail)},
              std::string{rest}};
  }
  return {static_cast<int>(*code), {}, std::string{text}};
}

void apply(const std::vector<ruleinterp::HeaderChange>& changes, std::string_view raw_header, delivery::Edits& edits) {
  std::vector<ruleinterp::HeaderChange> for_all;
  std::ranges::copy_if(changes, std::back_inserter(for_all), [](const auto& change) { return change.user.empty(); });
  const auto is_rewritten = [&](std::string_view name) {
    return std::ranges::any_of(
        for_all, [&](const auto& change) { return rewrites(change.kind) && same_word(change.name, name); });
  };
  std::vector<std::string> done;
  for (const auto& change : for_all) {
    if (!is_rewritten(change.name)) {
      const std::string field = ruleinterp::apply_header_changes({}, std::span{&change, 1}, {});
      if (change.kind == ruleinterp::HeaderChange::Kind::add_first) {
        edits.add_above(field);
      } else {
        edits.add_below(field);
      }
      continue;
    }
    if (std::ranges::any_of(done, [&](const std::string& name) { return same_word(name, change.name); })) continue;
    done.push_back(change.name);
  }
  if (done.empty()) return;
  const std::string fresh = ruleinterp::apply_header_changes(raw_header, for_all, {});
  for (const std::string& name : done) {
    edits.remove_fields(name);
    for (const auto& field : message::Fields{fresh})
      if (field.is(name)) edits.add_below(std::string{field.all});
  }
}

Filter::Filter(store::Store& store, dns::Resolver* resolver, std::filesystem::path rules)
    : store_{store},
      resolver_{resolver},
      lists_{store.spam_filter()},
      database_{store.spam_filter()},
      bayes_{store},
      directory_{store},
      choices_{store.settings()},
      rules_{std::move(rules),
             [this](const std::string& problems) {
               const auto to = store_.settings().get(kPostmaster);
               mail_out(to, "The spam rules have errors",
                        "A spam rule script was changed and has errors. The rules before it stay in use until they are "
                        "corrected.\n\n" +
                            problems);
             }},
      teacher_{store, bayes_} {
  if (resolver) {
    dns_ = std::make_unique<ResolverDns>(*resolver, std::vector<std::string>{});
    web_ = std::make_unique<Web>(*resolver, [this] { return WebRules::of(*store_.settings().snapshot()); });
  }
  if (const auto path = store.settings().get(kGeoIpDatabase); !path.empty()) {
    auto opened = GeoIpFile::open(path);
    if (opened) {
      geoip_ = std::move(*opened);
    } else {
      log(kNoGeoIp, opened.error());
    }
  }
  host_.dns = dns_.get();
  host_.http = web_.get();
  host_.database = &database_;
  host_.bayes = &bayes_;
  host_.lists = &lists_;
  host_.directory = &directory_;
  host_.geoip = geoip_.get();
  host_.choices = &choices_;
  host_.version = "8.6";  // the version of the rule language that is understood (spec 10 section 5)
  host_.build = "0";
  if (const auto installed = install_default_rules(rules_.folder()); !installed) log(kNoDefaults, installed.error());
}

delivery::Judges Filter::judges() {
  delivery::Judges judges;
  judges.content.push_back(std::make_unique<SpamRules>(*this));
  judges.per_mailbox.push_back(std::make_unique<QuarantineStage>(store_));
  return judges;
}

void Filter::mail_out(const std::string& recipient, std::string_view subject, std::string_view text) {
  if (!send_) {
    log(kNotSent, {{"reason", "there is no way out yet"}, {"to", printable(recipient)}});
    return;
  }
  message::TextMail mail;
  const auto domains = store_.directory().domains();
  const std::string domain = domains && !domains->empty() ? domains->front() : "localhost";
  mail.from.name = "Spam filter";
  mail.from.local = "postmaster";
  mail.from.domain = domain;
  const auto at = recipient.rfind('@');
  message::Address to;
  to.local = recipient.substr(0, at);
  if (at != std::string::npos) to.domain = recipient.substr(at + 1);
  mail.to = {to};
  mail.subject = subject;
  mail.text = text;
  mail.fields = {"Auto-Submitted: auto-generated\r\n"};
  mail.at = now();
  if (const auto sent = send_(recipient, message::build(mail)); !sent) log(kNotSent, sent.error());
}

void Filter::redirect(const delivery::Arrival& mail, const ruleinterp::Outcome& outcome, delivery::Edits& edits) {
  const auto& to = outcome.recipients.front();
  const auto known = store_.directory().resolve(to);
  if (!known || !known->is_local_domain || known->accounts.empty()) {
    log(kNotDone, {{"what", "Redirect to " + printable(to) + ", which is no user here"}});
    return;
  }
  for (std::size_t i = 0; i < mail.envelope.recipients.size(); ++i)
    edits.route(i, {delivery::Route::Kind::mailbox, known->accounts, 'F'});
}

delivery::Verdict Filter::judge(const delivery::Arrival& mail, delivery::Edits& edits) {
  using delivery::Pass;
  if (mail.client.entry != delivery::Entry::smtp) return Pass{"not SMTP mail"};
  if (!mail.settings.get(kSpamFilter)) return Pass{"switched off"};
  const auto program = rules_.program();
  if (!program) {
    log(kNoRules);
    return Pass{"no rules"};
  }
  const LogScope sender{"mail_from", mail.envelope.return_path};
  const MailView view{mail.message};
  auto envelope = envelope_of(mail);
  ruleinterp::Limits limits;
  const auto until = std::chrono::steady_clock::now() + mail.settings.get(kFilterTimeout);
  look_up(*program, mail, resolver_, directory_, until, envelope);
  limits.time = std::chrono::ceil<Milliseconds>(until - std::chrono::steady_clock::now());
  ruleinterp::Run run{*program, view, envelope, host_, limits};
  run.preset("LocalMail", mail.client.account || mail.client.may_relay ? "1" : "0");
  const auto outcome = run.execute();

  for (const auto& text : outcome.log) log(kScriptSays, {{"text", printable(text, 4096)}});
  for (const auto& warning : outcome.warnings) log(kScriptWarns, {{"problem", ruleinterp::describe(warning)}});
  const std::string rules = join(outcome.matched_conditions, " ");
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(outcome.time).count();
  const std::string found = "score " + score_text(outcome.score) + (rules.empty() ? "" : ": " + printable(rules, 1000));
  const auto judged = [&](std::string_view action) {
    log(kJudged, {{"score", outcome.score},
                  {"from", printable(mail.envelope.return_path)},
                  {"rules", printable(rules, 1000)},
                  {"action", action},
                  {"ms", ms}});
  };

  switch (outcome.ended) {
    case ruleinterp::Ended::time:
    case ruleinterp::Ended::instructions:
    case ruleinterp::Ended::memory:
      log(kLimitPassed, {{"limit", ruleinterp::word(outcome.ended)}});
      judged("deferred");
      return delivery::Defer{kFilterTimeoutText, std::string{ruleinterp::word(outcome.ended)} + ", " + found};
    case ruleinterp::Ended::reject:
    case ruleinterp::Ended::at_the_end:
    case ruleinterp::Ended::stop:
      break;
  }
  for (const auto& message : outcome.messages) mail_out(message.recipient, message.subject, message.text);
  if (outcome.reject) {
    judged("rejected");
    auto reply = reply_of(*outcome.reject);
    if (reply.is_temporary()) return delivery::Defer{std::move(reply), found};
    return delivery::Refuse{std::move(reply), found};
  }

  apply(outcome.headers, view.raw_header(), edits);
  if (outcome.headers.end() !=
      std::ranges::find_if(outcome.headers, [](const auto& change) { return !change.user.empty(); }))
    log(kNotDone, {{"what", "AddHeader for the copy of one user"}});
  if (!outcome.copies.empty()) log(kNotDone, {{"what", "Copy"}});
  if (outcome.redirected && !outcome.recipients.empty()) redirect(mail, outcome, edits);
  edits.spam_score(outcome.score, rules);
  const auto threshold = mail.settings.get(kSpamThreshold);
  const bool spam = threshold >= 0 && outcome.score >= static_cast<double>(threshold);
  judged(outcome.redirected ? "redirected" : spam ? "spam" : "passed");  // where it goes: the stage quarantine
  return Pass{found + (spam ? ", spam" : "") + (outcome.redirected ? ", redirected" : "")};
}

}  // namespace pennypost::filter
