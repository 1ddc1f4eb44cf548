// Reports of `pennypost rules check|run|profile|coverage` (issue 3, tools). CPU time is the thread's own clock.
#include "ruleinterp/tools/reports.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>
#include <time.h>

#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

std::chrono::nanoseconds thread_cpu() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

// Figures of the instructions of one line: a line of a file that is included twice is one line.
struct LineFigures {
  std::uint64_t executed = 0, fired = 0;
  std::chrono::nanoseconds time{0};
  const CodePlace* place = nullptr;
};

std::map<std::pair<std::uint32_t, std::uint32_t>, LineFigures> by_line(const Program& program, const Profile& profile) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, LineFigures> lines;
  for (std::size_t i = 0; i < program.code.size(); ++i) {
    const CodePlace& place = program.place(program.code[i]);
    LineFigures& line = lines[{place.file, place.line}];
    line.place = &place;
    line.executed += profile.executed[i];
    line.fired += profile.fired[i];
    line.time += profile.time[i];
  }
  return lines;
}

}  // namespace

std::string problems_json(const std::vector<Problem>& problems) {
  const auto errors = std::ranges::count_if(problems, [](const Problem& p) { return p.severity == Severity::error; });
  std::string out = fmt::format("{{\"errors\":{},\"warnings\":{},\"problems\":[", errors,
                                static_cast<std::ptrdiff_t>(problems.size()) - errors);
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const Problem& p = problems[i];
    out += fmt::format(
        "{}{{\"severity\":\"{}\",\"file\":{},\"line\":{},\"column\":{},\"length\":{},\"text\":{},\"expected\":{},"
        "\"suggestion\":{},\"source\":{}}}",
        i > 0 ? "," : "", p.severity == Severity::error ? "error" : "warning", json_text(p.file), p.line, p.column,
        p.length, json_text(p.text), json_text(p.expected), json_text(p.suggestion), json_text(p.source));
  }
  return out + "]}";
}

std::string describe(const Outcome& outcome) {
  std::string out;
  for (const TraceLine& line : outcome.trace) {
    out += fmt::format("{}:{}: {}", line.file, line.line, line.source);
    for (const auto& [name, value] : line.read) out += fmt::format("  [{} is {}]", name, json_text(value));
    for (const auto& [name, value] : line.written) out += fmt::format("  -> {} = {}", name, json_text(value));
    if (!line.note.empty()) out += "  : " + line.note;
    out += '\n';
  }
  out += fmt::format("Score {}\n", number_text(outcome.score));
  for (const RuleHit& hit : outcome.hits) {
    out += fmt::format("  {:>8}  {} ({}:{})", number_text(hit.amount), hit.rule, hit.file, hit.line);
    if (!hit.pattern.empty()) out += fmt::format("  {} matched {}", hit.pattern, json_text(hit.match));
    out += '\n';
  }
  for (const HeaderChange& change : outcome.headers)
    out += fmt::format("Header ({}{}): {}: {}\n", word(change.kind), change.user.empty() ? "" : " for " + change.user,
                       change.name, change.value);
  if (outcome.redirected) out += fmt::format("Redirected to {}\n", fmt::join(outcome.recipients, ", "));
  for (const std::string& copy : outcome.copies) out += fmt::format("Copy to {}\n", copy);
  for (const SentMessage& sent : outcome.messages)
    out += fmt::format("Message to {}: {}\n", sent.recipient, sent.subject);
  if (outcome.reject) out += fmt::format("Rejected: {}\n", *outcome.reject);
  for (const std::string& line : outcome.log) out += fmt::format("Log: {}\n", line);
  for (const Problem& warning : outcome.warnings) out += one_line(warning) + '\n';
  out += fmt::format("Ended: {}; {} lines in {:.3f} ms\n", word(outcome.ended), outcome.instructions,
                     static_cast<double>(outcome.time.count()) / 1e6);
  return out;
}

Measured measuring(const Program& program) {
  Measured made;
  made.profile.executed.resize(program.code.size());
  made.profile.fired.resize(program.code.size());
  made.profile.time.resize(program.code.size());
  made.rule_hits.resize(program.rules.size());
  return made;
}

void measure_time(const Program& program, const std::function<std::shared_ptr<const Mail>()>& mail,
                  const Envelope& envelope, const Host& host, const Limits& limits, Measured& into) {
  const auto before = thread_cpu();
  auto made = mail();
  const Outcome outcome = Run{program, *made, envelope, host, limits}.execute();
  made.reset();
  into.cpu += thread_cpu() - before;
  ++into.messages;
  if (is_limit(outcome.ended)) ++into.over_limits;
  for (const std::string& name : outcome.matched_conditions)
    for (std::size_t i = 0; i < program.rules.size(); ++i)
      if (program.rules[i].name == name) ++into.rule_hits[i];
}

void measure_lines(const Program& program, const Mail& mail, const Envelope& envelope, const Host& host,
                   const Limits& limits, Measured& into) {
  Run profiled{program, mail, envelope, host, limits};
  profiled.profile(into.profile);
  profiled.execute();
}

std::string profile_report(const Program& program, const Measured& measured, std::size_t most) {
  const double seconds = static_cast<double>(measured.cpu.count()) / 1e9;
  const double count = static_cast<double>(std::max<std::uint64_t>(measured.messages, 1));
  std::string out = fmt::format("{} messages, {:.3f} s CPU: {:.4f} ms CPU a message, {:.0f} messages per CPU second\n",
                                measured.messages, seconds, seconds * 1000 / count,
                                seconds > 0 ? static_cast<double>(measured.messages) / seconds : 0);
  out += fmt::format("{} lines of code, {} constant searches\n", program.code.size(), program.patterns.size());
  if (measured.over_limits > 0) out += fmt::format("{} messages passed a limit\n", measured.over_limits);
  auto lines = by_line(program, measured.profile);
  std::vector<LineFigures> sorted;
  sorted.reserve(lines.size());
  for (const auto& [place, figures] : lines) sorted.push_back(figures);
  std::ranges::stable_sort(sorted, std::greater{}, &LineFigures::time);
  if (sorted.size() > most) sorted.resize(most);
  out += fmt::format("{:>12} {:>12} {:>10}  line\n", "microseconds", "executed", "fired");
  for (const LineFigures& line : sorted)
    out += fmt::format("{:>12.1f} {:>12} {:>10}  {}:{}: {}\n", static_cast<double>(line.time.count()) / 1000,
                       line.executed, line.fired, program.files[line.place->file]->name, line.place->line,
                       trim(line.place->source).substr(0, 100));
  return out;
}

std::string coverage_report(const Program& program, const Measured& measured) {
  std::string out;
  auto lines = by_line(program, measured.profile);
  // What stands for Else is the jump at the end of the other side; whether its own side was reached, its lines say.
  std::erase_if(lines, [](const auto& line) {
    const std::string_view source = trim(line.second.place->source);
    return equal_ignoring_case(source.substr(0, source.find_first_of(" \t")), "Else");
  });
  std::size_t reached = 0;
  for (const auto& [place, figures] : lines) {
    if (figures.executed > 0) {
      ++reached;
      continue;
    }
    out += fmt::format("{}:{}: never reached: {}\n", program.files[place.first]->name, place.second,
                       trim(figures.place->source).substr(0, 100));
  }
  std::size_t fired = 0;
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    if (measured.rule_hits[i] > 0) {
      ++fired;
    } else {
      out += fmt::format("rule {} never fired\n", program.rules[i].name);
    }
  }
  return out + fmt::format("{} of {} lines reached, {} of {} rules fired, on {} messages\n", reached, lines.size(),
                           fired, program.rules.size(), measured.messages);
}

}  // namespace pennypost::ruleinterp
