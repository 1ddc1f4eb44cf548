// Texts of which one must be there for an expression to match: what the one-pass filter looks for in its stead.
#pragma once
#include <string>
#include <vector>

namespace pennypost::ruleinterp {

class Regex;

/// Every match of the expression contains one of these (ASCII case ignored): one text for a plain sequence, one for
/// each side of an alternative such as (this|that). Each has at least three octets; at most twenty. Empty when there
/// are none. Careful: what it does not understand gives none.
std::vector<std::string> required_literals(const Regex& regex);

}  // namespace pennypost::ruleinterp
