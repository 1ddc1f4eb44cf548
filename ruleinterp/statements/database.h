// The words of the database statements (spec 10 sections 4.4, 6.15 to 6.17), written once for parser and manual.
#pragma once
#include <array>
#include <optional>
#include <string_view>

#include "ruleinterp/host.h"

namespace pennypost::ruleinterp {

inline constexpr std::string_view kComparators =
    "= == <> != < > <= >= =* ==* <>* !=* <* >* <=* >=* eq ne lt gt le ge eqi nei lti gti lei gei ~ !~ ~* !~* LIKE "
    "ILIKE";
inline constexpr std::string_view kUpdateOperators = "= += -= .= upper lower";
inline constexpr std::string_view kAggregates = "max min maxnum minnum maxi mini count sum avg first last";

/// What a comparator means for a key; numbers are compared as such only when the key in the statement is one.
std::optional<Comparator> comparator_of(std::string_view word, std::string_view key);

}  // namespace pennypost::ruleinterp
