// FETCH items that are not in the row of the folder: stored strings and octets of messages.
#pragma once
#include <cstdint>

#include "server/imap/fetch_items.h"
#include "server/imap/selection.h"

namespace pennypost::imap {

class Session;

/// Sends the rows of these messages; gives how many there were (those that are gone are left out). Octets go from the
/// database to the connection in pieces; a slow client costs no database connection. When octets end before the length
/// that was announced, the connection is cut off: nothing else tells the client. Errors: those of the store, with whole
/// lines sent.
Result<std::uint64_t> fetch_content(Session& session, const Chosen& chosen, const FetchItems& items);

}  // namespace pennypost::imap
