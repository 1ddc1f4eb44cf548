// Lines, tags, trailing comments and printing back (spec 10 section 2). Pure; nothing fails.
#include "ruleinterp/tree.h"

#include <algorithm>

namespace pennypost::ruleinterp {

std::vector<std::string_view> split_lines(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  std::vector<std::string_view> lines;
  lines.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

void take_tag_and_comment(Line& line, std::size_t needed) {
  for (std::size_t i = needed; i < line.words.size(); ++i) {
    const Word& word = line.words[i];
    if (word.quoted || word.text[0] != '#') continue;
    line.comment_column = word.column;
    line.comment = line.source.substr(word.column - 1);
    line.words.resize(i);
    break;
  }
  if (line.words.size() <= needed || line.tag) return;
  const Word& last = line.words.back();
  if (last.quoted || last.text.size() < 3 || last.text.front() != '[' || last.text.back() != ']') return;
  Word tag = last;
  tag.text = last.text.substr(1, last.text.size() - 2);
  line.tag = tag;
  line.words.pop_back();
}

std::string print(const FileTree& tree) { return tree.file->text; }

std::string print_words(const Line& line) {
  const auto written = [&](const Word& word) { return std::string{line.source.substr(word.column - 1, word.length)}; };
  std::string out;
  switch (line.kind) {
    case LineKind::blank:
      return out;
    case LineKind::comment:
      return "#" + std::string{line.comment};
    case LineKind::broken:
    case LineKind::skipped:
      return std::string{line.source};
    case LineKind::label:
      out = ":";
      break;
    case LineKind::if_support:
      out = "*IFSUPPORT ";
      break;
    case LineKind::end_support:
      out = "*ENDIF ";
      break;
    case LineKind::stop_parsing:
      out = "*STOP ";
      break;
    case LineKind::include:
      out = "Include ";
      break;
    case LineKind::assignment:
    case LineKind::statement:
      break;
  }
  for (const Word& word : line.words) out += written(word) + ' ';
  if (line.tag) out += written(*line.tag) + ' ';
  if (!line.comment.empty()) out += line.comment;
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace pennypost::ruleinterp
