// For tests and fuzzing: whether a text has what an expression is said to need.
#pragma once
#include <algorithm>
#include <string_view>

#include "ruleinterp/literal.h"
#include "ruleinterp/regex.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {

/// True when every Needed of the expression is in the text: one of its texts, and what stands beside it.
inline bool has_what_it_needs(const Regex& regex, std::string_view text) {
  const auto is_at = [&](std::string_view what, std::size_t at) {
    return at <= text.size() && equal_ignoring_case(text.substr(at, what.size()), what);
  };
  const auto is_met = [&](const Needed& needed, std::string_view one) {
    for (std::size_t at = 0; (at = find_ignoring_case(text, one, at)) != std::string_view::npos; ++at) {
      if (needed.gap == Gap::unknown) return true;
      std::size_t begin = at, end = at + one.size();
      while (begin > 0 && is_in(needed.gap, text[begin - 1])) --begin;
      while (end < text.size() && is_in(needed.gap, text[end])) ++end;
      const std::size_t length = needed.beside.size();
      if (needed.side == Needed::Side::before ? begin >= length && is_at(needed.beside, begin - length)
                                              : is_at(needed.beside, end))
        return true;
    }
    return false;
  };
  return std::ranges::all_of(required_literals(regex), [&](const Needed& needed) {
    return std::ranges::any_of(needed.texts, [&](std::string_view one) { return is_met(needed, one); });
  });
}

}  // namespace pennypost::ruleinterp
