// CHECK (RFC 3501 6.4.1): a checkpoint. Everything answered before is on disk already.
#include "server/imap/check.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Check::parse(Arguments& in) { return in.end(); }

Reply Check::run(Session&) { return ok("CHECK completed"); }

}  // namespace pennypost::imap
