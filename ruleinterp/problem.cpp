// Printing of diagnostics. Needs nothing, cannot fail; a tab in the line stays a tab above the caret.
#include "ruleinterp/problem.h"

#include <algorithm>

#include <fmt/format.h>

namespace pennypost::ruleinterp {

std::string one_line(const Problem& p) {
  std::string out = p.file;
  if (p.line > 0) out += fmt::format(":{}", p.line);
  if (p.line > 0 && p.column > 0) out += fmt::format(":{}", p.column);
  out += p.severity == Severity::error ? ": error: " : ": warning: ";
  out += p.text;
  if (!p.expected.empty()) out += "; expected " + p.expected;
  if (!p.suggestion.empty()) out += "; did you mean " + p.suggestion + "?";
  return out;
}

std::string describe(const Problem& p) {
  std::string out = one_line(p) + '\n';
  if (p.line == 0) return out;
  const std::string number = fmt::format("{:>5} | ", p.line);
  out += number + p.source + '\n';
  if (p.column == 0) return out;
  std::string under(number.size() - 2, ' ');
  under += "| ";
  for (std::size_t i = 0; i + 1 < p.column && i < p.source.size(); ++i) under += p.source[i] == '\t' ? '\t' : ' ';
  out += under + '^' + std::string(std::max<std::uint32_t>(p.length, 1) - 1, '~') + '\n';
  return out;
}

bool any_error(const std::vector<Problem>& problems) {
  return std::any_of(problems.begin(), problems.end(), [](const Problem& p) { return p.severity == Severity::error; });
}

}  // namespace pennypost::ruleinterp
