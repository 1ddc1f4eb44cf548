// COPYUID (RFC 4315 section 3): the nth UID of the first set became the nth of the second. Both rise together here, so
// the compact form keeps the order.
#include "server/imap/copy_uid.h"

#include "server/imap/sequence_set.h"

namespace pennypost::imap {

std::string copy_uid(const store::Copied& copied) {
  NumberSet from;
  NumberSet to;
  for (const auto& [source, target] : copied.uids) {
    from.add(number(source));
    to.add(number(target));
  }
  return "COPYUID " + std::to_string(number(copied.uid_validity)) + " " + from.print() + " " + to.print();
}

std::vector<Uid> targets(const store::Copied& copied) {
  std::vector<Uid> uids;
  uids.reserve(copied.uids.size());
  for (const auto& [source, target] : copied.uids) uids.push_back(target);
  return uids;
}

Reply try_create(const Error& error) {
  if (error.kind == Kind::not_found) return no("TRYCREATE", "No such mailbox");
  return reply_for(error);
}

}  // namespace pennypost::imap
