// ETRN (RFC 1985, spec 40 section 3.2). A node is a domain of a LAN forwarding rule; until there are such rules, every
// node is one that is not known here, which is what a server without rules answers.
#include "server/smtp/commands.h"
#include "server/smtp/intake.h"
#include "server/smtp/session.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {

std::optional<Reply> Etrn::parse(std::string_view argument) {
  if (argument.empty()) return Reply{kArgumentNeeded};
  node_ = argument;
  return std::nullopt;
}

Reply Etrn::run(Session& s) {
  if (s.transaction() != nullptr) return kAuthInMail;
  return SmtpReply{kEtrnRefused.code, kEtrnRefused.enhanced, "Node " + node_ + " " + std::string{kEtrnRefused.text}};
}

}  // namespace pennypost::smtp
