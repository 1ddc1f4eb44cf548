// HELO and EHLO (RFC 5321 4.1.1.1; greeting, order and wording of spec 40 section 3.1).
#include "server/auth/sasl.h"
#include "server/base/text.h"
#include "server/smtp/commands.h"
#include "server/smtp/login_conditions.h"
#include "server/smtp/session.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {
namespace {

constexpr std::size_t kMostName = 255;  // RFC 5321 4.5.3.1.2
constexpr std::string_view kNoName = "<nohostname>";

}  // namespace

std::optional<Reply> Hello::parse(std::string_view argument) {
  if (argument.size() > kMostName) return Reply{kLineTooLong};
  name_ = argument;
  return std::nullopt;
}

Reply Hello::run(Session& s) {
  const auto& options = s.options();
  if (!options.refused_hello.empty() && find_word(name_, options.refused_hello) != std::string_view::npos)
    return {kAccessDenied, After::close};
  s.greet(name_, extended_);
  const auto shown = name_.empty() ? std::string{kNoName} : name_;
  SmtpReply first{kHello};
  first.text = options.host_name + " VPOP3 SMTP Server - Hello " + shown + ", " + std::string{kHello.text};
  if (!extended_) return first;
  std::vector<std::string> lines{"ETRN", "SIZE " + std::to_string(options.told_most.count), "HELP"};
  if (options.dsn) lines.emplace_back("DSN");
  if (options.auth != AuthRule::disabled) {
    std::string mechanisms;
    for (const auto name : auth::offered(login_conditions(s))) mechanisms += " " + std::string{name};
    if (!mechanisms.empty()) lines.push_back("AUTH" + mechanisms);
  }
  if (s.connection().can_start_tls()) lines.emplace_back("STARTTLS");
  for (const auto* word : {"8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES", "SMTPUTF8", "CHUNKING"})
    lines.emplace_back(word);
  return {first, std::move(lines)};
}

}  // namespace pennypost::smtp
