// STARTTLS (RFC 3501 6.2.1, RFC 9051 6.2.1). The handshake comes behind the reply; what the client sent before it is
// thrown away by the connection (CVE-2011-0411).
#include "server/imap/starttls.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> StartTls::parse(Arguments& in) { return in.end(); }

Reply StartTls::run(Session& session) {
  if (session.connection().is_tls()) return bad("TLS is on already");
  if (!session.connection().can_start_tls()) return no("TLS is not available");
  Reply reply = ok("Begin TLS negotiation now");
  reply.then = Then::start_tls;
  return reply;
}

}  // namespace pennypost::imap
