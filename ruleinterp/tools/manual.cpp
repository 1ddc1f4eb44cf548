// Printing the manual from the tables (STYLE: each fact is written once). Needs nothing.
#include "ruleinterp/tools/manual.h"

#include <algorithm>

#include <fmt/format.h>

#include "ruleinterp/tables.h"
#include "ruleinterp/text.h"
#include "ruleinterp/tools/manual_pages.h"

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

// Form, sentence, notes and example of a statement.
std::string page_of(const Statement& statement) {
  std::string out = fmt::format("`{}`\n\n{}\n", form_of(statement), statement.says);
  const ManualPage* page = find_manual_page(statement.word);
  if (page && !page->notes.empty()) out += fmt::format("\n{}\n", page->notes);
  for (const Parameter& p : statement.parameters)
    if (p.takes == Takes::choice && p.choices.size() >= 40)
      out += fmt::format("\n`<{}>` is one of `{}`.\n", p.name, p.choices);
  if (!page || page->example.empty()) return out;
  out += '\n';
  for (std::string_view rest = page->example; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    out.append("    ").append(rest.substr(0, end + 1));
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

std::string manual_of_words() {
  std::string out = "### Statements\n\n| statement | since | what it does |\n|---|---|---|\n";
  for (const Statement& s : statements())
    out += fmt::format("| `{}` | {} | {} |\n", cell(form_of(s)), since(s.since), cell(s.says));
  out +=
      "\nDirectives of the parser: `*IFSUPPORT <statement or function>` ... `*ENDIF`, `*STOP`, `Include <file "
      "name>`.\n";
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
  out += "\n### Each statement\n";
  for (const Statement& s : statements()) {
    const ManualPage* page = find_manual_page(s.word);
    if (page && page->example.empty()) continue;  // the words of a block stand with the one that opens it
    out += fmt::format("\n#### {}\n\n{}", s.word, page_of(s));
  }
  return out;
}

std::string manual_of(std::string_view word) {
  if (const Statement* s = find_statement(word)) return fmt::format("{}\nSince {}.", page_of(*s), since(s->since));
  if (const Function* f = find_function(word))
    return fmt::format("`{}{}`\n\n{}\n\nSince {}.", f->word, f->takes_operand ? " <operand>" : "", f->says,
                       since(f->since));
  if (const Builtin* b = find_builtin(word))
    return fmt::format("`${{{}}}`\n\n{}\n\nSince {}.", b->word, b->says, since(b->since));
  if (const LoopType* t = find_loop_type(word))
    return fmt::format("`ForEach {}`: {}.\n\nSince {}.", t->word, t->says, since(t->since));
  if (const Selector* s = find_selector(word))
    return fmt::format("`{}` searches {}.\n\nSince {}.", s->word, s->says, since(s->since));
  return {};
}

}  // namespace pennypost::ruleinterp
