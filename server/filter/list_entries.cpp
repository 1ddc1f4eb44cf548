// Reading of list entries, files and conditions (see the header). Everything is text from an administrator: what is
// wrong is said with its place, and nothing of it is used half.
#include "server/filter/list_entries.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "ruleinterp/regex.h"
#include "server/base/limits.h"
#include "server/base/text.h"

namespace pennypost::filter {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMostConditions = 20;

std::optional<std::string> objection_to_expression(std::string_view entry) {
  ruleinterp::Regex::Error failure;
  if (ruleinterp::Search::make(entry, failure)) return std::nullopt;
  return fmt::format("the expression is not understood: {}", failure.text);
}

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

enum class Comparator { less, less_or_equal, greater, greater_or_equal, equal, unequal };

struct ComparatorWord {
  std::string_view word;
  Comparator comparator;
};
constexpr auto kComparators = std::to_array<ComparatorWord>({{"<=", Comparator::less_or_equal},
                                                             {">=", Comparator::greater_or_equal},
                                                             {"<>", Comparator::unequal},
                                                             {"!=", Comparator::unequal},
                                                             {"==", Comparator::equal},
                                                             {"<", Comparator::less},
                                                             {">", Comparator::greater},
                                                             {"=", Comparator::equal}});

bool compare(double a, Comparator comparator, double b) {
  switch (comparator) {
    case Comparator::less:
      return a < b;
    case Comparator::less_or_equal:
      return a <= b;
    case Comparator::greater:
      return a > b;
    case Comparator::greater_or_equal:
      return a >= b;
    case Comparator::equal:
      return a == b;
    case Comparator::unequal:
      return a != b;
  }
  return false;
}

double days_between(Timestamp then, Timestamp now) {
  return std::chrono::duration<double, std::chrono::days::period>(now - then).count();
}

std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size() || !std::isfinite(number) || number < 0) return {};
  return number;
}

std::optional<double> age_in(std::string_view text) {
  double unit = 1;
  if (!text.empty() && is_letter(text.back())) {
    switch (ascii_lower(text.back())) {
      case 'h':
        unit = 1.0 / 24;
        break;
      case 'd':
        break;
      case 'w':
        unit = 7;
        break;
      case 'm':
        unit = 30;
        break;
      case 'y':
        unit = 365;
        break;
      default:
        return {};
    }
    text = trim_right(text.substr(0, text.size() - 1));
  }
  const auto number = number_in(text);
  if (!number) return {};
  return *number * unit;
}

/// What a condition compares: a count, or an age in days (infinite for what never was).
struct Quantity {
  std::string_view word;
  bool is_age;
  double (*of)(const store::ListEntry&, Timestamp now);
};
constexpr auto kQuantities = std::to_array<Quantity>({
    {"addcount", false, [](const store::ListEntry& e, Timestamp) { return static_cast<double>(e.add_count); }},
    {"findcount", false, [](const store::ListEntry& e, Timestamp) { return static_cast<double>(e.find_count); }},
    {"initiallyadded", true,
     [](const store::ListEntry& e, Timestamp now) { return days_between(e.initially_added, now); }},
    {"lastadded", true, [](const store::ListEntry& e, Timestamp now) { return days_between(e.last_added, now); }},
    {"lastfound", true,
     [](const store::ListEntry& e, Timestamp now) {
       return e.last_found ? days_between(*e.last_found, now) : INFINITY;
     }},
});

/// The conditions between the words `and`.
std::vector<std::string> split_at_and(std::string_view text) {
  std::vector<std::string> parts{{}};
  for (const std::string_view word : split_words(text)) {
    if (same_word(word, "and"))
      parts.emplace_back();
    else
      parts.back() += word;  // "findcount < 1" and "findcount<1" are the same
  }
  return parts;
}

}  // namespace

std::optional<std::string> objection_to_entry(ListKind kind, std::string_view entry) {
  if (entry.empty()) return "it is empty";
  if (static_cast<std::int64_t>(entry.size()) > kListEntry.most.count)
    return fmt::format("it is longer than {} octets", kListEntry.most.count);
  for (const char c : entry)
    if (is_control(c) && c != '\t') return "it holds a control character";
  if (!is_utf8(entry)) return "it is not UTF-8";
  if (ruleinterp::search_form(entry).expression) return objection_to_expression(entry);
  if (kind == ListKind::words) {
    if (entry.find_first_not_of("*? \t") == std::string_view::npos) return "it matches everything";
    return std::nullopt;
  }
  if (entry.find_first_of(" \t,;<>()\"") != std::string_view::npos)
    return "an address has no blanks, commas, quotes or brackets";
  if (store::is_pattern(entry)) {
    if (entry.find_first_not_of("*?@.") == std::string_view::npos) return "it matches every address";
    return std::nullopt;
  }
  const auto at = entry.rfind('@');
  if (at == std::string_view::npos) return "an address needs an @";
  if (at == 0 || at + 1 == entry.size()) return "an address needs something before and behind the @ (or a *)";
  return std::nullopt;
}

EntryFile read_entries(ListKind kind, std::string_view text) {
  EntryFile file;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view entry = trim(without_line_end(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (entry.empty() || entry.starts_with('#')) continue;
    if (entry.starts_with("\\#") || entry.starts_with("\\\\")) entry.remove_prefix(1);
    if (auto why = objection_to_entry(kind, entry)) {
      file.bad.push_back({number, std::string{entry}, *std::move(why)});
      continue;
    }
    file.entries.emplace_back(entry);
  }
  return file;
}

std::string write_entries(const std::vector<std::string>& entries) {
  std::string out;
  for (const auto& entry : entries) {
    if (entry.starts_with('#') || entry.starts_with('\\')) out += '\\';
    out += entry + "\n";
  }
  return out;
}

Result<EntryCondition> EntryCondition::read(std::string_view text) {
  EntryCondition condition;
  for (const std::string& part : split_at_and(text)) {
    if (part.empty() || condition.tests_.size() >= kMostConditions)
      return error(Kind::bad_input, part.empty() ? "A condition is missing" : "There are too many conditions");
    if (same_word(part, "auto") || same_word(part, "manual")) {
      const bool automatic = same_word(part, "auto");
      condition.tests_.emplace_back(
          [automatic](const store::ListEntry& entry, Timestamp) { return entry.is_automatic == automatic; });
      continue;
    }
    const Quantity* quantity = nullptr;
    for (const auto& one : kQuantities)
      if (starts_with_word(part, one.word)) quantity = &one;
    if (quantity == nullptr)
      return error(Kind::bad_input,
                   fmt::format("'{}' is no condition: auto, manual, addcount, findcount, initiallyadded, lastadded, "
                               "lastfound are",
                               printable(part)));
    const std::string_view rest = std::string_view{part}.substr(quantity->word.size());
    const ComparatorWord* comparator = nullptr;
    for (const auto& one : kComparators)
      if (comparator == nullptr && rest.starts_with(one.word)) comparator = &one;
    if (comparator == nullptr)
      return error(Kind::bad_input,
                   fmt::format("'{}': < <= > >= = or <> is expected behind {}", printable(part), quantity->word));
    const std::string_view value = rest.substr(comparator->word.size());
    const auto limit = quantity->is_age ? age_in(value) : number_in(value);
    if (!limit)
      return error(Kind::bad_input,
                   fmt::format("'{}': {} is expected behind {}", printable(part),
                               quantity->is_age ? "an age (days, or a number with h, d, w, m, y)" : "a number",
                               comparator->word));
    condition.tests_.emplace_back([quantity, comparator, limit](const store::ListEntry& entry, Timestamp now) {
      return compare(quantity->of(entry, now), comparator->comparator, *limit);
    });
  }
  return condition;
}

bool EntryCondition::holds(const store::ListEntry& entry, Timestamp now) const {
  for (const auto& test : tests_)
    if (!test(entry, now)) return false;
  return true;
}

}  // namespace pennypost::filter
