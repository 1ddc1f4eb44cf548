// What decides which line comes next: If and its kin, ForEach, Break, Goto, Stop (spec 10 sections 4.1, 6.8, 6.23,
// 6.32, 6.33, 6.35 to 6.37; 11 section 1.10). A condition that cannot be judged is false. A loop runs over a snapshot.
#include <algorithm>

#include <fmt/format.h>

#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {
namespace {

enum class Relation : std::uint32_t {
  equal,
  equal_short,
  unequal,
  unequal_c,
  less_or_equal,
  greater_or_equal,
  less,
  greater
};

// Numbers when both sides are numeric, otherwise octets (spec 10 section 4.1, proposal): the one place that decides it.
bool holds(Run& run, const Operand& left, Relation relation, const Operand& right) {
  int order = 0;
  const std::optional<double> a = run.numeric(left);
  const std::optional<double> b = a ? run.numeric(right) : std::nullopt;
  if (a && b) {
    order = *a < *b ? -1 : *a > *b ? 1 : 0;
  } else {
    order = run.text(left).compare(run.text(right));
  }
  switch (relation) {
    case Relation::equal:
    case Relation::equal_short:
      return order == 0;
    case Relation::unequal:
    case Relation::unequal_c:
      return order != 0;
    case Relation::less_or_equal:
      return order <= 0;
    case Relation::greater_or_equal:
      return order >= 0;
    case Relation::less:
      return order < 0;
    case Relation::greater:
      return order > 0;
  }
  return false;
}

Flow chosen(Run& run, bool condition) {
  run.note(condition ? "true" : "false");
  return condition ? Flow::next : Flow::jump;
}

Flow run_if(Run& run, const Instruction& i) {
  return chosen(run, holds(run, i.operands[0], static_cast<Relation>(i.operands[1].index), i.operands[2]));
}

Flow run_if_match(Run& run, const Instruction& i) {
  std::string_view matched;
  const bool found = run.search(i, 0, 1, Run::OnMiss::clears_count, &matched);
  if (found && i.rule != kNone) run.hit(i, run.text(i, 1), matched, 0);
  return chosen(run, found);
}

Flow run_if_in_bag(Run& run, const Instruction& i) { return chosen(run, bag_holds(run, run.bag(i, 0), i.operands[1])); }

Flow run_if_local_address(Run& run, const Instruction& i) {
  const std::string_view address = run.text(i, 0);
  if (!run.host().directory) {
    run.warn_missing("directory of users");
    return chosen(run, false);
  }
  const std::string type = address.empty() ? std::string{} : run.host().directory->address_type(address);
  return chosen(run, !type.empty() && type != "Remote");  // no type: the directory could not say
}

// Break, Goto, and the end of what stands before Else. A rule is counted here because the flow is no `next`.
Flow run_jump(Run& run, const Instruction& i) {
  if (i.rule != kNone) run.hit(i, {}, {}, 0);
  for (std::uint32_t left = i.a == kNone ? 0 : i.a; left > 0; --left) run.leave_loop();
  return Flow::jump;
}

// Opens a block on a condition that was just emitted; its jump is filled in by Else or EndIf.
void open_if(Compiler& c) {
  Compiler::OpenBlock block;
  block.kind = Compiler::Opened::if_block;
  block.begin = c.here() - 1;
  block.line = {c.program().places[c.at(block.begin).place].file, c.line()};
  c.open(std::move(block));
}

void compile_condition(Compiler& c, Execute run) {
  const std::size_t count = c.statement().count();
  if (!c.expect_operands(count, count)) {
    // The block is opened all the same, so that its EndIf is no second problem.
    c.emit(run);
    return open_if(c);
  }
  std::vector<Operand> operands;
  for (std::size_t i = 0; i < count; ++i) operands.push_back(c.operand(c.operands()[i], c.statement().parameters[i]));
  c.emit(run).operands = std::move(operands);
  open_if(c);
}

// Gives the innermost loop its next item; a loop without one is left.
bool take_item(Run& run) {
  Run::Loop& loop = run.loops().back();
  if (loop.next < loop.items.size()) {
    run.set_lasting(loop.slot, loop.items[loop.next++]);
    return true;
  }
  run.leave_loop();
  return false;
}

Flow run_for_each(Run& run, const Instruction& i) {
  Run::Loop loop;
  loop.slot = i.operands[0].index;
  run.loops().push_back(std::move(loop));
  loop_types()[i.a].items(run, i.operands.size() > 1 ? &i.operands[1] : nullptr);
  run.note(fmt::format("{} items", run.loops().back().items.size()));
  if (i.rule != kNone) run.hit(i, {}, {}, 0);
  return take_item(run) ? Flow::next : Flow::jump;  // behind EndFor
}

Flow run_end_for(Run& run, const Instruction&) { return take_item(run) ? Flow::jump : Flow::next; }

}  // namespace

void compile_if(Compiler& c) { compile_condition(c, run_if); }

void compile_if_match(Compiler& c) {
  const std::uint32_t address = c.here();
  compile_condition(c, run_if_match);
  if (c.at(address).operands.size() == 2) {
    c.at(address).counts_itself = true;
    c.searches_together(c.at(address), 0, 1);
  }
}

void compile_if_in_bag(Compiler& c) { compile_condition(c, run_if_in_bag); }
void compile_if_local_address(Compiler& c) { compile_condition(c, run_if_local_address); }

void compile_else(Compiler& c) {
  if (!c.expect_operands(0, 0)) return;
  Compiler::OpenBlock* block = c.innermost(Compiler::Opened::if_block);
  if (!block) return;
  if (block->has_else) {
    c.error(fmt::format("a second Else for the block of line {}", block->line.line.number));
    return;
  }
  block->has_else = true;
  c.emit(run_jump).rule = kNone;  // the jump over the other side is no statement that is carried out
  block->exits.push_back(c.here() - 1);
  c.at(block->begin).target = c.here();
}

void compile_end_if(Compiler& c) {
  if (!c.expect_operands(0, 0) || !c.innermost(Compiler::Opened::if_block)) return;
  const Compiler::OpenBlock block = c.close();
  if (!block.has_else) c.at(block.begin).target = c.here();
  for (const std::uint32_t jump : block.exits) c.at(jump).target = c.here();
}

void compile_for_each(Compiler& c) {
  const std::uint32_t begin = c.here();
  c.emit(run_for_each);
  const auto open = [&] {
    Compiler::OpenBlock block;
    block.kind = Compiler::Opened::loop;
    block.begin = begin;
    block.line = {c.program().places[c.at(begin).place].file, c.line()};
    c.open(std::move(block));
  };
  if (!c.expect_operands(1, 3)) return open();
  const Word type_word = c.operands()[0];
  const LoopType* type = find_loop_type(type_word.text);
  if (!type) {
    std::vector<std::string_view> names;
    for (const LoopType& row : loop_types()) names.push_back(row.word);
    Problem& problem = c.error(type_word, fmt::format("ForEach knows no '{}'", type_word.text));
    problem.expected = fmt::format("{}", fmt::join(names, ", "));
    problem.suggestion = closest(type_word.text, names);
    return open();
  }
  const std::size_t count = type->data == Takes::nothing ? 2 : 3;
  if (c.expect_operands(count, count)) {
    std::vector<Operand> operands;
    operands.push_back(c.operand(c.operands()[count - 1], {Takes::variable, "variable name", {}}));
    if (count == 3) operands.push_back(c.operand(c.operands()[1], {type->data, "data", {}}));
    c.at(begin).operands = std::move(operands);
    c.at(begin).a = static_cast<std::uint32_t>(type - loop_types().data());
    if (c.line().tag) c.at(begin).rule = c.rule(c.line().tag->text);
  }
  open();
}

void compile_end_for(Compiler& c) {
  if (!c.expect_operands(0, 0) || !c.innermost(Compiler::Opened::loop)) return;
  const Compiler::OpenBlock block = c.close();
  c.emit(run_end_for).target = block.begin + 1;
  c.at(block.begin).target = c.here();
  for (const std::uint32_t jump : block.exits) c.at(jump).target = c.here();
}

void compile_break(Compiler& c) {
  if (!c.expect_operands(0, 0)) return;
  Compiler::OpenBlock* loop = c.enclosing_loop();
  if (!loop) {
    c.error("Break stands in no loop");
    return;
  }
  c.emit(run_jump).a = 1;
  loop->exits.push_back(c.here() - 1);
}

void compile_goto(Compiler& c) {
  if (!c.expect_operands(1, 1)) return;
  Word label = c.operands()[0];
  if (label.text.starts_with(':')) {
    c.warning(label, "the colon is not part of the label's name");
    label.text.remove_prefix(1);
  }
  c.emit(run_jump);
  c.jump_to_label(c.here() - 1, label);
}

Flow run_stop(Run& run, const Instruction&) {
  run.outcome().ended = Ended::stop;
  return Flow::stop;
}

}  // namespace pennypost::ruleinterp::families
