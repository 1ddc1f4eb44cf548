// What the manual says of a statement beyond its one sentence: what to know, and an example.
#pragma once
#include <span>
#include <string_view>

namespace pennypost::ruleinterp {

struct ManualPage {
  std::string_view word;     ///< of a statement, as in statements()
  std::string_view notes;    ///< Markdown; may be empty
  std::string_view example;  ///< a script that compiles by itself without a problem; empty for words of a block
};

/// One page for every statement, sorted by word. A test compiles all examples.
std::span<const ManualPage> manual_pages();
const ManualPage* find_manual_page(std::string_view word);

}  // namespace pennypost::ruleinterp
