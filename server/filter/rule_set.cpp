// Loading and renewing of rule scripts (spec 10 section 1.2, 11 section 13). Errors and warnings go to the log with
// file and line; errors to the administrator once. A folder that cannot be read is a script that is not there.
#include "server/filter/rule_set.h"

#include <algorithm>
#include <fstream>

#include "ruleinterp/compile.h"
#include "ruleinterp/text.h"
#include "server/base/log.h"

namespace pennypost::filter {
namespace {

namespace fs = std::filesystem;

constexpr LogEvent kLoaded{"filter.rules_loaded", Level::notice,
                           "spam rules loaded: {files} files, {lines} instructions, {rules} rules"};
constexpr LogEvent kRefused{"filter.rules_refused", Level::error,
                            "the changed spam rules have errors and are not used: {problem}"};
constexpr LogEvent kProblem{"filter.rules_problem", Level::warning, "spam rules: {problem}"};
constexpr std::size_t kMostFilesWatched = 5000;
constexpr std::size_t kMostProblemsTold = 50;
constexpr std::chrono::seconds kBetweenLooks{1};

}  // namespace

Result<void> install_default_rules(const fs::path& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return error(Kind::unavailable, folder.string() + ": " + code.message());
  if (ruleinterp::ScriptFolder{folder}.find(ruleinterp::kMainFile)) return {};
  const auto& rules = default_rules();
  for (auto file = rules.rbegin(); file != rules.rend();
       ++file) {  // the main file last: what is cut short is made again
    const fs::path path = folder / file->name;
    if (fs::exists(path, code)) continue;
    const fs::path beside = path.string() + ".new";
    std::ofstream out{beside, std::ios::binary};
    out << file->text;
    out.close();
    if (out) fs::rename(beside, path, code);
    if (!out || code) return error(Kind::unavailable, path.string() + ": cannot be written");
  }
  return {};
}

RuleSet::RuleSet(fs::path folder, std::function<void(const std::string&)> tell)
    : folder_{std::move(folder)}, tell_{std::move(tell)} {}

RuleSet::Fingerprint RuleSet::fingerprint(const ruleinterp::Program* program) const {
  Fingerprint out;
  const auto note = [&](const fs::path& path) {
    std::error_code code;
    const auto time = fs::last_write_time(path, code);
    if (code) return;
    const auto size = fs::file_size(path, code);
    out.push_back({path.string(), {time.time_since_epoch().count(), code ? 0 : size}});
  };
  std::error_code code;
  for (const auto& entry : fs::directory_iterator{folder_, code}) {
    if (out.size() >= kMostFilesWatched) break;
    if (ruleinterp::equal_ignoring_case(entry.path().extension().string(), ".txt")) note(entry.path());
  }
  if (program)
    for (const auto& file : program->files)
      if (const auto path = ruleinterp::ScriptFolder{folder_}.find(file->name)) note(*path);
  std::ranges::sort(out);
  return out;
}

std::shared_ptr<const ruleinterp::Program> RuleSet::program() {
  std::unique_lock lock{mutex_};
  const auto now = std::chrono::steady_clock::now();
  if (loading_ || (ever_loaded_ && now < next_look_)) return program_;
  next_look_ = now + kBetweenLooks;
  loading_ = true;
  lock.unlock();
  load();
  lock.lock();
  loading_ = false;
  ever_loaded_ = true;
  return program_;
}

void RuleSet::load() {
  std::shared_ptr<const ruleinterp::Program> before;
  Fingerprint known;
  {
    const std::lock_guard lock{mutex_};
    before = program_;
    known = loaded_;
  }
  auto print = fingerprint(before.get());
  if (print == known && (before || ever_loaded_)) return;
  ruleinterp::ScriptFolder source{folder_};
  const auto compiled = ruleinterp::compile_from(source);
  std::string told;
  std::size_t count = 0;
  for (const auto& problem : compiled.problems) {
    const auto text = ruleinterp::describe(problem);
    log(!compiled.program && problem.severity == ruleinterp::Severity::error ? kRefused : kProblem,
        {{"problem", text}});
    if (problem.severity == ruleinterp::Severity::error && ++count <= kMostProblemsTold) told += text + "\n";
  }
  if (compiled.program) {
    log(kLoaded, {{"files", compiled.program->files.size()},
                  {"lines", compiled.program->code.size()},
                  {"rules", compiled.program->rules.size()}});
    print = fingerprint(compiled.program.get());
  }
  {
    const std::lock_guard lock{mutex_};
    if (compiled.program) program_ = compiled.program;
    loaded_ = std::move(print);
  }
  if (!compiled.program && tell_) tell_(told);
}

}  // namespace pennypost::filter
