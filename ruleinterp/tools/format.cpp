// `pennypost rules format` (issue 3). Works on the tree of one file, which knows no includes: a block that another file
// closes only costs indentation.
#include "ruleinterp/tools/format.h"

#include <algorithm>

#include "ruleinterp/loader.h"
#include "ruleinterp/tables.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

// The line with its first word spelled as in the table of statements.
std::string written(const Line& line) {
  std::string out = print_words(line);
  if (line.kind != LineKind::statement || line.words[0].quoted) return out;
  if (const Statement* statement = find_statement(line.words[0].text))
    out.replace(0, statement->word.size(), statement->word);
  return out;
}

Block block_of(const Line& line) {
  if (line.kind != LineKind::statement || line.words[0].quoted) return Block::none;
  const Statement* statement = find_statement(line.words[0].text);
  if (statement) return statement->block;
  return starts_ignoring_case(line.words[0].text, "If") ? Block::opens : Block::none;
}

}  // namespace

std::string format_script(const std::string& text) {
  std::vector<Problem> problems;
  const FileTree tree = read_tree("", text, problems);
  // A carriage return at the very end would become part of the line feed that the last line gets.
  const bool crlf = text.find("\r\n") != std::string::npos || text.ends_with('\r');
  std::string out = text.starts_with("\xEF\xBB\xBF") ? "\xEF\xBB\xBF" : "";
  std::size_t level = 0;
  bool in_scan = false;
  for (const Line& line : tree.lines) {
    Block block = block_of(line);
    if (in_scan && block != Block::closes) block = Block::none;  // a header field may be called like a statement
    if ((block == Block::closes || block == Block::alternative) && level > 0) --level;
    // A carriage return inside a line would become part of its end where blanks behind it go.
    const bool is_kept = line.kind == LineKind::broken || line.kind == LineKind::skipped ||
                         line.source.find('\r') != std::string_view::npos;
    std::string words = is_kept                           ? std::string{line.source}
                        : in_scan && block == Block::none ? print_words(line)
                                                          : written(line);
    const bool as_it_is = is_kept || words.empty() || (line.kind == LineKind::comment && line.comment_column <= 1);
    if (!as_it_is) out.append(2 * level, ' ');
    out += words;
    out += crlf ? "\r\n" : "\n";
    if (block == Block::opens || block == Block::alternative) ++level;
    if (block == Block::opens) in_scan = equal_ignoring_case(line.words[0].text, "BulkScan");
    if (block == Block::closes) in_scan = false;
  }
  return out;
}

}  // namespace pennypost::ruleinterp
