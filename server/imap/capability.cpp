// CAPABILITY (RFC 3501 6.1.1). The words are gathered in commands.cpp.
#include "server/imap/capability.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Capability::parse(Arguments& in) { return in.end(); }

Reply Capability::run(Session& session) {
  session.write("* CAPABILITY " + session.capability_words() + "\r\n");
  return ok("CAPABILITY completed");
}

}  // namespace pennypost::imap
