// Running the rules on a message and acting on what they found. Needs a store; without a valid script mail goes on
// unfiltered (spec 11 section 13). A run that passes a limit defers SMTP mail (section 10.1); no other failure of a
// script or of its services holds mail up.
#include "server/filter/filter.h"

#include <algorithm>

#include <fmt/format.h>

#include "ruleinterp/machine.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/filter/actions.h"
#include "server/filter/client_facts.h"
#include "server/filter/mail_view.h"
#include "server/filter/postmaster_mail.h"
#include "server/filter/quarantine_stage.h"
#include "server/filter/run_services.h"
#include "server/message/build.h"
#include "server/message/header.h"

namespace pennypost::filter {
namespace {

// What begins with kSpamLog goes to the spam filter log too (spec 11 section 11.3): a line for each Log of a script and
// one for each message.
constexpr LogEvent kJudged{"filter.spam_log.judged", Level::info,
                           "message {trace} <{message_id}> from <{from}>: score {score} ({rules}), {action}, {ms} ms"};
constexpr LogEvent kScriptSays{"filter.spam_log.script", Level::info, "message {trace} <{message_id}>: {text}"};
static_assert(std::string_view{kJudged.name}.starts_with(kSpamLog) &&
              std::string_view{kScriptSays.name}.starts_with(kSpamLog));
constexpr LogEvent kScriptWarns{"filter.script_warns", Level::debug, "spam rules: {problem}"};
constexpr LogEvent kNoRules{"filter.no_rules", Level::warning,
                            "there are no spam rules that can be used: mail goes on unfiltered"};
constexpr LogEvent kLimitPassed{"filter.limit_passed", Level::error, "the spam rules were stopped by a limit: {limit}"};
constexpr LogEvent kNotSent{"filter.not_sent", Level::error, "a mail of the spam filter was not sent: {reason}"};
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

// Variables that the server gives a program that reads them (docs/rules.md), in lower case.
constexpr std::string_view kWhiteWord = "whitelistedword";
constexpr std::string_view kBlackWord = "blacklistedword";

// A variable of ours, which no script assigns but itself.
bool mentions(const ruleinterp::Program& program, std::string_view variable) {
  return std::ranges::any_of(program.variables, [&](const auto& slot) { return slot.name == variable; });
}

std::string score_text(double score) { return fmt::format("{:g}", score); }

std::string message_id_of(const delivery::Arrival& mail) {
  const auto field = message::find_field(mail.message.header(), "Message-ID");
  if (!field) return {};
  auto id = trim(field->value);
  if (id.size() > 2 && id.front() == '<' && id.back() == '>') id = id.substr(1, id.size() - 2);
  return printable(id);
}

}  // namespace

std::string one_line(std::string_view text) {
  const auto most = kSpamLogText.most.size();
  std::size_t end = std::min(text.size(), most);
  while (end < text.size() && end > most - 4 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  std::string out{text.substr(0, end)};
  std::ranges::replace_if(
      out, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  if (end < text.size()) out += "...";
  return out;
}

Filter::Filter(store::Store& store, dns::Resolver* resolver, std::filesystem::path rules)
    : store_{store},
      router_{store, [this](std::string_view address, bool local) { return is_null_address(address, local); }},
      resolver_{resolver},
      lists_{store},
      words_{store::SpamLists{store.database()}},
      database_{store.spam_filter()},
      bayes_{store},
      directory_{store, [this](std::string_view address, bool local) { return is_null_address(address, local); }},
      choices_{store.settings()},
      rules_{std::move(rules), [this](const RuleSet::Report& report) { tell_of_problems(report); }},
      teacher_{store, bayes_} {
  if (resolver) {
    dns_ = std::make_unique<ResolverDns>(*resolver);
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
  host_.directory = &directory_;
  host_.geoip = geoip_.get();
  host_.choices = &choices_;
  if (const auto installed = install_default_rules(rules_.folder()); !installed) log(kNoDefaults, installed.error());
}

delivery::Judges Filter::judges() {
  delivery::Judges judges;
  judges.content.push_back(std::make_unique<SpamRules>(*this));
  judges.per_mailbox.push_back(std::make_unique<QuarantineStage>(store_));
  judges.discards = [this](std::string_view address, bool local) { return is_null_address(address, local); };
  return judges;
}

bool Filter::is_null_address(std::string_view address, bool is_local_domain) {
  if (!store_.settings().get(kSpamFilter)) return false;
  const auto program = rules_.program();
  return program && nulls_.contains(program, address, is_local_domain);
}

bool Filter::is_for_null_addresses(const std::shared_ptr<const ruleinterp::Program>& program,
                                   const delivery::Arrival& mail) {
  return std::ranges::all_of(mail.envelope.recipients,
                             [&](const auto& to) { return nulls_.contains(program, to.address, true); });
}

void Filter::prepare() {
  if (!store_.settings().get(kSpamFilter)) return;
  rules_.program();
  words_.words();
}

void Filter::mail_out(const std::string& recipient, std::string_view subject, std::string_view text) {
  if (!send_) {
    log(kNotSent, {{"reason", "there is no way out yet"}, {"to", printable(recipient)}});
    return;
  }
  auto mail = postmaster_mail(router_, "Spam filter", recipient);
  if (!mail) {
    log(kNotSent, mail.error(), {{"to", printable(recipient)}});
    return;
  }
  mail->subject = subject;
  mail->text = text;
  const std::string to = message::addr_spec(mail->to.front());
  if (const auto sent = send_(to, message::build(*mail)); !sent) log(kNotSent, sent.error(), {{"to", printable(to)}});
}

void Filter::tell_of_problems(const RuleSet::Report& report) {
  const auto to = router_.postmaster_address();
  if (!to || to->empty()) {
    log(kNotSent, {{"reason", to ? "nobody gets the postmaster's mail" : to.error().for_log}});
    return;
  }
  const auto* const subject =
      report.is_refused ? "The spam rules have errors" : "The spam rules use words that are not known";
  const std::string what =
      report.is_refused
          ? "A spam rule script was changed and has errors. The rules before it stay in use until they are corrected."
          : "The spam rule scripts are in use. These lines of theirs do nothing:";
  mail_out(*to, subject, what + "\n\n" + report.problems);
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
  const LogScope trace{"trace", std::string{mail.trace_id}};
  const LogScope id{"message_id", message_id_of(mail)};
  const MailView view{mail.message};
  auto envelope = envelope_of(mail);
  ruleinterp::Limits limits;
  const auto until = std::chrono::steady_clock::now() + mail.settings.get(kFilterTimeout);
  look_up(*program, mail, resolver_, directory_, until, envelope);
  limits.time = std::chrono::ceil<Milliseconds>(until - std::chrono::steady_clock::now());
  const bool is_local = mail.client.account.has_value() || mail.client.may_relay;
  RunLists lists{lists_, envelope};
  RunBayes bayes{bayes_, is_local && is_for_null_addresses(program, mail) ? Meant::forwarded : Meant::itself};
  ruleinterp::Host host = host_;
  host.lists = &lists;
  host.bayes = &bayes;
  FoundWords words;
  if (mentions(*program, kWhiteWord) || mentions(*program, kBlackWord)) words = words_.find(view, limits.time);
  limits.time = std::chrono::ceil<Milliseconds>(until - std::chrono::steady_clock::now());
  ruleinterp::Run run{*program, view, envelope, host, limits};
  run.preset("LocalMail", is_local ? "1" : "0");
  run.preset(kWhiteWord, words.white);
  run.preset(kBlackWord, words.black);
  const auto outcome = run.execute();
  nulls_.met(program, outcome.null_addresses);

  for (const auto& text : outcome.log) log(kScriptSays, {{"text", one_line(text)}});
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

  const auto threshold = mail.settings.get(kSpamThreshold);
  const bool spam = threshold >= 0 && outcome.score >= static_cast<double>(threshold);
  std::vector<delivery::RuleHit> hits;
  for (const auto& hit : outcome.hits) hits.push_back({hit.rule, hit.pattern, hit.match, hit.amount});
  edits.found(std::move(hits), spam);

  if (ruleinterp::is_limit(outcome.ended)) {
    log(kLimitPassed, {{"limit", ruleinterp::word(outcome.ended)}});
    judged("deferred");
    return delivery::Defer{kFilterTimeoutText, std::string{ruleinterp::word(outcome.ended)} + ", " + found};
  }
  for (const auto& message : outcome.messages) mail_out(message.recipient, message.subject, message.text);
  if (outcome.reject) {
    judged("rejected");
    auto reply = reply_of(*outcome.reject);
    if (reply.is_temporary()) return delivery::Defer{std::move(reply), found};
    return delivery::Refuse{std::move(reply), found};
  }

  apply(outcome.headers, view.raw_header(), edits);
  apply_own(store_, outcome.headers, edits);
  const bool redirected = outcome.redirected && redirect(router_, mail, outcome, edits);
  copy(mail, outcome.copies, edits);
  edits.spam_score(outcome.score, rules);
  judged(redirected ? "redirected" : spam ? "spam" : "passed");  // where it goes: the stage quarantine
  return Pass{found + (spam ? ", spam" : "") + (redirected ? ", redirected" : "")};
}

}  // namespace pennypost::filter
