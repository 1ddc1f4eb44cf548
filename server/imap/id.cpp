// ID (RFC 2971). What the client says of itself goes into the log; nothing depends on it.
#include "server/imap/id.h"

#include "server/base/log.h"
#include "server/base/text.h"
#include "server/imap/session.h"

namespace pennypost::imap {

namespace {
constexpr LogEvent kClient{"imap.client", Level::info, "the client is {client}"};
constexpr int kMostPairs = 30;  // RFC 2971 section 3.3
}  // namespace

Result<void> Id::parse(Arguments& in) {
  if (in.take_word("NIL")) return in.end();
  in.expect('(');
  for (int pairs = 0; !in.take(')') && !in.failed(); ++pairs) {
    if (pairs > 0) in.space();
    if (pairs >= kMostPairs) in.fail("more than 30 pairs");
    const std::string name = in.string();
    in.space();
    const auto value = in.nstring();
    if (value && client_.size() < 1000) client_ += (client_.empty() ? "" : " ") + name + "=" + *value;
  }
  return in.end();
}

Reply Id::run(Session& session) {
  if (!client_.empty()) log(kClient, {{"client", printable(client_)}});
  session.write("* ID (\"name\" \"Pennypost\")\r\n");
  return ok("ID completed");
}

}  // namespace pennypost::imap
