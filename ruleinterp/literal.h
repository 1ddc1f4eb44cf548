// Texts that must be there for an expression to match: what the one-pass filter looks for in its stead.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pennypost::ruleinterp {

class Regex;

/// Characters that stand between two texts, any number of them, also none.
enum class Gap : std::uint8_t {
  unknown,  ///< anything
  spaces,   ///< \s
  marks,    ///< \W
};
bool is_in(Gap gap, char c);

/// One of `texts` is in every match of an expression (ASCII case ignored). They are one text, or one for each side of
/// an alternative such as (this|that); each has at least three octets, and there are at most twenty.
struct Needed {
  enum class Side : std::uint8_t { before, behind };
  std::vector<std::string> texts;
  /// When the gap is known, `texts` is one, and `beside` stands on that side of it with only the gap between.
  Gap gap = Gap::unknown;
  Side side = Side::before;
  std::string beside;

  bool operator==(const Needed&) const = default;
};

inline constexpr std::size_t kMostNeeded = 3;

/// What every match of the expression contains, the longest first, at most kMostNeeded. Empty when there is nothing.
/// Careful: what it does not understand gives nothing.
std::vector<Needed> required_literals(const Regex& regex);

}  // namespace pennypost::ruleinterp
