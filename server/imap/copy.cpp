// COPY (RFC 3501 6.4.7; COPYUID: RFC 4315 section 3). All or nothing; flags and dates go along (spec 50 section 3.1).
#include "server/imap/copy.h"

#include "server/imap/copy_uid.h"
#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Copy::parse(Arguments& in) {
  by_uid_ = in.uid_form();
  set_ = in.sequence_set();
  in.space();
  to_ = in.mailbox();
  return in.end();
}

Reply Copy::run(Session& session) {
  Selection& selection = session.selected();
  const auto chosen = choose(selection.now(), set_, by_uid_);
  if (!chosen) return reply_for(chosen.error());
  const auto to = session.folder(to_);
  if (!to) return try_create(to.error());
  if (chosen->empty()) return ok("COPY completed, no messages");
  const auto copied =
      session.store().messages().copy(selection.view.folder(), chosen->uid_set(selection.now()), to->id);
  if (!copied) return try_create(copied.error());
  if (copied->uids.empty()) return no("EXPUNGEISSUED", "The messages no longer exist");
  session.context().tell({.folder = to->id, .from = selection.view.folder(), .uids = targets(*copied), .keywords = {}});
  return ok(copy_uid(*copied), "COPY completed");
}

}  // namespace pennypost::imap
