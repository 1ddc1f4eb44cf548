// Reloading of rule scripts (spec 10 section 1.2, 11 sections 12, 13). Needs a folder. A file that appears, changes or
// goes makes the whole script load again; errors keep the program that runs and are handed to the callback.
#include "ruleinterp/rule_book.h"

#include <algorithm>

#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {

RuleBook::RuleBook(std::filesystem::path folder, OnLoad on_load, std::string main)
    : source_{std::move(folder)}, main_{std::move(main)}, on_load_{std::move(on_load)} {}

std::shared_ptr<const Program> RuleBook::current() {
  if (std::unique_lock looking{loading_, std::try_to_lock}; looking) {
    const auto now = Clock::now();
    const bool first = !looked_;
    if (first || now - *looked_ >= pause) {
      looked_ = now;
      if (first || changed()) load();
    }
  } else {
    const std::lock_guard lock{mutex_};
    if (loads_ > 0) return program_;
  }
  // Another thread loads for the first time: wait for it, there is nothing to run before.
  {
    const std::lock_guard lock{mutex_};
    if (loads_ > 0) return program_;
  }
  const std::lock_guard wait{loading_};
  const std::lock_guard lock{mutex_};
  return program_;
}

std::vector<Problem> RuleBook::problems() const {
  const std::lock_guard lock{mutex_};
  return problems_;
}

int RuleBook::loads() const {
  const std::lock_guard lock{mutex_};
  return loads_;
}

void RuleBook::look_now() {
  const std::lock_guard looking{loading_};
  if (looked_) looked_ = Clock::now() - pause;
}

RuleBook::Stamp RuleBook::stamp(std::string_view name) const {
  Stamp made{std::string{name}, source_.find(name), {}, 0};
  std::error_code error;
  if (made.path) {
    made.changed = std::filesystem::last_write_time(*made.path, error);
    made.octets = std::filesystem::file_size(*made.path, error);
  }
  return made;
}

bool RuleBook::changed() const {
  for (const Stamp& known : stamps_)
    if (stamp(known.name) != known) return true;
  return false;
}

void RuleBook::load() {
  // The main file's stamp is taken before reading, those of its includes before compiling: a change in between shows at
  // the next look, because a change after the stamp makes the stamp differ.
  const Stamp main_stamp = stamp(main_);
  const Script script = ruleinterp::load(source_, main_);
  stamps_.assign(1, main_stamp);
  for (const ScriptLine& line : script.lines) {
    if (line.line.kind != LineKind::include || line.line.words.empty()) continue;
    const std::string_view name = line.line.words[0].text;
    const auto same = [&](const Stamp& s) { return equal_ignoring_case(s.name, name); };
    if (std::ranges::none_of(stamps_, same)) stamps_.push_back(stamp(name));
  }
  Compiled compiled = compile(script);
  const bool good = compiled.program != nullptr;
  bool running = false;
  {
    const std::lock_guard lock{mutex_};
    if (good) program_ = std::move(compiled.program);
    problems_ = compiled.problems;
    ++loads_;
    running = program_ != nullptr;
  }
  if (on_load_) on_load_(compiled.problems, running);
}

}  // namespace pennypost::ruleinterp
