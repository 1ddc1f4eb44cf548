// What is wrong with a script, said like a good compiler says it: file, line, column, the line, a caret, what was
// expected, what was probably meant (issue 3, point 2).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace pennypost::ruleinterp {

enum class Severity {
  warning,  ///< the program runs; the statement may do nothing
  error,    ///< the structure is broken: the program is refused, the last good one goes on running
};

struct Problem {
  Severity severity = Severity::error;
  std::string file;
  std::uint32_t line = 0;     ///< from 1; 0 = the file as a whole
  std::uint32_t column = 0;   ///< octets, from 1; 0 = the line as a whole
  std::uint32_t length = 1;   ///< octets that the caret underlines
  std::string text;           ///< one sentence, without a full stop at its end
  std::string expected;       ///< "a number"; may be empty
  std::string suggestion;     ///< "AddBag"; may be empty
  std::string source;         ///< the line as it stands in the file
  bool unknown_word = false;  ///< a statement or function that the language does not have (spec 10 section 5)
};

/// "spamrules.txt:3:5: error: ..." on one line, for logs.
std::string one_line(const Problem& problem);

/// The same followed by the line of the script, a caret below the place and "did you mean", for people.
std::string describe(const Problem& problem);

/// True when one of them is an error.
bool any_error(const std::vector<Problem>& problems);

}  // namespace pennypost::ruleinterp
