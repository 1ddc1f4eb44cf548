// The loader (spec 10 sections 1.1, 1.2, 2, 6.1, 6.2, 6.38). Needs a source of files; what goes wrong is a problem of
// the script, never an exception. An Include that is too deep or includes too much is an error and is skipped.
#include "ruleinterp/loader.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "ruleinterp/tables.h"

namespace pennypost::ruleinterp {

namespace {

std::filesystem::path as_path(std::string_view name) {
  std::string text{name};
  for (char& c : text)
    if (c == '\\') c = '/';
  return std::filesystem::path{text};
}

// Follows the parser's state through the lines of one or many files.
class LineReader {
 public:
  Line read(std::string_view source, std::uint32_t number, std::vector<Problem>& problems) {
    Line line = parse_line(source, number, in_scan_ ? Inside::bulk_scan : Inside::script, problems);
    if (line.kind == LineKind::statement && !line.words.empty() && !line.words[0].quoted) {
      if (equal_ignoring_case(line.words[0].text, "BulkScan")) in_scan_ = true;
      if (equal_ignoring_case(line.words[0].text, "EndBulkScan")) in_scan_ = false;
    }
    return line;
  }

 private:
  bool in_scan_ = false;
};

class Loader {
 public:
  explicit Loader(ScriptSource& source) : source_{source} {}

  Script run(std::string_view main) {
    const auto file = open(main);
    if (!file) {
      script_.problems.push_back(
          {Severity::error, std::string{main}, 0, 0, 1, "the main rule file is not there", {}, {}, {}});
      return std::move(script_);
    }
    open_.push_back(*file);
    read_file(*file, 0);
    return std::move(script_);
  }

 private:
  std::optional<std::uint32_t> open(std::string_view name) {
    const std::string key{name};
    if (const auto known = by_name_.find(key); known != by_name_.end()) return known->second;
    auto found = source_.read(name);
    if (!found) return {};
    const auto index = static_cast<std::uint32_t>(script_.files.size());
    script_.files.push_back(
        std::make_shared<const ScriptFile>(ScriptFile{std::move(found->name), std::move(found->text)}));
    by_name_.emplace(key, index);
    return index;
  }

  Problem& report(Severity severity, std::uint32_t file, const Line& line, const Word& at, std::string text) {
    script_.problems.push_back({severity,
                                script_.files[file]->name,
                                line.number,
                                at.column,
                                at.length,
                                std::move(text),
                                {},
                                {},
                                std::string{line.source}});
    return script_.problems.back();
  }

  // Words after a directive or label have no meaning.
  void only_words(std::uint32_t file, Line& line, std::size_t most) {
    take_tag_and_comment(line, most);
    if (!line.comment.empty())
      report(Severity::warning, file, line,
             {line.comment, line.comment_column, static_cast<std::uint32_t>(line.comment.size()), false},
             kCommentIgnored);
    if (line.words.size() > most)
      report(Severity::warning, file, line, line.words[most], "what follows here is ignored");
  }

  void read_file(std::uint32_t file, int depth) {
    struct Condition {
      Line line;
      bool active;
    };
    std::vector<Condition> conditions;
    bool stopped = false;
    octets_ += script_.files[file]->text.size();
    if (const std::string_view text = script_.files[file]->text;
        text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
      script_.problems.push_back({Severity::error,
                                  script_.files[file]->name,
                                  1,
                                  1,
                                  1,
                                  "the file is written in UTF-16",
                                  "a file saved as UTF-8 or ANSI",
                                  {},
                                  {}});
      return;
    }
    const std::vector<std::string_view> lines = split_lines(script_.files[file]->text);
    std::uint32_t number = 0;
    for (const std::string_view text : lines) {
      ++number;
      if (script_.lines.size() >= kMostLines) {
        if (!too_large_)
          report(Severity::error, file, skipped(text, number), {text, 1, 1, false},
                 fmt::format("the scripts have more than {} lines", kMostLines));
        too_large_ = true;
        return;
      }
      const bool active = conditions.empty() || conditions.back().active;
      if (stopped) {
        add(file, skipped(text, number));
        continue;
      }
      if (!active) {
        // Not parsed, only searched for the pairs of directives (spec 10 section 6.1).
        const std::string_view trimmed = trim(text);
        const std::string_view first = trimmed.substr(0, trimmed.find_first_of(" \t\v\f"));  // grammar::space
        if (equal_ignoring_case(first, "*IFSUPPORT")) conditions.push_back({skipped(text, number), false});
        if (equal_ignoring_case(first, "*ENDIF")) conditions.pop_back();
        add(file, skipped(text, number));
        continue;
      }
      const std::size_t before = script_.problems.size();
      Line line = reader_.read(text, number, script_.problems);
      for (std::size_t i = before; i < script_.problems.size(); ++i)
        script_.problems[i].file = script_.files[file]->name;
      switch (line.kind) {
        case LineKind::if_support: {
          bool known = false;
          if (line.words.empty() || line.words[0].text[0] == '#') {
            report(Severity::error, file, line, {text, 1, 1, false}, "*IFSUPPORT names nothing").expected =
                "a statement or function";
          } else {
            known = is_supported(line.words[0].text);
            only_words(file, line, 1);
          }
          conditions.push_back({line, known});
          break;
        }
        case LineKind::end_support:
          only_words(file, line, 0);
          if (conditions.empty()) {
            report(Severity::error, file, line, whole(line), "*ENDIF without *IFSUPPORT in this file");
          } else {
            conditions.pop_back();
          }
          break;
        case LineKind::stop_parsing:
          stopped = true;
          conditions.clear();
          break;
        case LineKind::label:
          only_words(file, line, 1);
          break;
        case LineKind::include:
          add(file, line);
          include(file, line, depth);
          continue;
        default:
          break;
      }
      add(file, std::move(line));
    }
    for (const Condition& open : conditions)
      report(Severity::error, file, open.line, whole(open.line), "*IFSUPPORT is not closed in this file").expected =
          "*ENDIF";
  }

  void include(std::uint32_t file, const Line& line, int depth) {
    Word name = line.words[0];
    if (name.text.size() > 2 && name.text.front() == '"' && name.text.back() == '"') {
      report(Severity::warning, file, line, name, "Include takes the file name without quotes");
      name.text = name.text.substr(1, name.text.size() - 2);
    }
    if (depth >= kIncludeDepth) {
      report(Severity::error, file, line, name, fmt::format("includes are nested deeper than {}", kIncludeDepth));
      return;
    }
    if (++includes_ > kMostFiles) {
      if (includes_ == kMostFiles + 1)
        report(Severity::error, file, line, name, fmt::format("more than {} files are included", kMostFiles));
      return;
    }
    if (octets_ > kMostOctets) {
      if (!too_large_)
        report(Severity::error, file, line, name, fmt::format("the scripts are larger than {} octets", kMostOctets));
      too_large_ = true;
      return;
    }
    const auto found = open(name.text);
    if (!found) {
      report(Severity::warning, file, line, name, fmt::format("the file {} is not there", name.text));
      script_.missing.emplace_back(name.text);
      return;
    }
    if (std::ranges::find(open_, *found) != open_.end()) {
      report(Severity::error, file, line, name, fmt::format("the file {} includes itself", name.text));
      return;
    }
    open_.push_back(*found);
    read_file(*found, depth + 1);
    open_.pop_back();
  }

  static Word whole(const Line& line) {
    const std::string_view text = trim(line.source);
    const auto column = static_cast<std::uint32_t>(text.data() - line.source.data() + 1);
    return {text, column, static_cast<std::uint32_t>(text.size()), false};
  }

  static Line skipped(std::string_view text, std::uint32_t number) {
    Line line;
    line.kind = LineKind::skipped;
    line.number = number;
    line.source = text;
    return line;
  }

  void add(std::uint32_t file, Line line) { script_.lines.push_back({file, std::move(line)}); }

  ScriptSource& source_;
  Script script_;
  LineReader reader_;
  std::map<std::string, std::uint32_t, LessIgnoringCase> by_name_;
  std::vector<std::uint32_t> open_;  // the files around the one in hand, and itself
  std::size_t includes_ = 0;
  std::size_t octets_ = 0;
  bool too_large_ = false;
};

}  // namespace

std::optional<std::filesystem::path> ScriptFolder::find(std::string_view name) const {
  const std::filesystem::path given = as_path(name);
  const std::filesystem::path wanted = folder_ / given;
  std::error_code error;
  if (std::filesystem::is_regular_file(wanted, error)) return wanted;
  // Part by part, each in any case; of several the first by name, so that it is always the same one.
  std::filesystem::path found = given.is_absolute() ? given.root_path() : folder_;
  for (const std::filesystem::path& part : given.relative_path()) {
    if (std::filesystem::exists(found / part, error)) {
      found /= part;
      continue;
    }
    std::filesystem::path best;
    for (const auto& entry : std::filesystem::directory_iterator(found, error))
      if (equal_ignoring_case(entry.path().filename().string(), part.string()) &&
          (best.empty() || entry.path().filename() < best))
        best = entry.path().filename();
    if (best.empty()) return {};
    found /= best;
  }
  return std::filesystem::is_regular_file(found, error) ? std::optional{found} : std::nullopt;
}

std::optional<ScriptSource::Found> ScriptFolder::read(std::string_view name) {
  const auto path = find(name);
  if (!path) return {};
  std::ifstream in(*path, std::ios::binary);
  if (!in) return {};
  std::ostringstream text;
  text << in.rdbuf();
  const std::filesystem::path relative = path->lexically_relative(folder_);
  const bool inside = !relative.empty() && *relative.begin() != "..";
  return Found{inside ? relative.string() : path->string(), std::move(text).str()};
}

std::optional<ScriptSource::Found> ScriptTexts::read(std::string_view name) {
  const auto found = texts_.find(name);
  if (found == texts_.end()) return {};
  return Found{found->first, found->second};
}

Script load(ScriptSource& source, std::string_view main) { return Loader{source}.run(main); }

FileTree read_tree(std::string name, std::string text, std::vector<Problem>& problems) {
  FileTree tree;
  tree.file = std::make_shared<const ScriptFile>(ScriptFile{std::move(name), std::move(text)});
  LineReader reader;
  bool stopped = false;
  std::uint32_t number = 0;
  for (const std::string_view source : split_lines(tree.file->text)) {
    ++number;
    Line line;
    if (stopped) {
      line.kind = LineKind::skipped;
      line.number = number;
      line.source = source;
    } else {
      const std::size_t before = problems.size();
      line = reader.read(source, number, problems);
      for (std::size_t i = before; i < problems.size(); ++i) problems[i].file = tree.file->name;
      stopped = line.kind == LineKind::stop_parsing;
    }
    tree.lines.push_back(std::move(line));
  }
  return tree;
}

}  // namespace pennypost::ruleinterp
