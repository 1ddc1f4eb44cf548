// Printing the manual from the tables (STYLE: each fact is written once). Needs nothing.
#include "ruleinterp/tools/manual.h"

#include <fmt/format.h>

#include "ruleinterp/tables.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

// A table's cell: | would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string since(std::string_view version) { return version.empty() ? "not known" : std::string{version}; }

}  // namespace

std::string manual_of_words() {
  std::string out = "### Statements\n\n| statement | since | what it does |\n|---|---|---|\n";
  for (const Statement& s : statements())
    out += fmt::format("| `{}` | {} | {} |\n", cell(form_of(s)), since(s.since), cell(s.says));
  out +=
      "\nDirectives of the parser: `*IFSUPPORT <statement or function>` ... `*ENDIF`, `*STOP`, `Include <file "
      "name>`.\n";
  for (const Statement& s : statements())
    for (const Parameter& p : s.parameters)
      if (p.takes == Takes::choice && p.choices.size() >= 40)
        out += fmt::format("\n`<{}>` of `{}` is one of: `{}`\n", p.name, s.word, cell(p.choices));
  out += "\n### Functions\n\n| function | since | result |\n|---|---|---|\n";
  for (const Function& f : functions())
    out += fmt::format("| `{}{}` | {} | {} |\n", f.word, f.takes_operand ? " <operand>" : "", since(f.since),
                       cell(f.says));
  out += "\n### Selectors\n\n| selector | since | what is searched |\n|---|---|---|\n";
  for (const Selector& s : selectors())
    out += fmt::format("| `{}` | {} | {} |\n", s.word, since(s.since), cell(s.says));
  out +=
      "| `<header name>` | 2.1.7 | each field of that name, encoded words decoded |\n"
      "| `Raw-<header name>` | 2.1.7 | the same without decoding |\n"
      "| `${name}` | 2.1.7 | the value of a variable |\n";
  out += "\n### Loop types of ForEach\n\n| type | since | items |\n|---|---|---|\n";
  for (const LoopType& t : loop_types())
    out += fmt::format("| `{}{}` | {} | {} |\n", t.word,
                       t.data == Takes::nothing ? ""
                       : t.data == Takes::bag   ? " <bag>"
                                                : " <header name>",
                       since(t.since), cell(t.says));
  out += "\n### Variables that have a value at the start\n\n| variable | since | value |\n|---|---|---|\n";
  for (const Builtin& b : builtins())
    out += fmt::format("| `${{{}}}` | {} | {} |\n", b.word, since(b.since), cell(b.says));
  out +=
      "| `${0}`, `${1}`, ... | 2.2.1 | The last match of an expression and its groups. |\n"
      "| `${Weight_<rule>}` | 2.2.1 | The weight of a rule in the current bank. |\n"
      "| `${setting_<name>}` | 2.1.9 | The value of a script setting. |\n";
  return out;
}

std::string manual_of(std::string_view word) {
  if (const Statement* s = find_statement(word))
    return fmt::format("`{}`\n\n{}\n\nSince {}.", form_of(*s), s->says, since(s->since));
  if (const Function* f = find_function(word))
    return fmt::format("`{}{}`\n\n{}\n\nSince {}.", f->word, f->takes_operand ? " <operand>" : "", f->says,
                       since(f->since));
  if (const Builtin* b = find_builtin(word))
    return fmt::format("`${{{}}}`\n\n{}\n\nSince {}.", b->word, b->says, since(b->since));
  if (const Selector* s = find_selector(word))
    return fmt::format("`{}` searches {}.\n\nSince {}.", s->word, s->says, since(s->since));
  return {};
}

}  // namespace pennypost::ruleinterp
