// Statements that say something about the message or change where it goes (spec 10 sections 6.6, 6.12; 11 sections 1.2,
// 1.5, 1.7). Nothing is changed while the script runs: the outcome collects it and the filter acts on it afterwards.
#include <fmt/format.h>

#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {
namespace {

constexpr std::size_t kLogLine = 4096;  // octets of one entry

// One line, so that a script cannot forge log lines.
std::string on_one_line(std::string_view text, std::size_t most) {
  std::string out{text.substr(0, most)};
  for (char& c : out)
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  return out;
}

}  // namespace

Flow run_log(Run& run, const Instruction& i) {
  if (run.outcome().log.size() < run.limits().log_lines) {
    std::string entry = on_one_line(run.text(i, 0), kLogLine);
    run.arena().charge(entry.size());
    run.outcome().log.push_back(std::move(entry));
  } else {
    run.warn(fmt::format("more than {} entries of Log; the rest is dropped", run.limits().log_lines));
  }
  return Flow::next;
}

}  // namespace pennypost::ruleinterp::families
