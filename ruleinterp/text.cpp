// Case, numbers and lengths of the rule language (spec 10 sections 1.1, 3.1, 3.3). Pure functions; nothing fails.
#include "ruleinterp/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include <fmt/format.h>

namespace pennypost::ruleinterp {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_white(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The octets of `text` that make the number at its begin; 0 when there is none.
std::size_t number_span(std::string_view text) {
  std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const std::size_t first = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  std::size_t digits = at - first;
  if (at < text.size() && text[at] == '.') {
    std::size_t after = at + 1;
    while (after < text.size() && is_digit(text[after])) ++after;
    const std::size_t fraction = after - at - 1;
    if (digits + fraction > 0) at = after;
    digits += fraction;
  }
  return digits > 0 ? at : 0;
}

double number_in(std::string_view span) {
  double number = 0;
  const auto read = std::from_chars(span.data(), span.data() + span.size(), number, std::chars_format::fixed);
  if (read.ec != std::errc::result_out_of_range) return number;
  // More than a double holds, or nearer to zero: the digits before the point tell which.
  const bool negative = span.starts_with('-');
  const std::string_view whole = span.substr(negative ? 1 : 0, span.find('.') - (negative ? 1 : 0));
  if (whole.find_first_not_of('0') == std::string_view::npos) return 0;
  return negative ? std::numeric_limits<double>::lowest() : std::numeric_limits<double>::max();
}

// Length of the UTF-8 sequence at `at`, 0 when it is none (RFC 3629: no overlong forms, no surrogates).
std::size_t utf8_sequence(std::string_view text, std::size_t at) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = octet(at);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((octet(at + i) & 0xC0) != 0x80) return 0;
  const unsigned char second = octet(at + 1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return length;
}

}  // namespace

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) c = lower(c);
  return out;
}

std::string upper(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool starts_ignoring_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && equal_ignoring_case(text.substr(0, start.size()), start);
}

bool LessIgnoringCase::operator()(std::string_view a, std::string_view b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return lower(x) < lower(y); });
}

std::size_t find_ignoring_case(std::string_view hay, std::string_view needle, std::size_t from) {
  if (from > hay.size()) return std::string_view::npos;
  if (needle.empty()) return from;
  if (hay.size() < needle.size()) return std::string_view::npos;
  const char first = lower(needle[0]);
  const char other = first >= 'a' && first <= 'z' ? static_cast<char>(first - 32) : first;
  for (std::size_t at = from; at + needle.size() <= hay.size(); ++at) {
    if (hay[at] != first && hay[at] != other) continue;
    if (equal_ignoring_case(hay.substr(at, needle.size()), needle)) return at;
  }
  return std::string_view::npos;
}

bool wildcard_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || lower(pattern[p]) == lower(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_white(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_white(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<double> as_number(std::string_view text) {
  text = trim(text);
  const std::size_t span = number_span(text);
  if (span == 0 || span != text.size()) return {};
  return number_in(text);
}

double leading_number(std::string_view text) {
  text = trim(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return number_in(text.substr(0, number_span(text)));
}

std::string number_text(double number) {
  if (number == 0) return "0";  // no "-0"
  if (number == std::trunc(number) && std::abs(number) < 1e21) return fmt::format("{:.0f}", number);
  std::string out = fmt::format("{:.15g}", number);
  if (out.find('e') == std::string::npos) return out;
  if (std::abs(number) >= 1) return fmt::format("{:.0f}", number);
  const int digits = 14 - static_cast<int>(std::floor(std::log10(std::abs(number))));
  out = fmt::format("{:.{}f}", number, std::min(digits, 340));
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

std::size_t length_in_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const std::size_t length = utf8_sequence(text, at);
    if (length == 0) return text.size();
    at += length;
  }
  return count;
}

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr std::size_t kLongest = 64;
  using Row = std::array<std::size_t, kLongest + 1>;
  if (word.size() > kLongest) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, (word.size() + 1) / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t shorter = std::min(word.size(), candidate.size());
    if (candidate.size() > kLongest || std::max(word.size(), candidate.size()) - shorter >= best_distance) continue;
    Row last{}, before{}, row{};
    std::iota(before.begin(), before.end(), std::size_t{0});
    std::size_t least = 0;  // of the row: what follows only adds to it
    for (std::size_t i = 1; i <= word.size() && least < best_distance; ++i) {
      row[0] = least = i;
      for (std::size_t j = 1; j <= candidate.size(); ++j) {
        const bool same = lower(word[i - 1]) == lower(candidate[j - 1]);
        row[j] = std::min({before[j] + 1, row[j - 1] + 1, before[j - 1] + (same ? 0 : 1)});
        // Two neighbours changed over are one slip.
        if (i > 1 && j > 1 && lower(word[i - 1]) == lower(candidate[j - 2]) &&
            lower(word[i - 2]) == lower(candidate[j - 1]))
          row[j] = std::min(row[j], last[j - 2] + 1);
        least = std::min({least, row[j], before[j]});  // a change over counts from the row before
      }
      last = before;
      before = row;
    }
    if (least < best_distance && before[candidate.size()] < best_distance) {
      best_distance = before[candidate.size()];
      best = candidate;
    }
  }
  return best;
}

std::string with_line_feeds(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto* found = static_cast<const char*>(std::memchr(text.data() + at, '\r', text.size() - at));
    const std::size_t end = found ? static_cast<std::size_t>(found - text.data()) : text.size();
    out.append(text.substr(at, end - at));
    if (found && (end + 1 >= text.size() || text[end + 1] != '\n')) out += '\r';
    at = end + 1;
  }
  return out;
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const std::size_t length = utf8_sequence(text, at);
    if (length == 0) {
      out += "\\ufffd";
      ++at;
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out.append(text.substr(at, length));
    }
    at += length;
  }
  return out + '"';
}

}  // namespace pennypost::ruleinterp
