// What was written: the lines of a script file with their words and places. A tree keeps everything, comments too, and
// prints back to the octets that were read. It knows nothing of statements: that is compile.cpp.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ruleinterp/problem.h"

namespace pennypost::ruleinterp {

struct Word {
  std::string_view text;     ///< without the quotes around it; \" inside is still as written
  std::uint32_t column = 0;  ///< of its first octet (of the quote), from 1
  std::uint32_t length = 0;  ///< as written, quotes included
  bool quoted = false;
};

enum class LineKind {
  blank,
  comment,
  label,       ///< words[0] is the name
  if_support,  ///< words[0] is the statement or function asked for
  end_support,
  stop_parsing,
  include,     ///< words[0] is the file name, the rest of the line
  assignment,  ///< words: variable, operator, value, ...
  statement,   ///< words: statement (or data of a BulkScan line), operands, ...
  broken,      ///< does not parse; the problem says why
  skipped,     ///< inside an inactive *IFSUPPORT or after *STOP: any octets
};

struct Line {
  LineKind kind = LineKind::blank;
  std::uint32_t number = 0;  ///< from 1
  std::string_view source;   ///< without its line end
  std::vector<Word> words;   ///< without rule tag and trailing comment
  std::optional<Word> tag;   ///< the name in [name] after a complete statement, without brackets
  std::string_view comment;  ///< the text of a comment line, or what follows a statement from its # on
  std::uint32_t comment_column = 0;
};

/// The text of one file; all views of its lines point into it.
struct ScriptFile {
  std::string name;
  std::string text;
};

struct FileTree {
  std::shared_ptr<const ScriptFile> file;
  std::vector<Line> lines;
};

enum class Inside { script, bulk_scan };

/// Reads one line (no line end in it). A problem makes the line `broken`; its places are filled in, its file is not.
Line parse_line(std::string_view source, std::uint32_t number, Inside inside, std::vector<Problem>& problems);

/// The lines of a text: CR LF or LF, byte order mark skipped. The last one may be empty: it is not a line then.
std::vector<std::string_view> split_lines(std::string_view text);

/// What is said of a trailing comment.
inline constexpr const char* kCommentIgnored =
    "a comment must stand on a line of its own; the rest of the line is ignored";

/// Takes the rule tag and the trailing comment off a statement whose complete form has at least `needed` words (the
/// statement's name included): spec 10 section 2, square brackets and text after a complete statement.
void take_tag_and_comment(Line& line, std::size_t needed);

/// The file as read. Formatting is the matter of tools/format.h.
std::string print(const FileTree& tree);

/// One line from its words, written anew: single spaces, quotes where they stood.
std::string print_words(const Line& line);

}  // namespace pennypost::ruleinterp
