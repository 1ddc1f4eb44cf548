// DELETE (RFC 3501 6.3.4). Folders below the name stay; the name itself is then listed as \Noselect (spec 50 section
// 3.2, ghost folders). A session that deletes what it has selected has nothing selected afterwards.
#include "server/imap/delete.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Delete::parse(Arguments& in) {
  name_ = in.mailbox();
  return in.end();
}

Reply Delete::run(Session& session) {
  const auto folder = session.folder(name_);
  if (!folder) return reply_for(folder.error());
  const auto removed = session.store().folders().remove(session.account(), name_);
  if (!removed)
    return removed.error().kind == Kind::not_permitted ? no("CANNOT", removed.error().for_client)
                                                       : reply_for(removed.error());
  if (session.selection() != nullptr && session.selected().view.folder() == folder->id) session.unselect();
  return ok("DELETE completed");
}

}  // namespace pennypost::imap
