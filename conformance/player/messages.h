// What the player says when a session file does not follow grammar.h.
#pragma once
#include "conformance/player/grammar.h"

namespace pennypost::conformance::grammar {

template <typename>
inline constexpr const char* message_of = nullptr;

// Rules within must<> need a text, all others none.
template <>
inline constexpr auto message_of<expression> = "the name of a variable or function belongs between ${ and }";
template <>
inline constexpr auto message_of<closing_brace> = "the substitution is not closed by } on this line";
template <>
inline constexpr auto message_of<closing_quote> = "the quote is not closed on this line";
template <>
inline constexpr auto message_of<closing_angle> = "the pattern is not closed by > here";
template <>
inline constexpr auto message_of<closing_parenthesis> = "the list of flags is not closed by )";
template <>
inline constexpr auto message_of<choice> = "an empty piece; <all:one|two> needs text between the bars";
template <>
inline constexpr auto message_of<choices> = "an empty piece; <all:one|two> needs text between the bars";
template <>
inline constexpr auto message_of<value> = "the pattern needs a value after the colon";
template <>
inline constexpr auto message_of<value_template> = "the pattern needs a value after the colon";
template <>
inline constexpr auto message_of<no_slip> =
    "no such pattern; known are any, number, word, date, maildate, string, flags, re, i, all (write \\< for a plain <)";
template <>
inline constexpr auto message_of<spaces> = "a space and an argument are missing here";
template <>
inline constexpr auto message_of<duration> = "a time is expected, such as 200ms or 3s";
template <>
inline constexpr auto message_of<pace_value> = "expected: pace octet [TIME] or pace off";
template <>
inline constexpr auto message_of<name> = "a name is expected: a letter, then letters, digits, _ and -";
template <>
inline constexpr auto message_of<content> = "expected: = TEXT, or lines that begin with |, on the next line";
template <>
inline constexpr auto message_of<folder> = "the name of a folder is expected";
template <>
inline constexpr auto message_of<date_text> = "a date is expected between the quotes";
template <>
inline constexpr auto message_of<digits> = "a number is expected";
template <>
inline constexpr auto message_of<protocol_word> = "a protocol is expected: smtp, pop3 or imap";
template <>
inline constexpr auto message_of<yes_or_no> = "expected: yes or no";
template <>
inline constexpr auto message_of<skip_separator> = "expected: skip: TARGET - REASON";
template <>
inline constexpr auto message_of<skip_reason> = "say why: skip: TARGET - REASON";
template <>
inline constexpr auto message_of<title> = "a section needs a title: == Title ==";
template <>
inline constexpr auto message_of<section_end> = "the title is not closed: == Title ==";
template <>
inline constexpr auto message_of<statement> = "no statement of a session file begins like this";
template <>
inline constexpr auto message_of<line_end> = "more on this line than the statement takes";

struct Messages {
  template <typename Rule>
  static constexpr const char* message = message_of<Rule>;
  template <typename>
  static constexpr bool raise_on_failure = false;  // within must<> only: most of these rules may fail elsewhere
};
template <typename Rule>
using control = tao::pegtl::must_if<Messages>::control<Rule>;

}  // namespace pennypost::conformance::grammar
