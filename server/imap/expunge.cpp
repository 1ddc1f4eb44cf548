// EXPUNGE (RFC 3501 6.4.3) and UID EXPUNGE (RFC 4315 2.1). Gone already by another session: no error. The lines
// "* n EXPUNGE" come from the session, which compares its view with what is there now.
#include "server/imap/expunge.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Expunge::parse(Arguments& in) {
  if (in.uid_form()) {
    uids_ = in.sequence_set();
  }
  return in.end();
}

Reply Expunge::run(Session& session) {
  Selection& selection = session.selected();
  if (selection.is_read_only()) return no("READ-ONLY", "The mailbox is selected read-only");
  store::UidSet only;
  if (uids_) {
    const auto chosen = choose(selection.now(), *uids_, true);
    if (!chosen) return reply_for(chosen.error());
    only = chosen->uid_set(selection.now());
    if (only.empty()) return ok("EXPUNGE completed");
  }
  const auto gone = session.store().messages().expunge(selection.view.folder(), uids_ ? &only : nullptr);
  if (!gone) return reply_for(gone.error());
  return ok("EXPUNGE completed");
}

}  // namespace pennypost::imap
