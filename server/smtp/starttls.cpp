// STARTTLS (RFC 3207). The session does the handshake after the reply, then forgets what it learnt in clear.
#include "server/smtp/commands.h"
#include "server/smtp/intake.h"
#include "server/smtp/session.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {

std::optional<Reply> StartTls::parse(std::string_view argument) {
  if (!argument.empty()) return Reply{kNoArgumentsHere};
  return std::nullopt;
}

Reply StartTls::run(Session& s) {
  if (s.is_tls()) return kTlsAlready;
  if (!s.connection().can_start_tls()) return kTlsNotHere;
  return {kTlsReady, After::start_tls};
}

}  // namespace pennypost::smtp
