// The items of STATUS, also asked for by LIST ... RETURN (STATUS (...)) (RFC 3501 6.3.10, RFC 5819, RFC 7162, RFC
// 8438).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "server/imap/arguments.h"
#include "server/store/folders.h"

namespace pennypost::imap {

enum class StatusItem : std::uint8_t { messages, recent, uid_next, uid_validity, unseen, highest_mod_seq, size };

/// "(MESSAGES UNSEEN)".
std::vector<StatusItem> parse_status_items(Arguments& in);

/// "* STATUS "name" (MESSAGES 3 UNSEEN 1)" CR LF.
std::string status_line(std::string_view name, const store::Folder& folder, const std::vector<StatusItem>& items);

}  // namespace pennypost::imap
