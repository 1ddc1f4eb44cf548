// MOVE (RFC 6851): copy and removal in one commit. COPYUID goes out untagged before the EXPUNGE lines (section 4.3).
#include "server/imap/move.h"

#include "server/imap/copy_uid.h"
#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Move::parse(Arguments& in) {
  by_uid_ = in.uid_form();
  set_ = in.sequence_set();
  in.space();
  to_ = in.mailbox();
  return in.end();
}

Reply Move::run(Session& session) {
  Selection& selection = session.selected();
  if (selection.is_read_only()) return no("READ-ONLY", "The mailbox is selected read-only");
  const auto chosen = choose(selection.now(), set_, by_uid_);
  if (!chosen) return reply_for(chosen.error());
  const auto to = session.folder(to_);
  if (!to) return try_create(to.error());
  if (chosen->empty()) return ok("MOVE completed, no messages");
  if (to->id == selection.view.folder()) return no("CANNOT", "The messages are in this mailbox already");
  const auto moved = session.store().messages().move(selection.view.folder(), chosen->uid_set(selection.now()), to->id);
  if (!moved) return try_create(moved.error());
  if (moved->uids.empty()) return no("EXPUNGEISSUED", "The messages no longer exist");
  session.context().tell({.folder = to->id, .from = selection.view.folder(), .uids = targets(*moved), .keywords = {}});
  session.write("* OK [" + copy_uid(*moved) + "] Moved\r\n");
  return ok("MOVE completed");
}

}  // namespace pennypost::imap
