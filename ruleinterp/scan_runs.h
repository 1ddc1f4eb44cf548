// Lines of BulkScan that follow each other: a message goes through those that may match and passes over the others at
// once, so that thousands of lines that do not match cost nothing each.
#pragma once
#include <cstdint>
#include <vector>

namespace pennypost::ruleinterp {

struct Program;
class Candidates;

/// The lines begin..end-1 of the code, all of them constant searches of the message. Immutable.
struct ScanRun {
  struct Line {
    std::uint32_t pattern;
    std::uint32_t address;
  };
  /// Lines whose patterns are in one word of Candidates.
  struct Word {
    std::uint64_t bits;
    std::uint32_t number;
    std::uint32_t first;  ///< of its lines
  };
  struct Searches {
    std::uint32_t source;
    std::vector<Line> lines;  ///< by pattern
    std::vector<Word> words;
  };
  std::uint32_t begin = 0, end = 0;
  std::vector<Searches> by_source;

  /// Adds the addresses of the lines that `candidates` of this source leave, in no order.
  static void add_possible(const Searches& searches, const Candidates& candidates, std::vector<std::uint32_t>& to);
};

/// Fewer lines than this are gone through one by one.
inline constexpr std::uint32_t kShortestScanRun = 8;

/// Finds the runs of a compiled program: fills Program::scan_runs and Instruction::scan_run.
void find_scan_runs(Program& program);

}  // namespace pennypost::ruleinterp
