// The rule scripts of an installation: the folder, the program made of it, and its renewal when a file changes.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ruleinterp/program.h"
#include "server/base/result.h"
#include "server/filter/renewed.h"

namespace pennypost::filter {

/// One of the rule files that come with the program.
struct RuleFile {
  const char* name;
  const char* text;
};
/// The default rule set, `spamrules.txt` first.
const std::vector<RuleFile>& default_rules();

/// Makes the folder and puts the default rules into it when it has no main file (in any case). What is there stays as
/// it is. Errors: unavailable.
Result<void> install_default_rules(const std::filesystem::path& folder);

/// Looks for changed files at most once a second and loads all of them anew (spec 10 section 1.2). A script with errors
/// is refused whole: the program before it goes on. Any thread; whoever asks while another loads gets the old program,
/// and waits where there is none. Watched are all .txt files of the folder and what the last load has asked for, good
/// or not: a file that an Include names is noticed when it comes, whatever it is called.
class RuleSet {
 public:
  /// What the administrator is told of a load, as text: the errors of scripts that were refused, or the words of
  /// scripts that run which the language does not have.
  struct Report {
    std::string problems;
    bool is_refused = false;
  };
  /// `tell` gets the report of each load that has something to tell.
  RuleSet(std::filesystem::path folder, std::function<void(const Report&)> tell);

  /// Null while there has never been a script without errors.
  std::shared_ptr<const ruleinterp::Program> program();
  const std::filesystem::path& folder() const { return folder_; }

 private:
  struct Stamp {
    std::int64_t time = 0;
    std::uintmax_t size = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Fingerprint = std::map<std::string, Stamp>;  // by path
  class Watched;
  static void note(const std::filesystem::path& path, Fingerprint& into);
  Fingerprint fingerprint() const;
  std::shared_ptr<const ruleinterp::Program> load(Report& report);

  const std::filesystem::path folder_;
  const std::function<void(const Report&)> tell_;
  Renewed<ruleinterp::Program> program_;
  // Of the last load, used by whoever loads.
  std::set<std::string> asked_for_;
  std::optional<Fingerprint> loaded_;
};

}  // namespace pennypost::filter
