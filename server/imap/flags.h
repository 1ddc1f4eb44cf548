// Flags as words of the protocol (RFC 3501 section 2.3.2).
#pragma once
#include <string_view>

#include "server/store/flags.h"

namespace pennypost::imap {

/// What a client wrote in a flag list: each keyword once.
struct FlagList {
  store::Flags system;
  store::Keywords keywords;
  bool recent = false;  ///< \Recent was among them: nobody can set it

  void add_keyword(std::string_view word);
  bool operator==(const FlagList&) const = default;
};

/// "\Seen" and so on in any case; no flag for a word that is none of them.
store::Flags system_flag(std::string_view word);

/// "\Answered \Seen": the system flags in a fixed order, a space between them. The text lives for ever.
std::string_view print_system_flags(store::Flags flags);

}  // namespace pennypost::imap
