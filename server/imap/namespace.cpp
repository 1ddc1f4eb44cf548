// NAMESPACE (RFC 2342; spec 50 section 3.2). "#users/" joins the reply when folders can be shared.
#include "server/imap/namespace.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Namespace::parse(Arguments& in) { return in.end(); }

Reply Namespace::run(Session& session) {
  session.write("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
  return ok("NAMESPACE completed");
}

}  // namespace pennypost::imap
