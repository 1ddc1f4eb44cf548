// Searching in bulk: BulkScan with its lines, CountMatches, GlobalMatch (spec 10 sections 6.9, 6.14, 6.31). All
// constant searches of a script on the same data are filtered in one pass (prefilter.h); a line costs a look at a bit
// then.
#include "ruleinterp/statements/assignments.h"
#include "ruleinterp/statements/families.h"

namespace pennypost::ruleinterp::families {
namespace {

// operands: data, search, value; a = the variable's slot.
Flow run_scan_line(Run& run, const Instruction& i) {
  std::string_view matched;
  if (!run.search(i, 0, 1, Run::OnMiss::keeps_count, &matched)) return Flow::next;
  const double amount = run.number(i.operands[2]) * run.weight(i);
  run.set(i.a, run.number_of(i.a) + amount);
  run.hit(i, run.text(i, 1), matched, amount);
  run.note("matched");
  return Flow::next;
}

}  // namespace

void compile_bulk_scan(Compiler& c) {
  Compiler::OpenBlock block;
  block.kind = Compiler::Opened::scan;
  block.line = {c.program().places.back().file, c.line()};
  if (c.expect_operands(1, 1)) {
    block.slot = c.operand(c.operands()[0], c.statement().parameters[0]).index;
    block.line.line = c.line();
    if (c.line().tag) block.rule = c.rule(c.line().tag->text);
  }
  c.open(std::move(block));
}

void compile_end_bulk_scan(Compiler& c) {
  if (c.expect_operands(0, 0) && c.innermost(Compiler::Opened::scan)) c.close();
}

void compile_scan_line(Compiler& c, const Compiler::OpenBlock& scan) {
  const Line& line = c.line();
  std::vector<Operand> operands;
  operands.push_back(c.operand(line.words[0], {Takes::data, "data", {}}));
  operands.push_back(c.operand(line.words[1], {Takes::search, "search", {}}));
  operands.push_back(c.text(line.words[2]));
  if (operands[2].constant()) operands[2].number = c.constant_number(line.words[2], "the value to add");
  const std::uint32_t address = c.here();
  Instruction& instruction = c.emit(run_scan_line);
  instruction.operands = std::move(operands);
  instruction.a = scan.slot;
  instruction.counts_itself = true;
  instruction.scans = true;
  if (instruction.rule == kNone) instruction.rule = scan.rule;
  c.searches_together(c.at(address), 0, 1);
}

Flow run_count_matches(Run& run, const Instruction& i) {
  std::size_t count = 0;
  bool too_much = false;
  if (const auto search = run.search_of(i.operands[1]))
    for (const std::string_view piece : run.data_pieces(i.operands[0]))
      too_much |= !run.each_match(*search, piece, [&](const Match&) { ++count; });
  if (too_much) run.warn("the expression cost too much here; counting ended early");
  run.set(Run::variable(i, 2), static_cast<double>(count));
  return Flow::next;
}

Flow run_global_match(Run& run, const Instruction& i) {
  Bag& bag = run.bag(i, 2);
  bag.clear();
  bool too_much = false;
  const bool possible = i.pattern == kNone || run.may_match(i);
  if (const auto search = possible ? run.search_of(i.operands[1]) : nullptr)
    for (const std::string_view piece : run.data_pieces(i.operands[0]))
      too_much |= !run.each_match(*search, piece, [&](const Match& match) {
        run.arena().charge(2 * sizeof(std::string_view));
        bag.add(match.groups[0]);
      });
  if (too_much) run.warn("the expression cost too much here; matching ended early");
  return Flow::next;
}

}  // namespace pennypost::ruleinterp::families
