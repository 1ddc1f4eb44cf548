// SUBSCRIBE (RFC 3501 6.3.6, 6.3.7; spec 50 section 3.2). The name needs no folder behind it.
#include "server/imap/subscribe.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Subscribe::parse(Arguments& in) {
  name_ = in.mailbox();
  return in.end();
}

Reply Subscribe::run(Session& session) {
  const auto done = session.store().folders().subscribe(session.account(), name_);
  if (!done) return reply_for(done.error());
  return ok("SUBSCRIBE completed");
}

}  // namespace pennypost::imap
