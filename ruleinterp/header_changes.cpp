// AddHeader (spec 10 section 6.6, 11 section 8 point 5). Needs nothing of the message but its header. A value never
// carries CR or LF, so that no text of a message can add fields; a name that is none changes nothing.
#include "ruleinterp/header_changes.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "ruleinterp/regex.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

constexpr std::size_t kLongestValue = 8 * 1024;

// Name and value of "Name: value"; the name is empty when it is none (RFC 5322 section 2.2).
std::pair<std::string_view, std::string_view> split(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view name = trim(line.substr(0, colon));
  for (const char c : name)
    if (c <= ' ' || c > '~') return {};
  return {name, trim(line.substr(colon + 1))};
}

std::string base64(std::string_view data) {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < data.size(); at += 3) {
    const std::size_t octets = std::min<std::size_t>(3, data.size() - at);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < octets ? static_cast<unsigned char>(data[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i) out += i <= octets ? kLetters[bits >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

// Encoded words of whole characters, each at most 75 octets (RFC 2047 section 2). Octets that are no UTF-8 are taken as
// Latin-1.
std::string encoded(std::string_view text) {
  const bool utf8 = length_in_characters(text) != text.size();
  std::string out;
  while (!text.empty()) {
    std::size_t end = std::min<std::size_t>(text.size(), 42);
    if (utf8)
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    if (!out.empty()) out += "\r\n ";
    out += fmt::format("=?{}?B?{}?=", utf8 ? "utf-8" : "iso-8859-1", base64(text.substr(0, end)));
    text.remove_prefix(end);
  }
  return out;
}

constexpr std::size_t kLongestWord = 900;  // a line has 998 octets at most (RFC 5322 section 2.1.1)

bool has_word_longer_than(std::size_t most, std::string_view text) {
  for (std::size_t space = text.find(' '); space != std::string_view::npos; space = text.find(' ')) {
    if (space > most) return true;
    text.remove_prefix(space + 1);
  }
  return text.size() > most;
}

std::string line_of(const HeaderChange& change) {
  const bool ascii = std::ranges::all_of(change.value, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii || has_word_longer_than(kLongestWord, change.value))
    return change.name + ": " + encoded(change.value) + "\r\n";
  std::string out = change.name + ":";
  std::size_t column = out.size();
  for (std::string_view rest = change.value; !rest.empty();) {
    std::size_t end = std::min(rest.find(' ', 1), rest.size());
    if (column + end + 1 > 78 && column > change.name.size() + 1) {
      out += "\r\n";
      column = 0;
    }
    if (rest[0] != ' ') out += ' ';
    out += rest.substr(0, end);
    column += end + 1;
    rest.remove_prefix(end);
  }
  return out + "\r\n";
}

struct Field {
  std::string_view raw;  // with its line ends
  std::string_view name;
};

std::vector<Field> fields_of(std::string_view header) {
  std::vector<Field> fields;
  while (!header.empty()) {
    std::size_t end = 0;
    do {
      end = header.find('\n', end);
      end = end == std::string_view::npos ? header.size() : end + 1;
    } while (end < header.size() && (header[end] == ' ' || header[end] == '\t'));
    const std::string_view raw = header.substr(0, end);
    fields.push_back({raw, trim(raw.substr(0, raw.find(':')))});
    header.remove_prefix(end);
  }
  return fields;
}

// The value on one line: CR LF + white space becomes one space.
std::string unfolded_value(std::string_view raw) {
  std::string out;
  const std::size_t colon = raw.find(':');
  const std::string_view value = colon == std::string_view::npos ? std::string_view{} : trim(raw.substr(colon + 1));
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\r' && value[i] != '\n') {
      out += value[i];
      continue;
    }
    while (i + 1 < value.size() && trim(value.substr(i + 1, 1)).empty()) ++i;
    out += ' ';
  }
  return out;
}

}  // namespace

std::optional<HeaderChange> header_change_of(std::string_view line, std::string& error) {
  HeaderChange change;
  std::string text{line};
  for (char& c : text)
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  std::string_view rest = trim(text);
  bool added = false;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    added = true;
    change.kind = rest[0] == '-' ? HeaderChange::Kind::add_first : HeaderChange::Kind::add_last;
    rest.remove_prefix(1);
  } else if (rest.starts_with('#')) {
    change.kind = HeaderChange::Kind::remove_matching;
    rest.remove_prefix(1);
  }
  if (rest.starts_with('{')) {
    const std::size_t close = rest.find('}');
    if (close == std::string_view::npos) {
      error = "the } behind the user is missing";
      return {};
    }
    change.user = trim(rest.substr(1, close - 1));
    rest.remove_prefix(close + 1);
  }
  const auto [name, value] = split(rest);
  if (name.empty()) {
    error = "it needs a line Name: value";
    return {};
  }
  change.name = name;
  change.value = value.substr(0, kLongestValue);
  if (change.kind == HeaderChange::Kind::remove_matching) {
    Regex::Error failure;
    if (value.empty() || !Regex::compile(value, {}, failure)) {
      error = value.empty() ? "# needs an expression" : "the expression is not understood: " + failure.text;
      return {};
    }
  } else if (!added && value.empty()) {
    change.kind = HeaderChange::Kind::remove;
  }
  return change;
}

std::string apply_header_changes(std::string_view raw_header, std::span<const HeaderChange> changes,
                                 std::string_view user) {
  std::vector<Field> fields = fields_of(raw_header);
  std::string first, last;
  std::vector<std::pair<std::string, std::string>> set;  // name, line
  for (const HeaderChange& change : changes) {
    if (!change.user.empty() && !equal_ignoring_case(change.user, user)) continue;
    const auto same_name = [&](const auto& field) { return equal_ignoring_case(field.name, change.name); };
    const auto same_set = [&](const auto& line) { return equal_ignoring_case(line.first, change.name); };
    switch (change.kind) {
      case HeaderChange::Kind::add_first:
        first.insert(0, line_of(change));
        break;
      case HeaderChange::Kind::add_last:
        last += line_of(change);
        break;
      case HeaderChange::Kind::remove:
        std::erase_if(fields, same_name);
        std::erase_if(set, same_set);
        break;
      case HeaderChange::Kind::remove_matching: {
        Regex::Error error;
        const auto regex = Regex::compile(change.value, {}, error);
        const auto is_hit = [&](std::string_view raw) {
          return regex && regex->match(unfolded_value(raw), 0, nullptr) == Matched::yes;
        };
        // A value that an earlier change has given the field stands for those of the message.
        if (const auto known = std::ranges::find_if(set, same_set); known != set.end()) {
          if (!is_hit(known->second)) break;
          set.erase(known);
          std::erase_if(fields, same_name);
          break;
        }
        std::erase_if(fields, [&](const Field& field) { return same_name(field) && is_hit(field.raw); });
        break;
      }
      case HeaderChange::Kind::set: {
        const auto known = std::ranges::find_if(set, same_set);
        if (known != set.end()) {
          known->second = line_of(change);
        } else {
          set.emplace_back(change.name, line_of(change));
        }
        break;
      }
    }
  }
  // A field that is there keeps its place; the first of several is the one that stays.
  std::string out = first;
  std::vector<bool> written(set.size());
  for (const Field& field : fields) {
    const auto changed =
        std::ranges::find_if(set, [&](const auto& s) { return equal_ignoring_case(s.first, field.name); });
    if (changed == set.end()) {
      out += field.raw;
      if (!out.ends_with('\n')) out += "\r\n";
      continue;
    }
    const auto index = static_cast<std::size_t>(changed - set.begin());
    if (!written[index]) out += changed->second;
    written[index] = true;
  }
  for (std::size_t i = 0; i < set.size(); ++i)
    if (!written[i]) out += set[i].second;
  return out + last;
}

}  // namespace pennypost::ruleinterp
