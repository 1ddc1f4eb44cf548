// STATUS (RFC 3501 6.3.10). Also of the selected mailbox, where the numbers are those of the store, not of the view.
#include "server/imap/status.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> StatusCommand::parse(Arguments& in) {
  name_ = in.mailbox();
  in.space();
  items_ = parse_status_items(in);
  return in.end();
}

Reply StatusCommand::run(Session& session) {
  for (const StatusItem item : items_)
    if (item == StatusItem::highest_mod_seq) session.enable_condstore();  // RFC 7162 3.1
  const auto folder = session.store().folders().status(session.account(), name_);
  if (!folder) return reply_for(folder.error());
  session.write(status_line(name_, *folder, items_));
  return ok("STATUS completed");
}

}  // namespace pennypost::imap
