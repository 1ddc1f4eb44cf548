// The one table of statements (spec 10 section 5, 11 section 1.1): the parser, *IFSUPPORT, completion, the manual and
// the list of coverage read it. Sorted by word. README.md of this folder says how to add a row.
#include <algorithm>
#include <string>

#include "ruleinterp/statements/families.h"
#include "ruleinterp/tables.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

using namespace families;

constexpr Parameter text(std::string_view name) { return {Takes::text, name, {}}; }
constexpr Parameter variable(std::string_view name) { return {Takes::variable, name, {}}; }
constexpr Parameter bag(std::string_view name) { return {Takes::bag, name, {}}; }
constexpr Parameter choice(std::string_view name, std::string_view words) { return {Takes::choice, name, words}; }
constexpr Parameter kData{Takes::data, "data", {}};
constexpr Parameter kSearch{Takes::search, "search", {}};

constexpr auto kStatements = std::to_array<Statement>({
    {"AddBag",
     "2.2.1",
     {choice("type", "unique multi"), bag("bag name"), text("value")},
     Block::none,
     nullptr,
     run_add_bag,
     "Adds a value to a bag; unique adds it only if the bag does not hold it yet.",
     "10 section 6.3"},
    {"AddNullAddress",
     "2.2.1",
     {text("address")},
     Block::none,
     compile_add_null_address,
     nullptr,
     "Makes an address exist whose mail is discarded after the script has seen it.",
     "10 section 6.7"},
    {"Break", "2.1.11", {}, Block::none, compile_break, nullptr, "Leaves the innermost loop.", "10 section 6.8"},
    {"BulkScan",
     "2.1.7",
     {variable("variable name")},
     Block::opens,
     compile_bulk_scan,
     nullptr,
     "Adds to a variable for each of the following lines <data> <search> <value> that matches.",
     "10 section 6.9"},
    {"ClearBag", "2.2.1", {bag("bag name")}, Block::none, nullptr, run_clear_bag, "Empties a bag.", "10 section 6.10"},
    {"Convert",
     "2.4.9",
     {text("data"), choice("conversion method", "Base64 DeBase64 UrlEncode Upper Lower Char Ord"),
      variable("variable name")},
     Block::none,
     nullptr,
     run_convert,
     "Converts a text to or from another form and stores it.",
     "10 section 6.11"},
    {"CopyBag",
     "6.17",
     {choice("operator", "overwrite add subtract"), bag("from bag"), bag("to bag")},
     Block::none,
     nullptr,
     run_copy_bag,
     "Copies a bag over another, adds its missing values to it, or takes its values out of it.",
     "10 section 6.13"},
    {"CountMatches",
     "2.3.13",
     {kData, kSearch, variable("variable name")},
     Block::none,
     nullptr,
     run_count_matches,
     "Counts how often the search matches in the data.",
     "10 section 6.14"},
    {"DefineRule",
     "2.1.9",
     {text("name"), text("default weight"), text("description")},
     Block::none,
     compile_define_rule,
     nullptr,
     "Names a rule and gives its default weight or weights.",
     "10 section 6.18"},
    {"DefineSetting",
     "2.1.9",
     {text("name"), text("default value"), text("description")},
     Block::none,
     compile_define_setting,
     nullptr,
     "Defines a setting that the administrator can change, read as ${setting_name}.",
     "10 section 6.19"},
    {"Else",
     "2.1.7",
     {},
     Block::alternative,
     compile_else,
     nullptr,
     "Begins what runs when the condition is false.",
     "10 section 6.33"},
    {"EndBulkScan", "2.1.7", {}, Block::closes, compile_end_bulk_scan, nullptr, "Ends BulkScan.", "10 section 6.9"},
    {"EndFor", "2.1.7", {}, Block::closes, compile_end_for, nullptr, "Ends ForEach.", "10 section 6.23"},
    {"EndIf",
     "2.1.7",
     {},
     Block::closes,
     compile_end_if,
     nullptr,
     "Ends If, IfMatch, IfInBag and IfLocalAddress.",
     "10 section 6.33"},
    {"Escape",
     "2.3.6",
     {variable("variable name")},
     Block::none,
     nullptr,
     run_escape,
     "Escapes the value of the variable for use inside an expression.",
     "10 section 6.22"},
    {"ForEach",
     "2.1.7",
     {text("loop type"), text("data"), variable("variable name")},
     Block::opens,
     compile_for_each,
     nullptr,
     "Runs the block once for each item, with the item in the variable.",
     "10 section 6.23"},
    {"GlobalMatch",
     "2.3.13",
     {kData, kSearch, bag("bag name")},
     Block::none,
     nullptr,
     run_global_match,
     "Puts every match of the search in the data into a bag.",
     "10 section 6.31"},
    {"Goto",
     "2.1.7",
     {text("label name")},
     Block::none,
     compile_goto,
     nullptr,
     "Continues at the line :label.",
     "10 section 6.32"},
    {"If",
     "2.1.7",
     {text("operand"), choice("relational operator", "== = <> != <= >= < >"), text("operand")},
     Block::opens,
     compile_if,
     nullptr,
     "Runs the block when the comparison holds.",
     "10 section 6.33"},
    {"IfInBag",
     "2.3.7",
     {bag("bag name"), text("value")},
     Block::opens,
     compile_if_in_bag,
     nullptr,
     "Runs the block when the bag holds the value, a match of the /expression/ or of the wildcards * and ?.",
     "10 section 6.35"},
    {"IfLocalAddress",
     "2.2.1",
     {text("address")},
     Block::opens,
     compile_if_local_address,
     nullptr,
     "Runs the block when the address belongs to this installation.",
     "10 section 6.36"},
    {"IfMatch",
     "2.1.7",
     {kData, kSearch},
     Block::opens,
     compile_if_match,
     nullptr,
     "Runs the block when the search matches in the data.",
     "10 section 6.37"},
    {"Log",
     "2.1.7",
     {text("text")},
     Block::none,
     nullptr,
     run_log,
     "Writes a line into the spam filter log.",
     "11 section 1.2"},
    {"RemoveBag",
     "2.2.1",
     {bag("bag name"), text("value")},
     Block::none,
     nullptr,
     run_remove_bag,
     "Takes the first such value out of a bag.",
     "11 section 1.3"},
    {"Replace",
     "2.3.5",
     {variable("variable name"), kSearch, text("replace")},
     Block::none,
     nullptr,
     run_replace,
     "Replaces every match of the search in the variable's value.",
     "11 section 1.6"},
    {"Stop", "2.1.7", {}, Block::none, nullptr, run_stop, "Ends the script for this message.", "11 section 1.10"},
});
constexpr bool less_ignoring_case(std::string_view a, std::string_view b) {
  const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::lexicographical_compare(a, b, {}, small, small);
}
static_assert(std::ranges::is_sorted(kStatements, less_ignoring_case, &Statement::word));

}  // namespace

std::size_t Statement::count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(parameters, [](const Parameter& p) { return p.takes != Takes::nothing; }));
}

std::span<const Statement> statements() { return kStatements; }

const Statement* find_statement(std::string_view word) {
  const auto found = std::ranges::lower_bound(kStatements, word, less_ignoring_case, &Statement::word);
  return found != kStatements.end() && equal_ignoring_case(found->word, word) ? &*found : nullptr;
}

std::string form_of(const Statement& statement) {
  std::string form{statement.word};
  for (const Parameter& parameter : std::span{statement.parameters}.first(statement.count())) {
    form += " <";
    if (parameter.takes == Takes::choice && parameter.choices.size() < 40) {
      for (const char c : parameter.choices) form += c == ' ' ? '|' : c;
    } else {
      form += parameter.name;
    }
    form += '>';
  }
  return form;
}

bool is_supported(std::string_view word) { return find_statement(word) || find_function(word); }

}  // namespace pennypost::ruleinterp
