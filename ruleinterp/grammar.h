// The grammar of one line of a rule script, as types only (spec 10 section 2, grammar sketch). What a line means is the
// matter of parse.cpp (actions) and compile.cpp; the texts of errors stand in messages.h.
//
//   line       = [gap] ( comment | directive | include | label | assignment | statement ) [gap]
//   statement  = word { gap word }              a last word of the form [name] is the rule tag
//   assignment = "${" name "}" gap operator gap word { gap word }
//   word       = quoted | bare
#pragma once
#include <tao/pegtl.hpp>

namespace pennypost::ruleinterp::grammar {

namespace p = tao::pegtl;

struct space : p::one<' ', '\t', '\v', '\f'> {};
struct gap : p::plus<space> {};
struct not_space : p::not_one<' ', '\t', '\v', '\f'> {};
struct rest_of_line : p::until<p::eof> {};

// Words. A backslash is no escape, but \" does not end a quoted text that goes on to a later quote.
struct variable_name : p::plus<p::not_one<'}', '{', '$', '"', ' ', '\t'>> {};
struct variable : p::seq<p::string<'$', '{'>, variable_name, p::one<'}'>> {};
struct backslash_pair : p::two<'\\'> {};
struct quote_inside : p::seq<p::string<'\\', '"'>, p::at<p::until<p::one<'"'>>>> {};
struct quoted_text : p::star<p::sor<backslash_pair, quote_inside, p::not_one<'"'>>> {};
struct closing_quote : p::one<'"'> {};
struct quoted : p::seq<p::one<'"'>, quoted_text, p::must<closing_quote>> {};
struct bare : p::plus<not_space> {};
struct word : p::sor<quoted, bare> {};
struct words : p::seq<word, p::star<p::opt<gap>, word>> {};

// Lines that are not statements.
struct comment_text : rest_of_line {};
struct comment : p::seq<p::one<'#'>, comment_text> {};
struct label_name : p::plus<not_space> {};
struct label : p::seq<p::one<':'>, p::must<label_name>, p::opt<gap>, p::opt<words>> {};
struct file_name : p::seq<p::any, rest_of_line> {};
struct include : p::seq<TAO_PEGTL_ISTRING("include"), p::sor<p::eof, space>, p::opt<gap>, p::must<file_name>> {};

struct end_of_word : p::at<p::sor<space, p::eof>> {};
struct if_support : p::seq<TAO_PEGTL_ISTRING("*ifsupport"), end_of_word> {};
struct end_if_support : p::seq<TAO_PEGTL_ISTRING("*endif"), end_of_word> {};
struct stop_parsing : p::seq<TAO_PEGTL_ISTRING("*stop"), end_of_word> {};
struct known_directive : p::sor<if_support, end_if_support, stop_parsing> {};
struct directive : p::seq<known_directive, p::opt<gap>, p::opt<words>> {};  // any other is an unknown statement

// Assignments. The operator stands alone: a space on each side is required.
struct assignment_operator : p::sor<p::one<'='>, p::seq<p::one<'+', '-', '*', '/', '.'>, p::one<'='>>> {};
struct spaced_operator : p::seq<gap, assignment_operator, p::at<p::sor<space, p::eof>>> {};
struct assigned : p::seq<gap, words> {};
struct assignment : p::seq<variable, p::must<spaced_operator>, p::must<assigned>> {};

struct statement : words {};

// Between BulkScan and EndBulkScan a line may begin with ${data}; an assignment there is read so that it can be
// refused.
struct misplaced_assignment : p::seq<p::at<variable, spaced_operator>, variable, spaced_operator, assigned> {};

template <typename Assignment>
struct line_with : p::seq<p::opt<gap>, p::opt<p::sor<comment, label, directive, include, Assignment, statement>>,
                          p::opt<gap>, p::eof> {};
struct line : line_with<assignment> {};
struct scan_line : line_with<misplaced_assignment> {};

}  // namespace pennypost::ruleinterp::grammar
