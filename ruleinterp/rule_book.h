// The rule scripts of an installation: loaded once, shared by all threads, loaded anew as a whole when a file changes.
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ruleinterp/compile.h"

namespace pennypost::ruleinterp {

/// Spec 10 section 1.2 and 11 section 13: a broken script keeps the last good program running. Any thread.
class RuleBook {
 public:
  using Clock = std::chrono::steady_clock;
  /// Called (by the thread that noticed) after each load with its problems; `running` says whether a program runs now.
  using OnLoad = std::function<void(const std::vector<Problem>& problems, bool running)>;

  explicit RuleBook(std::filesystem::path folder, OnLoad on_load = {}, std::string main = std::string{kMainFile});

  /// The program to run; null when none was ever good (or the main file is not there): deliver unfiltered. Looks at the
  /// files at most once in `pause`.
  std::shared_ptr<const Program> current();
  /// The problems of the last load, good or not.
  std::vector<Problem> problems() const;
  /// How often the scripts were loaded.
  int loads() const;
  /// Looks at the files at the next call of current(), however soon.
  void look_now();

  std::chrono::milliseconds pause{1000};

 private:
  struct Stamp {
    std::string name;
    std::optional<std::filesystem::path> path;
    std::filesystem::file_time_type changed;
    std::uintmax_t octets = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp stamp(std::string_view name) const;
  bool changed() const;
  void load();

  ScriptFolder source_;
  std::string main_;
  OnLoad on_load_;
  mutable std::mutex mutex_;  // of what follows; held for copies only
  std::shared_ptr<const Program> program_;
  std::vector<Problem> problems_;
  int loads_ = 0;
  std::mutex loading_;  // one thread looks at the files, the others go on with what is there
  std::vector<Stamp> stamps_;
  std::optional<Clock::time_point> looked_;
};

}  // namespace pennypost::ruleinterp
