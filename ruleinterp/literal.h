// Texts that must be there for an expression to match: what the one-pass filter looks for in its stead.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace pennypost::ruleinterp {

class Regex;

/// One text, or one for each side of an alternative such as (this|that). Each has at least three octets; at most
/// twenty.
using AnyOf = std::vector<std::string>;

inline constexpr std::size_t kMostRequired = 3;

/// Every match of the expression contains, for each of these, one of its texts (ASCII case ignored). The longest, at
/// most kMostRequired. Empty when there are none. Careful: what it does not understand gives none.
std::vector<AnyOf> required_literals(const Regex& regex);

}  // namespace pennypost::ruleinterp
