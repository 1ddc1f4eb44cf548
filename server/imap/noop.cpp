// NOOP (RFC 3501 6.1.2). The session tells what is new behind every command, so there is nothing to do here.
#include "server/imap/noop.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Noop::parse(Arguments& in) { return in.end(); }

Reply Noop::run(Session&) { return ok("NOOP completed"); }

}  // namespace pennypost::imap
