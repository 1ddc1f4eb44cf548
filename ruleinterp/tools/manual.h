// The reference part of docs/rules.md, printed from the tables of the language, so that it cannot fall behind them.
#pragma once
#include <string>
#include <string_view>

namespace pennypost::ruleinterp {

/// Markdown: statements, functions, selectors, loop types, variables.
std::string manual_of_words();

/// The manual's entry of one word (statement, function, selector, variable), as Markdown; empty for an unknown one.
std::string manual_of(std::string_view word);

inline constexpr std::string_view kManualBegin = "<!-- words: printed by `pennypost rules manual` -->\n";
inline constexpr std::string_view kManualEnd = "<!-- end of words -->\n";

}  // namespace pennypost::ruleinterp
