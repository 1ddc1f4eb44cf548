// Services in memory (spec 10 sections 4.4, 6.15 to 6.17, 6.20; 11 section 5.1) for `pennypost rules run` and tests.
// Needs nothing. Threads may share a database or lists; a zone file does not change once it is read.
#include "ruleinterp/tools/memory_services.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "ruleinterp/regex.h"
#include "ruleinterp/text.h"
#include "ruleinterp/tree.h"

namespace pennypost::ruleinterp {
namespace {

struct Unit {
  std::string_view word;
  double seconds;
};
constexpr auto kUnits = std::to_array<Unit>({{"s", 1},
                                             {"sec", 1},
                                             {"second", 1},
                                             {"m", 60},
                                             {"min", 60},
                                             {"minute", 60},
                                             {"h", 3600},
                                             {"hour", 3600},
                                             {"hr", 3600},
                                             {"d", 86400},
                                             {"day", 86400},
                                             {"w", 604800},
                                             {"week", 604800},
                                             {"mon", 2592000},
                                             {"month", 2592000},
                                             {"y", 31557600},
                                             {"year", 31557600}});

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!(text = trim(text)).empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

bool has_order(Comparator::Kind kind, int order) {
  using K = Comparator::Kind;
  switch (kind) {
    case K::equal:
      return order == 0;
    case K::unequal:
      return order != 0;
    case K::less:
      return order < 0;
    case K::greater:
      return order > 0;
    case K::less_or_equal:
      return order <= 0;
    case K::greater_or_equal:
      return order >= 0;
    case K::matches:
    case K::matches_not:
    case K::like:
      break;
  }
  return false;
}

// SQL LIKE: % any text, _ any octet, backslash takes the next as it is.
bool like(std::string_view text, std::string_view pattern) {
  std::size_t t = 0, p = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    if (!escaped && p < pattern.size() && pattern[p] == '%') {
      star = ++p;
      mark = t;
    } else if (p < pattern.size() &&
               (escaped ? pattern[p + 1] == text[t] : pattern[p] == '_' || pattern[p] == text[t])) {
      p += escaped ? 2 : 1;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

class Answered final : public DnsLookup {
 public:
  explicit Answered(std::vector<DnsRecord> records) : records_{std::move(records)} {}
  std::vector<DnsRecord> wait(Deadline) override { return records_; }

 private:
  std::vector<DnsRecord> records_;
};

// The strings of a TXT record ("one" "two"), one behind the other; a text without quotes is itself.
std::string joined_strings(std::string_view value) {
  if (!value.starts_with('"')) return std::string{value};
  std::string out;
  bool inside = false;
  for (const char c : value) {
    if (c == '"')
      inside = !inside;
    else if (inside)
      out += c;
  }
  return out;
}

constexpr std::size_t kLongestChain = 16;  // aliases followed

std::string_view without_dot(std::string_view name) {
  return name.size() > 1 && name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

}  // namespace

std::optional<double> interval_seconds(std::string_view text) {
  const auto words = words_of(text);
  if (words.empty()) return {};
  double seconds = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word.find(':') != std::string_view::npos) {
      double scale = 3600;
      for (std::string_view rest = word; !rest.empty() && scale >= 1; scale /= 60) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        const auto number = as_number(rest.substr(0, end));
        if (!number) return {};
        seconds += *number * scale;
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      continue;
    }
    std::size_t digits = 0;
    while (digits < word.size() &&
           (word[digits] == '-' || word[digits] == '.' || (word[digits] >= '0' && word[digits] <= '9')))
      ++digits;
    const auto number = as_number(word.substr(0, digits));
    if (!number) return {};
    std::string_view name = word.substr(digits);
    if (name.empty() && i + 1 < words.size()) name = words[++i];
    if (name.empty()) name = "second";
    const auto unit = std::ranges::find_if(kUnits, [&](const Unit& u) {
      return equal_ignoring_case(u.word, name) || (name.size() > 1 && (name.back() == 's' || name.back() == 'S') &&
                                                   equal_ignoring_case(u.word, name.substr(0, name.size() - 1)));
    });
    if (unit == kUnits.end()) return {};
    seconds += *number * unit->seconds;
  }
  return seconds;
}

// --- database

void MemoryDatabase::insert(Insert how, std::string_view component, std::string_view key, std::string_view value) {
  const std::lock_guard lock{mutex_};
  const auto same = [&](const Row& row) { return row.component == component && row.key == key; };
  if (how == Insert::unique && std::ranges::any_of(rows_, same)) return;
  rows_.push_back({std::string{component}, std::string{key}, std::string{value}, now()});
}

void MemoryDatabase::update(std::string_view component, std::string_view key, Update how, std::string_view value) {
  const std::lock_guard lock{mutex_};
  const auto same = [&](const Row& row) { return row.component == component && row.key == key; };
  if (std::ranges::none_of(rows_, same)) rows_.push_back({std::string{component}, std::string{key}, {}, now()});
  for (Row& row : rows_) {
    if (!same(row)) continue;
    row.changed = now();
    switch (how) {
      case Update::set:
        row.value = value;
        break;
      case Update::add:
        row.value = number_text(leading_number(row.value) + leading_number(value));
        break;
      case Update::subtract:
        row.value = number_text(leading_number(row.value) - leading_number(value));
        break;
      case Update::append:
        row.value += value;
        break;
      case Update::upper:
        row.value = upper(value);
        break;
      case Update::lower:
        row.value = lower(value);
        break;
    }
  }
}

bool MemoryDatabase::compares(const Row& row, const Comparator& how, std::string_view key) {
  using K = Comparator::Kind;
  if (how.kind == K::matches || how.kind == K::matches_not) {
    Regex::Error error;
    const auto regex = Regex::compile(key, how.ignores_case ? "i" : "", error);
    return (regex && regex->match(row.key, 0, nullptr) == Matched::yes) == (how.kind == K::matches);
  }
  const std::string left = how.ignores_case ? lower(row.key) : row.key;
  const std::string right = how.ignores_case ? lower(key) : std::string{key};
  if (how.kind == K::like) return like(left, right);
  if (how.as == Comparator::As::number) {
    const double a = leading_number(left), b = leading_number(right);
    return has_order(how.kind, a < b ? -1 : a > b ? 1 : 0);
  }
  return has_order(how.kind, left.compare(right));
}

std::optional<std::string> MemoryDatabase::query(std::string_view component, Aggregate type, Comparator comparator,
                                                 std::string_view key, std::string_view interval) {
  const std::lock_guard lock{mutex_};
  const auto seconds = interval_seconds(interval);
  const auto oldest = seconds
                          ? now() - std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*seconds))
                          : Clock::time_point::min();
  std::vector<std::string_view> found;
  for (const Row& row : rows_)
    if (row.component == component && row.changed >= oldest && compares(row, comparator, key))
      found.push_back(row.value);
  if (type == Aggregate::count) return fmt::format("{}", found.size());
  if (found.empty()) return {};
  double sum = 0;
  for (const std::string_view value : found) sum += leading_number(value);
  const auto text_of = [](std::string_view value) { return std::string{value}; };
  switch (type) {
    case Aggregate::max:
      return text_of(*std::ranges::max_element(found));
    case Aggregate::min:
      return text_of(*std::ranges::min_element(found));
    case Aggregate::maxnum:
      return text_of(*std::ranges::max_element(found, {}, leading_number));
    case Aggregate::minnum:
      return text_of(*std::ranges::min_element(found, {}, leading_number));
    case Aggregate::maxi:
      return text_of(*std::ranges::max_element(found, LessIgnoringCase{}));
    case Aggregate::mini:
      return text_of(*std::ranges::min_element(found, LessIgnoringCase{}));
    case Aggregate::sum:
      return number_text(sum);
    case Aggregate::avg:
      return number_text(sum / static_cast<double>(found.size()));
    case Aggregate::first:
      return text_of(found.front());
    case Aggregate::last:
      return text_of(found.back());
    case Aggregate::count:
      break;
  }
  return {};
}

// --- lists

bool MemoryLists::contains(List list, std::string_view address) {
  const std::lock_guard lock{mutex_};
  return std::ranges::any_of(entries_[list], [&](const std::string& entry) {
    if (!search_form(entry).expression) return wildcard_matches(entry, address);
    Regex::Error error;
    const auto search = Search::make(entry, error);
    return search && search->find(address, 0, nullptr) == Matched::yes;
  });
}

void MemoryLists::add(List list, std::string_view entry, Origin origin) {
  const bool is_expression = search_form(entry).expression;
  if (origin == Origin::mail && (is_expression || entry.find_first_of("*?") != std::string_view::npos)) return;
  const std::lock_guard lock{mutex_};
  // An expression keeps its case: \D is not \d.
  entries_[list].insert(is_expression ? std::string{entry} : lower(entry));
}

std::set<std::string> MemoryLists::entries(List list) {
  const std::lock_guard lock{mutex_};
  return entries_[list];
}

// --- DNS

ZoneFile::ZoneFile(std::string_view text, std::string_view file_name, std::vector<Problem>& problems) {
  std::uint32_t number = 0;
  for (const std::string_view line : split_lines(text)) {
    ++number;
    const auto words = words_of(line);
    if (words.empty() || words[0].starts_with('#') || words[0].starts_with(';')) continue;
    if (words.size() < 3) {
      problems.push_back({Severity::error,
                          std::string{file_name},
                          number,
                          1,
                          1,
                          "a DNS record has three parts",
                          "name TYPE value",
                          {},
                          std::string{line}});
      continue;
    }
    DnsRecord record;
    record.name = without_dot(words[0]);
    record.type = lower(words[1]);
    std::string_view value = trim(line.substr(static_cast<std::size_t>(words[2].data() - line.data())));
    if (record.type == "mx" && words.size() > 3 && as_number(words[2])) {
      record.preference = static_cast<int>(*as_number(words[2]));
      value = words[3];
    }
    record.data = record.type == "txt" ? joined_strings(value) : without_dot(value);
    records_[{record.type, lower(record.name)}].push_back(std::move(record));
  }
}

std::unique_ptr<DnsLookup> ZoneFile::start(std::string_view type, std::string_view name) {
  // As a resolver answers: the aliases on the way, then what the last name has.
  std::vector<DnsRecord> answer;
  std::string at = lower(without_dot(name));
  for (std::size_t aliases = 0; aliases < kLongestChain; ++aliases) {
    const auto found = records_.find({lower(type), at});
    if (found != records_.end()) {
      answer.insert(answer.end(), found->second.begin(), found->second.end());
      break;
    }
    const auto alias = records_.find({"cname", at});
    if (alias == records_.end()) break;
    answer.push_back(alias->second.front());
    at = lower(alias->second.front().data);
  }
  return std::make_unique<Answered>(std::move(answer));
}

}  // namespace pennypost::ruleinterp
