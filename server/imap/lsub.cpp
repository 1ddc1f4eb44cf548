// LSUB (RFC 3501 6.3.9; spec 50 section 3.2): subscribed names, also without a folder. With "%", a name above a
// subscribed one that is not subscribed itself is told as \Noselect.
#include "server/imap/lsub.h"

#include "server/imap/list_names.h"
#include "server/imap/mailbox_name.h"
#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Lsub::parse(Arguments& in) {
  reference_ = in.list_mailbox();
  in.space();
  pattern_ = in.list_mailbox();
  return in.end();
}

Reply Lsub::run(Session& session) {
  if (pattern_.empty()) {
    session.write("* LSUB (\\Noselect) \"/\" \"\"\r\n");
    return ok("LSUB completed");
  }
  const auto names = ListNames::read(session.store().folders(), session.account(), true);
  if (!names) return reply_for(names.error());
  const std::string pattern = reference_ + pattern_;
  const bool by_level = pattern.ends_with('%');
  for (const auto& [name, entry] : names->names()) {
    if (!entry.is_subscribed && !(by_level && entry.has_subscribed_children)) continue;
    if (!matches(pattern, name)) continue;
    session.write(std::string{"* LSUB ("} + (entry.is_subscribed ? "" : "\\Noselect") + ") \"/\" " + quote_name(name) +
                  "\r\n");
  }
  return ok("LSUB completed");
}

}  // namespace pennypost::imap
