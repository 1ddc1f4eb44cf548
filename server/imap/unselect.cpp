// UNSELECT (RFC 3691): leaves the mailbox and removes nothing.
#include "server/imap/unselect.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Unselect::parse(Arguments& in) { return in.end(); }

Reply Unselect::run(Session& session) {
  session.unselect();
  return ok("UNSELECT completed");
}

}  // namespace pennypost::imap
