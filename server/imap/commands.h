// The table of all commands. Dispatch, capabilities and the check that each has a session file read it.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "server/imap/command.h"

namespace pennypost::imap {

/// By name, ascending.
std::span<const CommandEntry> all_commands();

/// In any case; null for a name that is none.
const CommandEntry* find_command(std::string_view name);

/// What the capabilities depend on besides the table.
struct CapabilityFacts {
  bool is_authenticated = false;
  bool can_start_tls = false;
  bool login_disabled = false;
  bool idle = true;                              ///< spec 50 section 3.1, "Support IMAP 'IDLE' command"
  std::span<const std::string_view> mechanisms;  ///< of SASL, usable now
  std::int64_t append_limit = 0;                 ///< octets; 0: not announced
};

/// "IMAP4rev1 LITERAL+ ...": words with a space between them, without "CAPABILITY".
std::string capabilities(const CapabilityFacts& facts);

}  // namespace pennypost::imap
