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

RuleSet::RuleSet(fs::path folder, std::function<void(const Report&)> tell)
    : folder_{std::move(folder)}, tell_{std::move(tell)} {}

void RuleSet::note(const fs::path& path, Fingerprint& into) {
  std::error_code code;
  const auto time = fs::last_write_time(path, code);
  if (code) return;
  const auto size = fs::file_size(path, code);
  into.try_emplace(path.string(), Stamp{time.time_since_epoch().count(), code ? 0 : size});
}

/// The folder as a load reads it: what it asks for is remembered, with the state in which it was read.
class RuleSet::Watched final : public ruleinterp::ScriptSource {
 public:
  Watched(const fs::path& folder, Fingerprint& read) : folder_{folder}, read_{read} {}
  std::optional<Found> read(std::string_view name) override {
    asked_for_.emplace(name);
    if (const auto path = folder_.find(name)) note(*path, read_);  // before it is read: a change meanwhile is noticed
    return folder_.read(name);
  }
  std::set<std::string> asked_for() { return std::move(asked_for_); }

 private:
  ruleinterp::ScriptFolder folder_;
  Fingerprint& read_;
  std::set<std::string> asked_for_;
};

RuleSet::Fingerprint RuleSet::fingerprint() const {
  Fingerprint out;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator{folder_, code}) {
    if (out.size() >= kMostFilesWatched) break;
    if (ruleinterp::equal_ignoring_case(entry.path().extension().string(), ".txt")) note(entry.path(), out);
  }
  const ruleinterp::ScriptFolder folder{folder_};
  for (const std::string& name : asked_for_)
    if (const auto path = folder.find(name)) note(*path, out);
  return out;
}

std::shared_ptr<const ruleinterp::Program> RuleSet::program() {
  Report report;
  auto program = program_.get([&] { return load(report); });
  if (!report.problems.empty() && tell_) tell_(report);  // behind the load: a mail asks for the program itself
  return program;
}

std::shared_ptr<const ruleinterp::Program> RuleSet::load(Report& report) {
  auto print = fingerprint();
  if (loaded_ && print == *loaded_) return nullptr;
  Watched source{folder_, print};
  auto compiled = ruleinterp::compile_from(source);
  asked_for_ = source.asked_for();
  loaded_ = std::move(print);
  report.is_refused = !compiled.program;
  std::size_t count = 0;
  for (const auto& problem : compiled.problems) {
    const auto text = ruleinterp::describe(problem);
    const bool is_error = problem.severity == ruleinterp::Severity::error;
    log(report.is_refused && is_error ? kRefused : kProblem, {{"problem", text}});
    const bool is_told = report.is_refused ? is_error : problem.unknown_word;
    if (is_told && ++count <= kMostProblemsTold) report.problems += text + "\n";
  }
  if (compiled.program)
    log(kLoaded, {{"files", compiled.program->files.size()},
                  {"lines", compiled.program->code.size()},
                  {"rules", compiled.program->rules.size()}});
  return std::move(compiled.program);
}

}  // namespace pennypost::filter
