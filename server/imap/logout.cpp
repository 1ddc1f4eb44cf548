// LOGOUT (RFC 3501 6.1.3; text: spec 50 section 3.6).
#include "server/imap/logout.h"

#include "server/imap/session.h"
#include "server/imap/texts.h"

namespace pennypost::imap {

Result<void> Logout::parse(Arguments& in) { return in.end(); }

Reply Logout::run(Session& session) {
  session.write("* BYE ");
  session.write(kSigningOff);
  session.write("\r\n");
  Reply reply = ok("LOGOUT completed");
  reply.then = Then::end_session;
  return reply;
}

}  // namespace pennypost::imap
