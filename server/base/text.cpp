// Words, numbers and plain encodings of octets. Needs nothing; answers every input; RFC 4648 for base64 and
// hexadecimal, RFC 3629 for UTF-8, RFC 5322 3.2.3 for atoms.
#include "server/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

namespace pennypost {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNotBase64 = 255;

constexpr std::array<std::uint8_t, 256> base64_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNotBase64);
  for (std::size_t i = 0; i < kBase64.size(); ++i)
    values[static_cast<unsigned char>(kBase64[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr auto kBase64Values = base64_values();

std::uint8_t base64_value(char c) { return kBase64Values[static_cast<unsigned char>(c)]; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char low = ascii_lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

template <typename T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_ascii(c); });
}

bool is_atom(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_atom_char(c); });
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_digit(c); });
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (std::uint64_t eight = 0; i + 8 <= text.size()) {  // most text is ASCII
      std::memcpy(&eight, text.data() + i, 8);
      if ((eight & 0x8080808080808080U) == 0) {
        i += 8;
        continue;
      }
    }
    const auto octet = [&](std::size_t at) -> std::uint32_t {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
    };
    const std::uint32_t first = octet(i);
    if (first < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4) return false;
    std::uint32_t point = first & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      if ((octet(i + k) & 0xC0) != 0x80) return false;
      point = (point << 6) | (octet(i + k) & 0x3F);
    }
    if (length == 3 && (point < 0x800 || (point >= 0xD800 && point <= 0xDFFF))) return false;
    if (length == 4 && (point < 0x10000 || point > 0x10FFFF)) return false;
    i += length;
  }
  return true;
}

std::string to_lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), ascii_lower);
  return out;
}

std::string to_upper(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), ascii_upper);
  return out;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, ascii_lower, ascii_lower);
}

int compare_words(std::string_view a, std::string_view b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    const auto left = static_cast<unsigned char>(ascii_lower(a[i]));
    const auto right = static_cast<unsigned char>(ascii_lower(b[i]));
    if (left != right) return left < right ? -1 : 1;
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

bool starts_with_word(std::string_view text, std::string_view head) {
  return text.size() >= head.size() && same_word(text.substr(0, head.size()), head);
}

bool ends_with_word(std::string_view text, std::string_view tail) {
  return text.size() >= tail.size() && same_word(text.substr(text.size() - tail.size()), tail);
}

std::size_t find_word(std::string_view text, std::string_view what, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const auto rest = text.substr(from);
  // Not std::ranges::search: clang 14, which builds the fuzz targets, cannot read that part of GCC 12's library.
  const auto found = std::search(rest.begin(), rest.end(), what.begin(), what.end(),
                                 [](char a, char b) { return ascii_lower(a) == ascii_lower(b); });
  if (found == rest.end() && !what.empty()) return std::string_view::npos;
  return from + static_cast<std::size_t>(found - rest.begin());
}

std::size_t WordHash::operator()(std::string_view text) const {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(ascii_lower(c))) * 0x100000001b3ULL;
  return static_cast<std::size_t>(hash);
}

std::string_view trim_left(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view trim_right(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view trim(std::string_view text) { return trim_left(trim_right(text)); }

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  for (text = trim_left(text); !text.empty(); text = trim_left(text)) {
    const auto end = static_cast<std::size_t>(std::ranges::find_if(text, is_space) - text.begin());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

std::string_view take_word(std::string_view& text) {
  text = trim_left(text);
  const auto end = static_cast<std::size_t>(std::ranges::find_if(text, is_space) - text.begin());
  const std::string_view first = text.substr(0, end);
  text = trim_left(text.substr(end));
  return first;
}

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += between;
    out += parts[i];
  }
  return out;
}

std::string replace_all(std::string_view text, std::string_view what, std::string_view with) {
  if (what.empty()) return std::string{text};
  std::string out;
  for (;;) {
    const std::size_t at = text.find(what);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += with;
    text.remove_prefix(at + what.size());
  }
}

std::optional<std::uint64_t> to_number(std::string_view text) {
  return is_number(text) ? whole_number<std::uint64_t>(text) : std::nullopt;
}

std::optional<std::uint32_t> to_number32(std::string_view text) {
  return is_number(text) ? whole_number<std::uint32_t>(text) : std::nullopt;
}

std::optional<std::int64_t> to_signed_number(std::string_view text) {
  const std::string_view digits = !text.empty() && (text[0] == '-' || text[0] == '+') ? text.substr(1) : text;
  if (!is_number(digits)) return std::nullopt;
  return whole_number<std::int64_t>(text[0] == '+' ? digits : text);
}

std::string base64_encode(std::string_view octets) {
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  const auto octet = [&](std::size_t at) -> std::uint32_t { return static_cast<unsigned char>(octets[at]); };
  std::size_t i = 0;
  for (; i + 3 <= octets.size(); i += 3) {
    const std::uint32_t three = octet(i) << 16 | octet(i + 1) << 8 | octet(i + 2);
    out += {kBase64[three >> 18], kBase64[three >> 12 & 63], kBase64[three >> 6 & 63], kBase64[three & 63]};
  }
  if (octets.size() - i == 1) {
    const std::uint32_t one = octet(i) << 16;
    out += {kBase64[one >> 18], kBase64[one >> 12 & 63], '=', '='};
  } else if (octets.size() - i == 2) {
    const std::uint32_t two = octet(i) << 16 | octet(i + 1) << 8;
    out += {kBase64[two >> 18], kBase64[two >> 12 & 63], kBase64[two >> 6 & 63], '='};
  }
  return out;
}

std::string base64_decode_tolerant(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    if (c == '=') break;
    const std::uint8_t value = base64_value(c);
    if (value == kNotBase64) continue;
    bits = (bits << 6 | value) & 0xFFFFFF;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xFF);
    }
  }
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string_view core = text;
  if (core.ends_with('=')) core.remove_suffix(1);
  if (core.ends_with('=')) core.remove_suffix(1);
  if (!std::ranges::all_of(core, [](char c) { return base64_value(c) != kNotBase64; })) return std::nullopt;
  const std::size_t padding = text.size() - core.size();
  if (padding == 1 && (base64_value(core.back()) & 3) != 0) return std::nullopt;
  if (padding == 2 && (base64_value(core.back()) & 15) != 0) return std::nullopt;
  return base64_decode_tolerant(core);
}

std::string hex_encode(std::string_view octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(octets.size() * 2);
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    out += digits[octet >> 4];
    out += digits[octet & 15];
  }
  return out;
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(a[i] ^ b[i]));
  return difference == 0;
}

std::string shortened(std::string_view text, int most) {
  const auto begins_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  int characters = 0;
  std::size_t last = 0;  // where the last character that fits begins
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!begins_character(text[i]) && i < last + 4) continue;
    if (characters == most) return std::string{text.substr(0, last)} + "\u2026";
    ++characters;
    last = i;
  }
  return std::string{text};
}

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  const bool is_cut = text.size() > most;
  for (const char c : text.substr(0, most)) {
    if (c == '\\') {
      out += "\\\\";
    } else if (is_control(c) || !is_ascii(c)) {
      out += "\\x";
      out += hex_encode(std::string_view{&c, 1});
    } else {
      out += c;
    }
  }
  if (is_cut) out += "...";
  return out;
}

}  // namespace pennypost
