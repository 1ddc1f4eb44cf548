// CLOSE (RFC 3501 6.4.2): removes what carries \Deleted, without telling this client, and leaves the mailbox.
#include "server/imap/close.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Close::parse(Arguments& in) { return in.end(); }

Reply Close::run(Session& session) {
  if (!session.selected().is_read_only()) {
    const auto gone = session.store().messages().expunge(session.selected().view.folder());
    if (!gone && gone.error().kind != Kind::not_found) return reply_for(gone.error());
  }
  session.unselect();
  return ok("CLOSE completed");
}

}  // namespace pennypost::imap
