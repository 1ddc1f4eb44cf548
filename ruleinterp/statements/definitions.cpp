// What is fixed when a script is loaded: DefineRule, DefineSetting (spec 10 sections 6.18, 6.19; 11 sections 3, 4) and
// the addresses of AddNullAddress (10 section 6.7). These lines do nothing when the script runs, AddNullAddress
// excepted.
#include <algorithm>

#include <fmt/format.h>

#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {
namespace {

constexpr std::size_t kMostWeights = 64;

// Read when the script is loaded, so a ${name} in it stays as it is written.
std::string constant(Compiler& c, const Word& word) {
  std::string text = unescaped(word);
  if (std::ranges::any_of(parts_of(text), &TextPart::variable))
    c.warning(word, "this is read when the script is loaded: a variable has no value here and stays as it is written");
  return text;
}

// The server registers the constant ones when it loads the script; one with variables is known only here.
Flow run_add_null_address(Run& run, const Instruction& i) {
  run.note(fmt::format("null address {}", run.text(i, 0)));
  run.arena().charge(run.text(i, 0).size() + sizeof(std::string));
  run.outcome().null_addresses.emplace_back(run.text(i, 0));
  return Flow::next;
}

}  // namespace

void compile_define_rule(Compiler& c) {
  if (!c.expect_operands(3, 2 + kMostWeights)) return;
  const auto words = c.operands();
  const std::string name = constant(c, words.front());
  Rule& rule = c.program().rules[c.rule(name)];
  if (rule.defined) c.warning(words.front(), fmt::format("the rule {} is defined twice; this line counts", name));
  rule.defined = true;
  if (name.find_first_of(" \t") != std::string::npos)
    c.warning(words.front(), "no line can name this rule: what stands in [ ] is one word");
  rule.weights.clear();
  for (const Word& word : words.subspan(1, words.size() - 2)) {
    rule.weights.push_back(c.constant_number(word, "a weight"));
  }
  rule.description = constant(c, words.back());
}

void compile_define_setting(Compiler& c) {
  if (!c.expect_operands(3, 3)) return;
  const auto words = c.operands();
  SettingDefinition setting{constant(c, words[0]), constant(c, words[1]), constant(c, words[2])};
  for (SettingDefinition& known : c.program().settings)
    if (equal_ignoring_case(known.name, setting.name)) {
      c.warning(words[0], fmt::format("the setting {} is defined twice; this line counts", setting.name));
      known = std::move(setting);
      return;
    }
  c.program().settings.push_back(std::move(setting));
}

void compile_add_null_address(Compiler& c) {
  if (!c.expect_operands(1, 1)) return;
  Operand address = c.text(c.operands()[0]);
  if (address.constant() && !c.inside_any_block()) c.program().null_addresses.push_back(address.text);
  c.emit(run_add_null_address).operands.push_back(std::move(address));
}

}  // namespace pennypost::ruleinterp::families
