// The error texts of the grammar: one for each rule that stands in a must<> of grammar.h. A new must<> without a text
// here does not compile.
#pragma once
#include "ruleinterp/grammar.h"

namespace pennypost::ruleinterp {

struct Message {
  const char* text;
  const char* expected;
};

template <typename Rule>
inline constexpr Message message{nullptr, nullptr};

template <>
inline constexpr Message message<grammar::closing_quote>{"the quote is not closed on this line", "\""};
template <>
inline constexpr Message message<grammar::label_name>{"a label has no name", "one word after the colon"};
template <>
inline constexpr Message message<grammar::file_name>{"Include without a file", "a file name, without quotes"};
template <>
inline constexpr Message message<grammar::spaced_operator>{"an assignment needs an operator with a space on each side",
                                                           "=, +=, -=, *=, /= or .="};
template <>
inline constexpr Message message<grammar::assigned>{"nothing is assigned", "a value (\"\" for an empty text)"};

}  // namespace pennypost::ruleinterp
