// The grammar of session files, types only (docs/conformance.md says what each means); parse.cpp makes a Session of it.
#pragma once
#include <tao/pegtl.hpp>

namespace pennypost::conformance::grammar {

namespace p = tao::pegtl;

// Pieces of a line.
struct space : p::one<' '> {};
struct spaces : p::plus<space> {};
struct name : p::seq<p::alpha, p::star<p::sor<p::alnum, p::one<'_', '-'>>>> {};
struct capture_name : p::seq<p::alpha, p::star<p::sor<p::alnum, p::one<'_'>>>> {};
struct digits : p::plus<p::digit> {};
struct rest : p::star<p::not_one<'\r', '\n'>> {};
struct end_of_line : p::sor<p::eol, p::eof> {};

struct escape
    : p::seq<p::one<'\\'>,
             p::sor<p::one<'r', 'n', 't', '0', '\\', '<', '>', '|', '$'>, p::seq<p::one<'x'>, p::xdigit, p::xdigit>>> {
};
struct expression : p::plus<p::not_one<'}', '\r', '\n'>> {};
struct closing_brace : p::one<'}'> {};
struct substitution : p::seq<p::string<'$', '{'>, p::must<expression, closing_brace>> {};

template <char... Stop>
struct run : p::plus<p::not_at<p::sor<escape, p::string<'$', '{'>>>, p::not_one<'\r', '\n', Stop...>> {};
struct plain_run : run<> {};
struct word_run : run<' ', '"'> {};
struct quoted_run : run<'"'> {};

struct client_text : p::star<p::sor<escape, substitution, plain_run>> {};
struct word_text : p::plus<p::sor<escape, substitution, word_run>> {};
struct quoted_text : p::star<p::sor<escape, substitution, quoted_run>> {};
struct closing_quote : p::one<'"'> {};

// Patterns of server lines.
struct pattern;
struct value : p::plus<p::sor<p::seq<p::one<'\\'>, p::one<'>'>>, p::not_one<'>', '\r', '\n'>>> {};
struct choice_run : run<'<', '>', '|'> {};
struct angle : p::one<'<'> {};
struct choice : p::plus<p::sor<escape, substitution, pattern, choice_run, angle>> {};
struct bar : p::one<'|'> {};
struct choices : p::list_must<choice, bar> {};
struct value_template : choice {};
struct closing_angle : p::one<'>'> {};

struct any : TAO_PEGTL_STRING("any") {};
struct number : TAO_PEGTL_STRING("number") {};
struct word : TAO_PEGTL_STRING("word") {};
struct date : TAO_PEGTL_STRING("date") {};
struct maildate : TAO_PEGTL_STRING("maildate") {};
struct string : TAO_PEGTL_STRING("string") {};
struct simple : p::seq<p::sor<any, number, word, date, maildate, string>, p::at<p::one<'>'>>> {};
struct string_of : p::seq<TAO_PEGTL_STRING("string:"), p::must<value_template>> {};
struct fold : p::seq<TAO_PEGTL_STRING("i:"), p::must<value>> {};
struct flags : p::seq<TAO_PEGTL_STRING("flags:"), p::opt<value>> {};
struct flags_at_least : p::seq<TAO_PEGTL_STRING("flags+:"), p::opt<value>> {};
struct regex : p::seq<TAO_PEGTL_STRING("re:"), p::must<value>> {};
struct all : p::seq<TAO_PEGTL_STRING("all:"), p::must<choices>> {};
struct capture : p::seq<capture_name, p::one<'='>> {};
struct pattern_body : p::sor<simple, string_of, fold, flags, flags_at_least, regex, all> {};
struct pattern : p::seq<angle, p::opt<capture>, pattern_body, p::must<closing_angle>> {};

// <anyy>: surely a slip of the pen; a text that is meant so is written \<anyy>.
struct slip : p::seq<p::one<'<'>, p::opt<capture>, p::plus<p::lower>, p::one<'>'>> {};
struct no_slip : p::not_at<slip> {};
struct server_run : run<'<'> {};
struct server_text : p::star<p::sor<escape, substitution, pattern, server_run, p::seq<p::must<no_slip>, angle>>> {};

// Lines.
struct connection : p::opt<p::one<'('>, name, p::one<')'>> {};
struct next_line : p::one<':'> {};
struct octets : p::one<'!'> {};
struct client_line : p::seq<p::one<'C'>, connection, p::sor<next_line, octets>, p::opt<space>, client_text> {};
struct mark : p::one<':', '&', '?', '*', '!'> {};
struct server_line : p::seq<p::one<'S'>, connection, mark, p::opt<space>, server_text> {};

struct block_text : client_text {};
struct block_line : p::seq<p::one<'|'>, p::opt<space>, block_text> {};
struct block : p::plus<p::eol, block_line> {};
struct assigned : p::seq<p::star<space>, p::one<'='>, p::star<space>, client_text> {};
struct content : p::sor<assigned, block> {};

struct quoted_folder : p::seq<p::one<'"'>, quoted_text, p::must<closing_quote>> {};
struct folder : p::sor<quoted_folder, word_text> {};
struct flag_list : p::star<p::not_one<'(', ')', '\r', '\n'>> {};
struct closing_parenthesis : p::one<')'> {};
struct message_flags : p::seq<p::one<'('>, flag_list, p::must<closing_parenthesis>> {};
struct date_text : p::plus<p::not_one<'"', '\r', '\n'>> {};
struct message_date : p::seq<p::one<'"'>, p::must<date_text, closing_quote>> {};

struct protocol_word : p::sor<TAO_PEGTL_STRING("smtp"), TAO_PEGTL_STRING("pop3"), TAO_PEGTL_STRING("imap")> {};
struct time_unit : p::sor<TAO_PEGTL_STRING("ms"), TAO_PEGTL_STRING("s")> {};
struct duration : p::seq<digits, p::opt<space>, time_unit> {};
struct tls_word : TAO_PEGTL_STRING("tls") {};
struct off_word : TAO_PEGTL_STRING("off") {};
struct octet_word : TAO_PEGTL_STRING("octet") {};

struct connect
    : p::seq<TAO_PEGTL_STRING("connect"), connection, p::opt<spaces, protocol_word>, p::opt<spaces, tls_word>> {};
struct start_tls : p::seq<TAO_PEGTL_STRING("tls"), connection> {};
struct closed : p::seq<TAO_PEGTL_STRING("closed"), connection, p::opt<spaces, p::must<duration>>> {};
struct close : p::seq<TAO_PEGTL_STRING("close"), connection> {};
struct half_close : p::seq<TAO_PEGTL_STRING("half-close"), connection> {};
struct pause : p::seq<TAO_PEGTL_STRING("pause"), p::must<spaces, duration>> {};
struct quiet : p::seq<TAO_PEGTL_STRING("quiet"), connection, p::must<spaces, duration>> {};
struct pace_value : p::sor<off_word, p::seq<octet_word, p::opt<spaces, duration>>> {};
struct pace : p::seq<TAO_PEGTL_STRING("pace"), connection, p::must<spaces, pace_value>> {};
struct let : p::seq<TAO_PEGTL_STRING("let"), p::must<spaces, name, content>> {};
struct account : p::seq<TAO_PEGTL_STRING("account"), p::must<spaces, name>, p::opt<spaces, word_text>> {};
struct make_folder : p::seq<TAO_PEGTL_STRING("folder"), p::must<spaces, name, spaces, folder>> {};
struct message : p::seq<TAO_PEGTL_STRING("message"), p::must<spaces, name, spaces, folder>,
                        p::opt<spaces, message_flags>, p::opt<spaces, message_date>, p::must<content>> {};
struct arrived : p::seq<TAO_PEGTL_STRING("arrived"), p::must<spaces, name, spaces, folder, spaces, digits>> {};

struct yes : TAO_PEGTL_STRING("yes") {};
struct no : TAO_PEGTL_STRING("no") {};
struct yes_or_no : p::sor<yes, no> {};
struct protocol_header : p::seq<TAO_PEGTL_STRING("protocol:"), p::star<space>, p::must<protocol_word>> {};
struct source_header : p::seq<TAO_PEGTL_STRING("source:"), p::star<space>, rest> {};
struct rfc_header : p::seq<TAO_PEGTL_STRING("rfc:"), p::star<space>, p::must<yes_or_no>> {};
struct skip_reason : p::plus<p::not_one<'\r', '\n'>> {};
struct skip_separator : p::seq<p::star<space>, p::one<'-'>, p::star<space>> {};
struct skip_header : p::seq<TAO_PEGTL_STRING("skip:"), p::star<space>, p::must<name, skip_separator, skip_reason>> {};

struct title : p::plus<p::not_at<p::star<space>, p::string<'=', '='>>, p::not_one<'\r', '\n'>> {};
struct section_end : p::seq<p::star<space>, p::string<'=', '='>> {};
struct section : p::seq<p::string<'=', '='>, p::star<space>, p::must<title, section_end>> {};

struct comment : p::seq<p::one<'#'>, rest> {};
struct nothing : p::seq<p::star<p::blank>, p::at<end_of_line>> {};

struct statement : p::sor<client_line, server_line, section, comment, protocol_header, source_header, rfc_header,
                          skip_header, connect, start_tls, closed, close, half_close, pause, quiet, pace, let, account,
                          make_folder, message, arrived, nothing> {};
struct line_end : end_of_line {};
struct line : p::must<statement, line_end> {};
struct file : p::until<p::eof, line> {};

}  // namespace pennypost::conformance::grammar
