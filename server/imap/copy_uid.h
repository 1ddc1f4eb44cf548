// What COPY, MOVE and APPEND have in common in their replies (RFC 4315 section 3, RFC 3501 section 7.1).
#pragma once
#include <string>
#include <vector>

#include "server/imap/reply.h"
#include "server/store/messages.h"

namespace pennypost::imap {

/// "COPYUID 38505 304,319:320 3956:3958".
std::string copy_uid(const store::Copied& copied);

/// The new UIDs, ascending.
std::vector<Uid> targets(const store::Copied& copied);

/// The reply when the target mailbox is not there: NO [TRYCREATE]; other errors as always.
Reply try_create(const Error& error);

}  // namespace pennypost::imap
