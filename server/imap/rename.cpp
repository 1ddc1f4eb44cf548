// RENAME (RFC 3501 6.3.5). INBOX keeps its name and gives its messages to the new folder.
#include "server/imap/rename.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Rename::parse(Arguments& in) {
  from_ = in.mailbox();
  in.space();
  to_ = in.mailbox();
  return in.end();
}

Reply Rename::run(Session& session) {
  if (to_.starts_with('#')) return no("NOPERM", "Names that begin with # belong to the server");
  const auto renamed = session.store().folders().rename(session.account(), from_, to_);
  if (!renamed)
    return renamed.error().kind == Kind::bad_input ? no("CANNOT", renamed.error().for_client)
                                                   : reply_for(renamed.error());
  return ok("RENAME completed");
}

}  // namespace pennypost::imap
