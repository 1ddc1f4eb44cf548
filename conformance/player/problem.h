// What is wrong with a session file or a run of it, and where.
#pragma once
#include <cstddef>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

namespace pennypost::conformance {

struct Problem {
  std::string file;
  std::size_t line = 0;    ///< from 1; 0 when the problem has no place in the file
  std::size_t column = 0;  ///< from 1, in octets; 0 when the whole line is meant
  std::string text;

  /// "file:line:column: text", without the parts that are not known.
  std::string print() const {
    if (line == 0) return fmt::format("{}: {}", file, text);
    if (column == 0) return fmt::format("{}:{}: {}", file, line, text);
    return fmt::format("{}:{}:{}: {}", file, line, column, text);
  }
};

/// Ends the play of one section; never leaves play_section (play.h).
class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& text) : std::runtime_error{text} {}
};

}  // namespace pennypost::conformance
