// A session file as it was written: header, prelude, sections, steps (docs/conformance.md is the description for
// people).
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "conformance/player/problem.h"

namespace pennypost::conformance {

enum class Protocol { smtp, pop3, imap };

/// "smtp", "pop3", "imap".
const char* word(Protocol protocol);

/// What one piece of a line stands for. All but `literal` and `substitute` occur in server lines only.
enum class Form {
  literal,     ///< these octets
  substitute,  ///< ${...}: a variable or a function of variables (variables.h)
  any,         ///< <any>: any octets, also none
  number,      ///< <number>: decimal digits
  word,        ///< <word>: octets without space and parentheses
  date,        ///< <date>: an IMAP date-time with its quotes
  maildate,    ///< <maildate>: a date of RFC 5322
  string,      ///< <string>: an IMAP quoted string or literal; <string:x> the value x as atom, quoted string or literal
  flags,       ///< <flags:\A \B>: a parenthesised list of just these, in any order, \Recent may be there or not
  flags_at_least,  ///< <flags+:\A \B>: the same with others beside them
  regex,           ///< <re:...>: a Perl regular expression
  fold,            ///< <i:text>: text without regard to case
  all,             ///< <all:one|two|...>: all pieces once, in any order, one space between them
};

struct Part;
using Template = std::vector<Part>;

struct Part {
  Form form = Form::literal;
  std::string text;               ///< octets, name and arguments of a substitution, expression, value
  std::string capture;            ///< the variable that takes what matched, or empty
  std::vector<Template> choices;  ///< of `all`; of `string` with a value the value alone
};

/// How an expected line stands to its neighbours.
enum class Mark {
  next,       ///< `S:` this line comes now
  once,       ///< `S&` comes once somewhere in this set
  maybe,      ///< `S?` comes once or not at all in this set
  repeated,   ///< `S*` comes any number of times in this set
  forbidden,  ///< `S!` does not come in this set
};

struct Expected {
  Mark mark = Mark::next;
  Template text;
  std::string source;    ///< as it stands in the file, for the report
  std::size_t line = 0;  ///< in the session file
};

struct SendLine {
  Template text;
};  ///< `C:` text and CR LF
struct SendOctets {
  Template text;
};  ///< `C!` the octets alone
/// A run of server lines: first the set (once, maybe, repeated, forbidden; in any order), then the closing `next` line.
struct Expect {
  std::vector<Expected> set;
  std::optional<Expected> closing;
};
struct Connect {
  std::optional<Protocol> protocol;
  bool tls = false;
};
struct StartTls {};
struct Closed {
  std::chrono::milliseconds within{0};
};  ///< 0: the time limit of the run
struct Close {};
struct HalfClose {};
struct Pause {
  std::chrono::milliseconds time{0};
};
struct Quiet {
  std::chrono::milliseconds time{0};
};
struct Pace {
  std::chrono::milliseconds time{0};
  bool octetwise = false;
};
struct Let {
  std::string name;
  Template text;
};
struct AddAccount {
  std::string name;
  std::string password;
};  ///< an empty password is made up by the player
struct AddFolder {
  std::string account;
  Template folder;
};
struct AddMessage {
  std::string account;
  Template folder;
  std::string flags;
  std::string date;
  Template text;
};
struct Arrived {
  std::string account;
  Template folder;
  std::uint64_t count = 0;
};

using Act = std::variant<SendLine, SendOctets, Expect, Connect, StartTls, Closed, Close, HalfClose, Pause, Quiet, Pace,
                         Let, AddAccount, AddFolder, AddMessage, Arrived>;

struct Step {
  Act act;
  std::string connection;  ///< the name in parentheses, "" for the one without
  std::string source;      ///< as it stands in the file, for the report
  std::size_t line = 0;
};

/// A peer that the section is not played against, and why (a known departure of that peer from the RFC).
struct Skip {
  std::string target;
  std::string reason;
};

struct Section {
  std::string title;
  std::size_t line = 0;
  bool rfc = false;
  std::vector<Skip> skips;  ///< those of the file too
  std::vector<Step> steps;
};

struct Session {
  std::string file;
  Protocol protocol = Protocol::smtp;
  std::string source;             ///< RFC or spec section that it states
  std::vector<Step> prelude;      ///< played before the steps of every section
  std::vector<Section> sections;  ///< at least one
};

/// Reads the text of a session file. The problem names file, line and column and says what was expected.
std::variant<Session, Problem> parse_session(std::string_view text, const std::string& file);

/// The same for a file on disk.
std::variant<Session, Problem> read_session(const std::string& path);

}  // namespace pennypost::conformance
