// ENABLE (RFC 5161). Unknown words are passed over, as the RFC wants it.
#include "server/imap/enable.h"

#include "server/base/text.h"
#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Enable::parse(Arguments& in) {
  do {
    if (same_word(in.atom(), "CONDSTORE")) condstore_ = true;
  } while (in.take(' ') && !in.at_end());
  return in.end();
}

Reply Enable::run(Session& session) {
  if (condstore_) session.enable_condstore();
  session.write(condstore_ ? "* ENABLED CONDSTORE\r\n" : "* ENABLED\r\n");
  return ok("ENABLE completed");
}

}  // namespace pennypost::imap
