// The table of POP3 commands.
#pragma once
#include <span>
#include <string_view>

#include "server/pop3/command.h"

namespace pennypost::pop3 {

/// In the order of the manual.
std::span<const CommandRow> commands();
/// In any case; none for an unknown name.
const CommandRow* find_command(std::string_view name);

}  // namespace pennypost::pop3
