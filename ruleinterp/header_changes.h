// What AddHeader means for a header (spec 10 section 6.6): reading its parameter, and applying the changes that a run
// collected to the header of a message.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ruleinterp/outcome.h"

namespace pennypost::ruleinterp {

/// The change that the text of AddHeader asks for; none, and why, when it is no header line.
std::optional<HeaderChange> header_change_of(std::string_view line, std::string& error);

/// The header (lines as they came, without the empty line) after the changes, for the copy of `user` ("" = a copy that
/// is no mailbox's). Values that are not ASCII are written as encoded words (RFC 2047); long lines are folded.
std::string apply_header_changes(std::string_view raw_header, std::span<const HeaderChange> changes,
                                 std::string_view user);

}  // namespace pennypost::ruleinterp
