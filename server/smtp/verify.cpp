// VRFY and EXPN (RFC 5321 3.5, spec 40 section 2.7): off as a rule, so that nobody can collect addresses.
#include "server/smtp/commands.h"
#include "server/smtp/intake.h"
#include "server/smtp/session.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {

std::optional<Reply> Verify::parse(std::string_view argument) {
  if (argument.empty()) return Reply{kArgumentNeeded};
  who_ = argument;
  return std::nullopt;
}

Reply Verify::run(Session& s) {
  if (!s.options().verify) return kCommandNotAvailable;
  if (!s.is_listed() && !s.identity()) return kVerifyDenied;
  const auto reading = read_path("TO:" + who_, PathKind::forward);
  if (reading.problem != PathProblem::none) return kBadRecipientSyntax;
  const auto& router = s.context().pipeline.router();
  const auto address = router.complete(reading.read.path.text());
  const auto route = address ? router.route(*address) : Result<delivery::Route>{address.error()};
  if (!route) return kUnavailable;
  switch (route->kind) {
    case delivery::Route::Kind::mailbox:
    case delivery::Route::Kind::discard:
      return SmtpReply{250, {2, 1, 5}, "<" + *address + ">"};
    case delivery::Route::Kind::outside:
      return expand_ ? kNoSuchList : kNotSureWho;
    case delivery::Route::Kind::unknown:
      break;
  }
  return SmtpReply::with(kUnknownRecipient, "<" + *address + ">");
}

}  // namespace pennypost::smtp
