// Sequence sets (RFC 3501 section 9 "sequence-set", RFC 9051 section 4.1.1). Pure functions; a set that makes no sense
// is no set, never a guess. A set has at most as many parts as fit into the longest command line.
#include "server/imap/sequence_set.h"

#include <algorithm>
#include <charconv>

#include "server/base/text.h"

namespace pennypost::imap {

namespace {

void print_number(std::string& out, std::uint32_t n) {
  char digits[10];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, n).ptr);
}

std::optional<std::uint32_t> number_or_star(std::string_view text) {
  if (text == "*") return SequenceSet::kStar;
  std::uint32_t n = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failure != std::errc{} || end != text.data() + text.size() || n == 0) return std::nullopt;
  return n;
}

}  // namespace

NumberSet::NumberSet(std::vector<NumberRange> any_order) : ranges_{std::move(any_order)} { normalize(); }

void NumberSet::normalize() {
  std::ranges::sort(ranges_, {}, &NumberRange::first);
  std::size_t kept = 0;
  for (const NumberRange& range : ranges_) {
    if (kept > 0 && std::uint64_t{ranges_[kept - 1].last} + 1 >= range.first) {
      ranges_[kept - 1].last = std::max(ranges_[kept - 1].last, range.last);
    } else {
      ranges_[kept++] = range;
    }
  }
  ranges_.resize(kept);
}

void NumberSet::add(std::uint32_t n) { add(NumberRange{n, n}); }

void NumberSet::add(NumberRange range) {
  if (ranges_.empty() || std::uint64_t{ranges_.back().last} + 1 < range.first) {
    ranges_.push_back(range);
  } else if (ranges_.back().first <= range.first) {
    ranges_.back().last = std::max(ranges_.back().last, range.last);
  } else {
    ranges_.push_back(range);
    normalize();
  }
}

bool NumberSet::contains(std::uint32_t n) const {
  const auto after = std::ranges::upper_bound(ranges_, n, {}, &NumberRange::first);
  return after != ranges_.begin() && std::prev(after)->last >= n;
}

std::uint64_t NumberSet::count() const {
  std::uint64_t sum = 0;
  for (const NumberRange& range : ranges_) sum += std::uint64_t{range.last} - range.first + 1;
  return sum;
}

void NumberSet::print_to(std::string& out) const {
  bool later = false;
  for (const NumberRange& range : ranges_) {
    if (later) out += ',';
    later = true;
    print_number(out, range.first);
    if (range.last == range.first) continue;
    out += ':';
    print_number(out, range.last);
  }
}

std::string NumberSet::print() const {
  std::string out;
  print_to(out);
  return out;
}

std::optional<SequenceSet> SequenceSet::parse(std::string_view text) {
  std::vector<Part> parts;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const std::size_t colon = part.find(':');
    const auto from = number_or_star(part.substr(0, colon));
    const auto to = colon == std::string_view::npos ? from : number_or_star(part.substr(colon + 1));
    if (!from || !to) return std::nullopt;
    parts.push_back({*from, *to});
    if (comma == std::string_view::npos) return SequenceSet{std::move(parts)};
    text.remove_prefix(comma + 1);
  }
}

NumberSet SequenceSet::resolve(std::uint32_t highest) const {
  std::vector<NumberRange> ranges;
  ranges.reserve(parts_.size());
  for (const Part& part : parts_) {
    std::uint32_t a = part.from == kStar ? highest : part.from;
    std::uint32_t b = part.to == kStar ? highest : part.to;
    if (a > b) std::swap(a, b);  // RFC 3501: "2:4" and "4:2" are the same
    if (b == 0) continue;        // "*" where nothing is
    ranges.push_back({a == 0 ? b : a, b});
  }
  return NumberSet{std::move(ranges)};
}

std::uint32_t SequenceSet::largest_written() const {
  std::uint32_t most = kStar;
  for (const Part& part : parts_) most = std::max({most, part.from, part.to});
  return most;
}

bool SequenceSet::uses_star() const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.from == kStar || part.to == kStar; });
}

std::string SequenceSet::print() const {
  std::string out;
  const auto one = [&out](std::uint32_t n) {
    if (n == kStar)
      out += '*';
    else
      print_number(out, n);
  };
  for (const Part& part : parts_) {
    if (!out.empty()) out += ',';
    one(part.from);
    if (part.to == part.from) continue;
    out += ':';
    one(part.to);
  }
  return out;
}

}  // namespace pennypost::imap
