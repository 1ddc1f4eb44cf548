// `pennypost rules words` (issue 3). Works on loaded lines, so that a script that does not compile shows its words too.
#include "ruleinterp/tools/words.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "ruleinterp/compile.h"
#include "ruleinterp/tables.h"

namespace pennypost::ruleinterp {
namespace {

class Collector {
 public:
  explicit Collector(const Script& script) : script_{script} {}

  Words run() {
    bool in_scan = false;
    for (const ScriptLine& line : script_.lines) {
      here_ = &line;
      const auto& words = line.line.words;
      if (line.line.kind == LineKind::assignment) {
        assignment(line.line);
        continue;
      }
      if (line.line.kind != LineKind::statement || words.empty()) continue;
      const Statement* statement = words[0].quoted ? nullptr : find_statement(words[0].text);
      if (in_scan && !(statement && statement->word == "EndBulkScan")) {
        selector(words[0].text);
        variables_in(line.line, 0);
        continue;
      }
      use(found_.statements, statement ? statement->word : words[0].text, statement != nullptr, {});
      if (statement) parameters(*statement, line.line);
      variables_in(line.line, 1);
      if (statement && statement->word == "BulkScan") in_scan = true;
      if (statement && statement->word == "EndBulkScan") in_scan = false;
    }
    for (auto& [name, variable] : found_.variables) {
      if (find_builtin(name) || set_.contains(name)) continue;
      const bool number = std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
      const bool made = starts_ignoring_case(name, "setting_") || starts_ignoring_case(name, "weight_") || number;
      variable.known = made;
      if (!made) variable.note = "never set";
    }
    return std::move(found_);
  }

 private:
  void use(Words::Uses& uses, std::string_view word, bool known, std::string note) {
    WordUse& entry = uses[std::string{word}];
    if (entry.count++ > 0) return;
    entry.known = known;
    entry.note = std::move(note);
    entry.file = script_.files[here_->file]->name;
    entry.line = here_->line.number;
  }

  void selector(std::string_view word) {
    if (std::ranges::any_of(parts_of(word), &TextPart::variable)) return;  // a text, not the name of a selector
    if (const Selector* row = find_selector(word)) return use(found_.selectors, row->word, true, {});
    use(found_.selectors, word, true, starts_ignoring_case(word, "raw-") ? "raw header field" : "header field");
  }

  void parameters(const Statement& statement, const Line& line) {
    if (statement.word == "ForEach") {
      if (line.words.size() < 3) return;
      const LoopType* type = find_loop_type(line.words[1].text);
      use(found_.loop_types, type ? type->word : line.words[1].text, type != nullptr, {});
      sets(line.words[type && type->data != Takes::nothing && line.words.size() > 3 ? 3 : 2].text);
      return;
    }
    for (std::size_t i = 0; i < statement.count() && i + 1 < line.words.size(); ++i) {
      if (statement.parameters[i].takes == Takes::data) selector(line.words[i + 1].text);
      if (statement.parameters[i].takes == Takes::variable) sets(line.words[i + 1].text);
    }
  }

  void sets(std::string_view name) {
    const auto parts = parts_of(name);
    if (parts.size() == 1 && parts[0].variable) name = parts[0].text;
    set_.emplace(name);
    use(found_.variables, name, true, {});
  }

  void assignment(const Line& line) {
    sets(line.words[0].text);
    if (line.words.size() > 2 && !line.words[2].quoted) {
      const Function* function = find_function(line.words[2].text);
      const bool operand_follows =
          line.words.size() > 3 && !line.words[3].text.starts_with('#') && !line.words[3].text.starts_with('[');
      if (function) {
        use(found_.functions, function->word, true, {});
      } else if (operand_follows) {
        use(found_.functions, line.words[2].text, false, {});
      }
    }
    variables_in(line, 2);
  }

  void variables_in(const Line& line, std::size_t from) {
    for (std::size_t i = from; i < line.words.size(); ++i)
      for (const TextPart& part : parts_of(line.words[i].text))
        if (part.variable) use(found_.variables, part.text, true, {});
  }

  const Script& script_;
  const ScriptLine* here_ = nullptr;
  Words found_;
  std::set<std::string, LessIgnoringCase> set_;
};

template <typename Act>
void for_each_kind(const Words& words, Act act) {
  act("statements", words.statements);
  act("functions", words.functions);
  act("selectors", words.selectors);
  act("loopTypes", words.loop_types);
  act("variables", words.variables);
}

}  // namespace

Words words_of(const Script& script) { return Collector{script}.run(); }

std::string describe(const Words& words) {
  std::string out;
  for_each_kind(words, [&](std::string_view kind, const Words::Uses& uses) {
    out += fmt::format("{}:\n", kind);
    for (const auto& [word, use] : uses)
      out += fmt::format("  {}{:<28} {:>6}  {}:{}{}\n", use.known ? "  " : "? ", word, use.count, use.file, use.line,
                         use.note.empty() ? (use.known ? "" : "  not known") : "  " + use.note);
  });
  return out;
}

std::string to_json(const Words& words) {
  std::string out = "{";
  for_each_kind(words, [&](std::string_view kind, const Words::Uses& uses) {
    out += fmt::format("{}\"{}\":[", out.size() > 1 ? "," : "", kind);
    bool first = true;
    for (const auto& [word, use] : uses) {
      out += fmt::format("{}{{\"word\":{},\"count\":{},\"known\":{},\"file\":{},\"line\":{},\"note\":{}}}",
                         first ? "" : ",", json_text(word), use.count, use.known, json_text(use.file), use.line,
                         json_text(use.note));
      first = false;
    }
    out += "]";
  });
  return out + "}";
}

}  // namespace pennypost::ruleinterp
