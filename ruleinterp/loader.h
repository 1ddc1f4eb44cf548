// From script files to one sequence of lines (spec 10 sections 1.1, 1.2, 6.1, 6.2, 6.38): includes expanded, *IFSUPPORT
// and *STOP obeyed. The state of the parser (an open BulkScan) is carried from file to file.
#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ruleinterp/text.h"
#include "ruleinterp/tree.h"

namespace pennypost::ruleinterp {

inline constexpr std::string_view kMainFile = "spamrules.txt";
inline constexpr int kIncludeDepth = 10;                      ///< spec 10 section 6.38
inline constexpr std::size_t kMostFiles = 2000;               ///< files that one program may include, repeats counted
inline constexpr std::size_t kMostOctets = 64 * 1024 * 1024;  ///< of all files of a program together
inline constexpr std::size_t kMostLines = 1'000'000;          ///< of a program, repeats counted

/// Where script files come from. Names ignore case.
class ScriptSource {
 public:
  virtual ~ScriptSource() = default;
  struct Found {
    std::string name;  ///< as it is really spelled
    std::string text;
  };
  virtual std::optional<Found> read(std::string_view name) = 0;
};

/// The files of a folder. Relative names are looked up in the folder whatever file names them; absolute ones are taken
/// as they are. Back slashes count as slashes.
class ScriptFolder final : public ScriptSource {
 public:
  explicit ScriptFolder(std::filesystem::path folder) : folder_{std::move(folder)} {}
  std::optional<Found> read(std::string_view name) override;
  /// The path that `name` stands for, by exact name first, then without regard to case.
  std::optional<std::filesystem::path> find(std::string_view name) const;

 private:
  std::filesystem::path folder_;
};

/// Texts in memory, for tests and for editors.
class ScriptTexts final : public ScriptSource {
 public:
  ScriptTexts() = default;
  ScriptTexts(std::initializer_list<std::pair<const std::string, std::string>> texts) : texts_(texts) {}
  void set(std::string name, std::string text) { texts_[std::move(name)] = std::move(text); }
  std::optional<Found> read(std::string_view name) override;

 private:
  std::map<std::string, std::string, LessIgnoringCase> texts_;
};

struct ScriptLine {
  std::uint32_t file = 0;  ///< index into Script::files
  Line line;
};

/// A loaded script: all lines in the order in which the parser sees them. Skipped lines are there too.
struct Script {
  std::vector<std::shared_ptr<const ScriptFile>> files;  ///< a file that is included twice stands here once
  std::vector<ScriptLine> lines;
  std::vector<Problem> problems;
  std::vector<std::string> missing;  ///< names of files that an Include names and that are not there
};

/// Loads `main` and what it includes. A missing main file is an error, a missing included file a warning.
Script load(ScriptSource& source, std::string_view main = kMainFile);

/// One file as a tree, without looking into what it includes: for formatting, words, editors.
FileTree read_tree(std::string name, std::string text, std::vector<Problem>& problems);

}  // namespace pennypost::ruleinterp
