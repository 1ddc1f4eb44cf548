// UNSUBSCRIBE (RFC 3501 6.3.6, 6.3.7; spec 50 section 3.2). The name needs no folder behind it.
#include "server/imap/unsubscribe.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Unsubscribe::parse(Arguments& in) {
  name_ = in.mailbox();
  return in.end();
}

Reply Unsubscribe::run(Session& session) {
  const auto done = session.store().folders().unsubscribe(session.account(), name_);
  if (!done) return reply_for(done.error());
  return ok("UNSUBSCRIBE completed");
}

}  // namespace pennypost::imap
