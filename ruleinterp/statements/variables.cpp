// Variables that have a value before the script gives them one (spec 11 sections 2.2, 2.4). Each is computed when first
// read; a script may assign to any of them. What only SMTP knows is empty for other mail.
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "ruleinterp/machine.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

template <std::string Envelope::*field>
Value of_envelope(Run& run) {
  return Value::of(std::string_view{run.envelope().*field});
}

template <std::string Envelope::*field>
Value of_smtp(Run& run) {
  return run.envelope().arrival == Arrival::smtp ? Value::of(std::string_view{run.envelope().*field})
                                                 : Value::of(std::string_view{});
}

Value count_of_role(Run& run, Role role) {
  double count = 0;
  for (const Section& section : run.mail().sections())
    if (section.role == role) ++count;
  return Value::of(count);
}

// Seconds of the present time; days and their parts come from it.
std::chrono::sys_seconds present(Run& run) { return std::chrono::floor<std::chrono::seconds>(run.host().now()); }

Value time_now(Run& run) {
  return Value::of(run.arena().copy(fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(run.host().now()))));
}

Value time_now_days(Run& run) {
  return Value::of(static_cast<double>(present(run).time_since_epoch().count()) / 86400.0 + 134774.0);
}

Value rfc822_time_now(Run& run) {
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto now = present(run);
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{now - day};
  return Value::of(run.arena().copy(fmt::format(
      "{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[std::chrono::weekday{day}.c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), time.hours().count(), time.minutes().count(), time.seconds().count())));
}

constexpr auto kBuiltins = std::to_array<Builtin>({
    {"AnyInvalidRecipients", "2.4.7",
     [](Run& run) { return Value::of(run.envelope().any_invalid_recipients ? 1.0 : 0.0); },
     "1 if a recipient is a local user that does not exist."},
    {"AttachmentCount", "2.1.11", [](Run& run) { return count_of_role(run, Role::attachment); },
     "Number of attachments."},
    {"AuthSender", "2.4.5", of_smtp<&Envelope::auth_sender>, "User name of the authenticated sender."},
    {"BATV", "6.15", of_smtp<&Envelope::batv>, "Whether BATV is used: 0 or 1."},
    {"BayesSize", "2.3.0",
     [](Run& run) { return Value::of(run.host().bayes ? static_cast<double>(run.host().bayes->size()) : 0.0); },
     "Number of messages that the Bayesian database covers."},
    {"DKIMResult", "6.15", of_smtp<&Envelope::dkim_result>, "DKIM result."},
    {"DMARCDisposition", "7.8", of_smtp<&Envelope::dmarc_disposition>, "none, reject or quarantine."},
    {"DMARCDomain", "7.8", of_smtp<&Envelope::dmarc_domain>, "Policy domain of DMARC."},
    {"DMARCResult", "7.8", of_smtp<&Envelope::dmarc_result>, "pass, fail, temperror or permerror."},
    {"DNSServers", "2.3.0",
     [](Run& run) {
       return Value::of(run.host().dns ? run.arena().copy(run.host().dns->servers()) : std::string_view{});
     },
     "DNS servers used for the look-ups."},
    {"InlineAttachmentCount", "2.1.11", [](Run& run) { return count_of_role(run, Role::inlined); },
     "Number of inline attachments."},
    {"MailFrom", "2.1.7", of_envelope<&Envelope::mail_from>, "Return address of the message."},
    {"MatchedConditions", "2.1.7", nullptr, "The rules that have matched so far, separated by a comma and a space."},
    {"RcptCount", "2.1.7", [](Run& run) { return Value::of(static_cast<double>(run.recipients().size())); },
     "Number of recipients that the server knows."},
    {"RegExMatches", "2.2.1", nullptr, "Number of groups of the last expression, the whole match included; 0 = none."},
    {"RFC822TimeNow", "8.6", rfc822_time_now, "Present time as in a Date header."},
    {"Score", "2.1.7", nullptr, "The spam score: the result of the script."},
    {"SenderIP", "2.1.7", of_smtp<&Envelope::sender_ip>, "IP address of the sender."},
    {"Size", "2.1.11", [](Run& run) { return Value::of(static_cast<double>(run.mail().size())); },
     "Octets of the message."},
    {"SMTPHelo", "6.15", of_smtp<&Envelope::helo>, "What the client said in HELO or EHLO."},
    {"SMTPReverseDNS", "6.15", of_smtp<&Envelope::reverse_dns>, "Reverse DNS name of the client."},
    {"SPFResult", "6.15", of_smtp<&Envelope::spf_result>, "SPF result."},
    {"Subject", "2.1.7", [](Run& run) { return Value::of(run.derived().decoded_subject()); },
     "Subject of the message, decoded."},
    {"TimeNow", "8.6", time_now, "Present time in ISO 8601, Zulu form."},
    {"TimeNowDays", "8.6", time_now_days, "Present time as days, with a fraction, since 1 January 1601."},
    {"VPOP3Build", "2.2.1", [](Run& run) { return Value::of(std::string_view{run.host().build}); }, "Build number."},
    {"VPOP3Version", "6.0", [](Run& run) { return Value::of(std::string_view{run.host().version}); },
     "Version number."},
    {"WeightBank", "2.2.1", nullptr, "Which weight of a rule counts: 0 = the first."},
});

}  // namespace

std::span<const Builtin> builtins() { return kBuiltins; }

const Builtin* find_builtin(std::string_view word) {
  for (const Builtin& builtin : kBuiltins)
    if (equal_ignoring_case(builtin.word, word)) return &builtin;
  return nullptr;
}

}  // namespace pennypost::ruleinterp
