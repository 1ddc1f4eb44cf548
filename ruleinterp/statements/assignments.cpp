// Assignments and the functions on their right side (spec 10 sections 3.2, 3.3). A function that the table does not
// know is a warning and the line does nothing; a result that is no number (division by zero, overflow) changes nothing.
#include "ruleinterp/statements/assignments.h"

#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "ruleinterp/machine.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

double number_of(std::string_view operand) { return leading_number(operand); }

Value calc_bayes(Run& run, std::string_view) {
  if (run.host().bayes) return Value::of(run.host().bayes->probability(run.mail()));
  run.warn_missing("Bayesian database", "50");
  return Value::of(50.0);
}

// Whole days since 1 January 1601, UTC (1970-01-01 is 134774).
Value get_date_now(Run& run, std::string_view) {
  const auto days = std::chrono::floor<std::chrono::days>(run.host().now()).time_since_epoch().count();
  return Value::of(static_cast<double>(days + 134774));
}

constexpr auto kFunctions = std::to_array<Function>({
    {"ABS", "2.2.1", true, [](Run&, std::string_view v) { return Value::of(std::abs(number_of(v))); },
     "The absolute value."},
    {"CalcBayes", "2.1.7", false, calc_bayes,
     "The probability in percent that the message is spam, by the Bayesian database."},
    {"CEIL", "2.2.1", true, [](Run&, std::string_view v) { return Value::of(std::ceil(number_of(v))); },
     "The smallest integer that is not less."},
    {"FLOOR", "2.2.1", true, [](Run&, std::string_view v) { return Value::of(std::floor(number_of(v))); },
     "The largest integer that is not greater."},
    {"GetDateNow", "2.2.1", false, get_date_now, "Today as days since 1 January 1601, UTC."},
    {"INT", "2.2.1", true, [](Run&, std::string_view v) { return Value::of(std::trunc(number_of(v))); },
     "The number without its fraction."},
    {"LENGTH", "2.3.7", true,
     [](Run&, std::string_view v) { return Value::of(static_cast<double>(length_in_characters(v))); },
     "The length in characters."},
});

}  // namespace

std::span<const Function> functions() { return kFunctions; }

const Function* find_function(std::string_view word) {
  for (const Function& function : kFunctions)
    if (equal_ignoring_case(function.word, word)) return &function;
  return nullptr;
}

namespace families {
namespace {

enum class Operator : std::uint8_t { set, add, subtract, multiply, divide, append };

Operator operator_of(std::string_view word) {
  switch (word[0]) {
    case '+':
      return Operator::add;
    case '-':
      return Operator::subtract;
    case '*':
      return Operator::multiply;
    case '/':
      return Operator::divide;
    case '.':
      return Operator::append;
    default:
      return Operator::set;
  }
}

// The right side: a = the variable, b = the function or kNone, operands[0] = the operand, if any.
Value right_side(Run& run, const Instruction& i) {
  if (i.b != kNone) return kFunctions[i.b].compute(run, i.operands.empty() ? std::string_view{} : run.text(i, 0));
  const Operand& operand = i.operands[0];
  if (operand.constant()) {
    if (!operand.numeric) return Value::of(std::string_view{operand.text});
    Value both = Value::of(operand.number);  // keeps the text as written: "007" stays "007"
    both.text = operand.text;
    both.has_text = true;
    return both;
  }
  if (operand.pieces.size() == 1) return run.get(operand.pieces[0].slot);
  return Value::of(run.text(operand));
}

double as_amount(const Value& value) {
  return value.kind == Value::Kind::number ? value.number : leading_number(value.text);
}

Flow run_set(Run& run, const Instruction& i) {
  Value value = right_side(run, i);
  if (i.rule != kNone) {
    // The weight multiplies a number, never a text that is none (spec 10 section 3.2, proposal).
    const bool number = value.kind == Value::Kind::number || as_number(value.text).has_value();
    if (number) {
      const double amount = as_amount(value) * run.weight(i);
      run.set(i.a, amount);
      run.hit(i, {}, {}, amount);
      return Flow::next;
    }
  }
  if (value.kind == Value::Kind::number && !value.has_text) {
    run.set(i.a, value.number);
  } else if (i.b == kNone && i.operands[0].pieces.size() == 1) {
    run.set_lasting(i.a, run.text(i.operands[0]));
  } else {
    run.set_lasting(i.a, value.text);
  }
  return Flow::next;
}

template <Operator op>
Flow run_change(Run& run, const Instruction& i) {
  const double amount = as_amount(right_side(run, i)) * run.weight(i);
  const double old = run.number_of(i.a);
  double changed = old;
  if constexpr (op == Operator::add) changed = old + amount;
  if constexpr (op == Operator::subtract) changed = old - amount;
  if constexpr (op == Operator::multiply) changed = old * amount;
  if constexpr (op == Operator::divide) {
    if (amount == 0) {
      run.warn("division by zero; the variable keeps its value");
      return Flow::next;
    }
    changed = old / amount;
  }
  run.set(i.a, changed);
  if (i.rule != kNone) run.hit(i, {}, {}, changed - old);
  return Flow::next;
}

Flow run_append(Run& run, const Instruction& i) {
  const Value value = right_side(run, i);
  if (i.b == kNone) {
    run.append(i.a, run.text(i, 0));
  } else {
    run.append(i.a, value.kind == Value::Kind::number ? std::string_view{number_text(value.number)} : value.text);
  }
  return Flow::next;
}

Execute execute_of(Operator op) {
  switch (op) {
    case Operator::set:
      return run_set;
    case Operator::add:
      return run_change<Operator::add>;
    case Operator::subtract:
      return run_change<Operator::subtract>;
    case Operator::multiply:
      return run_change<Operator::multiply>;
    case Operator::divide:
      return run_change<Operator::divide>;
    case Operator::append:
      return run_append;
  }
  return run_set;
}

}  // namespace

void compile_assignment(Compiler& c) {
  // words: variable, operator, [function,] value
  const Word function_word = c.line().words[2];
  const Function* function = function_word.quoted ? nullptr : find_function(function_word.text);
  bool takes_operand = function && function->takes_operand;
  if (takes_operand && c.line().words.size() < 4) {
    c.warning(function_word, fmt::format("{} has no operand and is taken as a text", function->word));
    function = nullptr;
    takes_operand = false;
  }
  const std::size_t words = takes_operand ? 4 : 3;
  if (!c.expect_right_side(words)) return;
  const Operator op = operator_of(c.line().words[1].text);
  Instruction made;
  made.a = c.assigned_variable();
  if (function) made.b = static_cast<std::uint32_t>(function - kFunctions.data());
  if (!function || takes_operand) made.operands.push_back(c.text(c.line().words[words - 1]));
  Instruction& emitted = c.emit(execute_of(op));
  emitted.a = made.a;
  emitted.b = made.b;
  emitted.operands = std::move(made.operands);
}

}  // namespace families
}  // namespace pennypost::ruleinterp
