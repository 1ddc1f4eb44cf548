// Expected lines as regular expressions.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "conformance/player/variables.h"

namespace pennypost::conformance {

/// An expected line with the values of a moment; matches whole lines only.
class Pattern {
 public:
  /// Throws Failure when a variable has no value or a written expression is none.
  Pattern(const Template& text, const Variables& variables);
  ~Pattern();
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;

  /// True when the line, all of it, is what the pattern says; then its captures are set.
  bool matches(std::string_view line, Variables& captures) const;

  /// How many CR LF the text itself holds: in line protocols so many lines more belong to it.
  std::size_t line_breaks() const { return line_breaks_; }

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
  std::size_t line_breaks_ = 0;
};

}  // namespace pennypost::conformance
