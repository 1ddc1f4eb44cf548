// DBInsert, DBUpdate, DBQueryOne (spec 10 sections 4.4, 6.15 to 6.17). Needs the host's spam filter database; without
// one, or when it fails, results are empty (0 for count and sum). Nothing here becomes SQL text: words are
// enumerations.
#include "ruleinterp/statements/database.h"

#include <fmt/format.h>

#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {

std::optional<Comparator> comparator_of(std::string_view word, std::string_view key) {
  using K = Comparator::Kind;
  struct Sign {
    std::string_view word;
    K kind;
  };
  static constexpr auto kSigns = std::to_array<Sign>({{"=", K::equal},
                                                      {"==", K::equal},
                                                      {"<>", K::unequal},
                                                      {"!=", K::unequal},
                                                      {"<", K::less},
                                                      {">", K::greater},
                                                      {"<=", K::less_or_equal},
                                                      {">=", K::greater_or_equal}});
  static constexpr auto kWords = std::to_array<Sign>({{"eq", K::equal},
                                                      {"ne", K::unequal},
                                                      {"lt", K::less},
                                                      {"gt", K::greater},
                                                      {"le", K::less_or_equal},
                                                      {"ge", K::greater_or_equal}});
  Comparator made;
  if (equal_ignoring_case(word, "like") || equal_ignoring_case(word, "ilike")) {
    made.kind = K::like;
    made.ignores_case = word.size() == 5;
    return made;
  }
  if (word.starts_with('~') || word.starts_with("!~")) {
    made.kind = word[0] == '!' ? K::matches_not : K::matches;
    const std::string_view rest = word.substr(word[0] == '!' ? 2 : 1);
    made.ignores_case = rest == "*";
    return rest.empty() || rest == "*" ? std::optional{made} : std::nullopt;
  }
  std::string_view sign = word;
  if (sign.size() > 1 && sign.ends_with('*')) {
    made.ignores_case = true;
    sign.remove_suffix(1);
  }
  for (const Sign& row : kSigns) {
    if (row.word != sign) continue;
    made.kind = row.kind;
    made.as = !made.ignores_case && as_number(key) ? Comparator::As::number : Comparator::As::text;
    return made;
  }
  if (made.ignores_case) return {};
  std::string_view name = word;
  if (name.size() == 3 && lower(name[2]) == 'i') {
    made.ignores_case = true;
    name.remove_suffix(1);
  }
  for (const Sign& row : kWords) {
    if (!equal_ignoring_case(row.word, name)) continue;
    made.kind = row.kind;
    return made;
  }
  return {};
}

namespace families {
namespace {

constexpr std::size_t kRecord = 128;  // octets of a record besides its texts

// Records count as texts that the script makes, so that a loop around DBInsert ends at the memory limit.
void charge_record(Run& run, const Instruction& i) {
  run.arena().charge(kRecord + run.text(i, 1).size() + run.text(i, 2).size() + run.text(i, 3).size());
}

}  // namespace

Flow run_db_insert(Run& run, const Instruction& i) {
  const std::uint32_t how = run.choice(i, 0, "unique multi");
  if (how == kNone) return Flow::next;
  if (!run.host().database) {
    run.warn_missing("spam filter database");
    return Flow::next;
  }
  charge_record(run, i);
  run.host().database->insert(how == 0 ? Insert::unique : Insert::multi, run.text(i, 1), run.text(i, 2),
                              run.text(i, 3));
  return Flow::next;
}

Flow run_db_update(Run& run, const Instruction& i) {
  const std::uint32_t how = run.choice(i, 2, kUpdateOperators);
  if (how == kNone) return Flow::next;
  if (!run.host().database) {
    run.warn_missing("spam filter database");
    return Flow::next;
  }
  charge_record(run, i);
  // The weight of a rule multiplies every number that a statement works with (spec 11 section 3.1).
  std::string value{run.text(i, 3)};
  const bool is_sum = how == 1 || how == 2;
  if (i.rule != kNone && (is_sum || as_number(value))) {
    const double amount = leading_number(value) * run.weight(i);
    value = number_text(amount);
    run.hit(i, {}, {}, amount);
  }
  run.host().database->update(run.text(i, 0), run.text(i, 1), static_cast<Update>(how), value);
  return Flow::next;
}

Flow run_db_query_one(Run& run, const Instruction& i) {
  const std::uint32_t into = Run::variable(i, 4);
  const std::uint32_t type = run.choice(i, 1, kAggregates);
  const std::string_view key = run.text(i, 3);
  const auto comparator = comparator_of(run.text(i, 2), key);
  if (!comparator) run.warn(fmt::format("'{}' is no comparator", run.text(i, 2)));
  if (!run.host().database) run.warn_missing("spam filter database");
  if (type == kNone || !comparator || !run.host().database) {
    run.set(into, std::string_view{});
    return Flow::next;
  }
  const auto aggregate = static_cast<Aggregate>(type);
  std::string_view interval = trim(run.text_of(run.program().db_query_time));
  if (!interval.empty() && !run.host().database->is_interval(interval)) {
    run.warn(fmt::format("'{}' is no INTERVAL; the query has no time limit", interval));
    interval = {};
  }
  const auto found = run.host().database->query(run.text(i, 0), aggregate, *comparator, key, interval);
  const bool counts = aggregate == Aggregate::count || aggregate == Aggregate::sum;
  run.set(into, found ? std::string_view{*found} : counts ? "0" : "");
  return Flow::next;
}

}  // namespace families
}  // namespace pennypost::ruleinterp
