// Small work on octets that every protocol needs. ASCII only and without locale: mail protocols compare words this way
// (RFC 5234 2.3); human text goes through ICU elsewhere. Nothing here throws on any input.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pennypost {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_letter_or_digit(char c) { return is_digit(c) || is_letter(c); }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
/// Blank, CR, LF, vertical tab, form feed.
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
/// 0..31 and 127.
constexpr bool is_control(char c) { return (c >= 0 && c < ' ') || c == 127; }
constexpr bool is_ascii(char c) { return static_cast<unsigned char>(c) < 128; }
bool is_ascii(std::string_view text);
/// atext of RFC 5322 3.2.3, octets of ASCII only.
constexpr bool is_atom_char(char c) {
  return is_letter_or_digit(c) || std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}
/// One or more atext (RFC 5322 3.2.3).
bool is_atom(std::string_view text);
/// One or more digits.
bool is_number(std::string_view text);
/// Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text);

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
/// Equal but for the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b);
/// Below zero, zero, above zero, as if both were in lower case.
int compare_words(std::string_view a, std::string_view b);
bool starts_with_word(std::string_view text, std::string_view head);  ///< case of ASCII letters ignored
bool ends_with_word(std::string_view text, std::string_view tail);    ///< case of ASCII letters ignored
/// Position of `what` in `text`, case of ASCII letters ignored; npos when it is not there.
std::size_t find_word(std::string_view text, std::string_view what, std::size_t from = 0);

/// For containers keyed by words: std::map<std::string, T, WordLess>, std::unordered_map<..., WordHash, WordEqual>.
struct WordLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return compare_words(a, b) < 0; }
};
struct WordEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return same_word(a, b); }
};
struct WordHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const;
};

/// Without the blanks, tabs, CR and LF at the ends.
std::string_view trim(std::string_view text);
std::string_view trim_left(std::string_view text);
std::string_view trim_right(std::string_view text);
/// Parts between the separators; empty parts are kept: "a,,b" gives three, "" gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
/// Words between runs of blanks, tabs, CR, LF; never an empty part.
std::vector<std::string_view> split_words(std::string_view text);
/// The part before the first separator and the part after it; the second is empty when there is no separator.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator);
/// Takes the first word off `text`, together with the blanks behind it: "RETR 1" gives "RETR" and leaves "1".
std::string_view take_word(std::string_view& text);
std::string join(const std::vector<std::string>& parts, std::string_view between);
/// `text` with every `what` replaced. An empty `what` changes nothing.
std::string replace_all(std::string_view text, std::string_view what, std::string_view with);

/// The number that `text` is, digits only (no sign, no blanks); nothing when it is empty, has another octet or does not
/// fit.
std::optional<std::uint64_t> to_number(std::string_view text);
std::optional<std::uint32_t> to_number32(std::string_view text);
/// The same with an optional '-' or '+' before the digits.
std::optional<std::int64_t> to_signed_number(std::string_view text);

/// RFC 4648 4, with padding, no line breaks.
std::string base64_encode(std::string_view octets);
/// Strict: only the alphabet, length a multiple of four, right padding, zero bits behind the last octet. For SASL.
std::optional<std::string> base64_decode(std::string_view text);
/// Tolerant (RFC 2045 6.8): skips what is not in the alphabet, ends at '=', takes what the last characters give. For
/// mail.
std::string base64_decode_tolerant(std::string_view text);
std::string hex_encode(std::string_view octets);  ///< lower case
/// Nothing when the length is odd or an octet is no hexadecimal digit (either case).
std::optional<std::string> hex_decode(std::string_view text);

/// Equal, in a time that does not depend on where they differ. For secrets. (The lengths may be learnt.)
bool same_secret(std::string_view a, std::string_view b);

/// No more than `most` characters of a text in UTF-8, an ellipsis being the last one where something was cut. What is
/// no UTF-8 is cut at some octet.
std::string shortened(std::string_view text, int most);

/// For logs and error texts: controls and octets above 126 as \xNN, the backslash doubled, cut to `most` with "...".
std::string printable(std::string_view text, std::size_t most = 200);

}  // namespace pennypost
