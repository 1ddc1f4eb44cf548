// A text that an expression cannot match without: what the one-pass filter looks for in its stead.
#pragma once
#include <string>

namespace pennypost::ruleinterp {

class Regex;

/// The longest run of characters (ASCII case ignored) that stands in every match of the expression; empty when none of
/// at least three octets is found. Careful: what it does not understand gives no text.
std::string required_literal(const Regex& regex);

}  // namespace pennypost::ruleinterp
