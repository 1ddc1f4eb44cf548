// The rule scripts of an installation: the folder, the program made of it, and its renewal when a file changes.
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ruleinterp/program.h"
#include "server/base/result.h"

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
/// is refused whole: the program before it goes on. Any thread; whoever asks while another loads gets the old program.
class RuleSet {
 public:
  /// `tell` gets each new list of errors once, as text for the administrator.
  RuleSet(std::filesystem::path folder, std::function<void(const std::string&)> tell);

  /// Null while there has never been a script without errors.
  std::shared_ptr<const ruleinterp::Program> program();
  const std::filesystem::path& folder() const { return folder_; }

 private:
  using Fingerprint = std::vector<std::pair<std::string, std::pair<std::int64_t, std::uintmax_t>>>;
  Fingerprint fingerprint(const ruleinterp::Program* program) const;
  void load();

  const std::filesystem::path folder_;
  const std::function<void(const std::string&)> tell_;
  std::mutex mutex_;  // guards what follows but is not held while loading
  std::shared_ptr<const ruleinterp::Program> program_;
  Fingerprint loaded_;
  std::chrono::steady_clock::time_point next_look_{};
  bool loading_ = false;
  bool ever_loaded_ = false;
};

}  // namespace pennypost::filter
