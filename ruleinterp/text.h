// Small functions on text that the whole folder uses. Letters are ASCII letters: scripts are octets (spec 10
// section 1.1).
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pennypost::ruleinterp {

char lower(char c);
std::string lower(std::string_view text);
std::string upper(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
bool starts_ignoring_case(std::string_view text, std::string_view start);

/// Orders names without regard to case; finds a string by a string_view.
struct LessIgnoringCase {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};

/// Where `needle` begins in `hay` from `from` on, without regard to case; npos when nowhere. An empty needle is found.
std::size_t find_ignoring_case(std::string_view hay, std::string_view needle, std::size_t from = 0);

/// DOS wildcards (`*`, `?`) on the whole text, without regard to case.
bool wildcard_matches(std::string_view pattern, std::string_view text);

std::string_view trim(std::string_view text);

/// The number that the whole text is (white space around it allowed); none otherwise. Forms: -3, 3.1, .5 (spec 10
/// section 3.1). Exponents, hexadecimal and words such as "inf" are text.
std::optional<double> as_number(std::string_view text);

/// The number that the text begins with, perhaps behind a plus sign; 0 when it begins with none (spec 10 section 3.1).
/// One that is too large is the largest there is.
double leading_number(std::string_view text);

/// A number as text: integers without a fraction, others with at most 15 significant digits, always with a point.
std::string number_text(double number);

/// Code points of valid UTF-8, octets of anything else (the function LENGTH, spec 10 section 3.3).
std::size_t length_in_characters(std::string_view text);

/// The candidate nearest to `word` when it is near enough to be a slip of the finger; empty otherwise.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

/// The text with CR LF turned into LF.
std::string with_line_feeds(std::string_view text);

/// A JSON string with its quotes; octets that are no UTF-8 become U+FFFD.
std::string json_text(std::string_view text);

}  // namespace pennypost::ruleinterp
