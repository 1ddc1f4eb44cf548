// Runs of BulkScan lines (issue 3, point 5). Needs the code as it will run; nothing can fail.
#include "ruleinterp/scan_runs.h"

#include <algorithm>

#include "ruleinterp/program.h"

namespace pennypost::ruleinterp {
namespace {

ScanRun scan_run(const Program& program, std::uint32_t begin, std::uint32_t end) {
  ScanRun run;
  run.begin = begin;
  run.end = end;
  for (std::uint32_t address = begin; address < end; ++address) {
    const Instruction& line = program.code[address];
    for (const std::uint32_t source : program.data[line.data].sources) {
      auto searches = std::ranges::find(run.by_source, source, &ScanRun::Searches::source);
      if (searches == run.by_source.end()) searches = run.by_source.insert(searches, {source, {}, {}});
      searches->lines.push_back({line.pattern, address});
    }
  }
  for (ScanRun::Searches& searches : run.by_source) {
    std::ranges::stable_sort(searches.lines, {}, &ScanRun::Line::pattern);
    for (std::uint32_t i = 0; i < searches.lines.size(); ++i) {
      const std::uint32_t pattern = searches.lines[i].pattern;
      if (searches.words.empty() || searches.words.back().number != pattern / 64)
        searches.words.push_back({0, pattern / 64, i});
      searches.words.back().bits |= std::uint64_t{1} << (pattern % 64);
    }
  }
  return run;
}

}  // namespace

void ScanRun::add_possible(const Searches& searches, const Candidates& candidates, std::vector<std::uint32_t>& to) {
  for (const Word& word : searches.words) {
    if ((candidates.word(word.number) & word.bits) == 0) continue;
    for (std::size_t i = word.first; i < searches.lines.size() && searches.lines[i].pattern / 64 == word.number; ++i)
      if (candidates.may_match(searches.lines[i].pattern)) to.push_back(searches.lines[i].address);
  }
}

void find_scan_runs(Program& program) {
  const auto fits = [&](std::uint32_t address) {
    const Instruction& line = program.code[address];
    return line.scans && line.pattern != kNone && line.data != kNone;
  };
  const auto size = static_cast<std::uint32_t>(program.code.size());
  for (std::uint32_t begin = 0; begin < size; ++begin) {
    std::uint32_t end = begin;
    while (end < size && fits(end)) ++end;
    if (end - begin >= kShortestScanRun) {
      for (std::uint32_t address = begin; address < end; ++address)
        program.code[address].scan_run = static_cast<std::uint32_t>(program.scan_runs.size());
      program.scan_runs.push_back(scan_run(program, begin, end));
    }
    begin = std::max(begin, end);
  }
}

}  // namespace pennypost::ruleinterp
