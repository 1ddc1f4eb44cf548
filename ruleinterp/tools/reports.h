// What the tools say about a run and about a program over many messages: the record for people, time and hits by line,
// what was never reached.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ruleinterp/machine.h"
#include "ruleinterp/outcome.h"
#include "ruleinterp/program.h"

namespace pennypost::ruleinterp {

/// The problems as `{"errors":N,"warnings":N,"problems":[...]}`.
std::string problems_json(const std::vector<Problem>& problems);

/// The outcome of one message for people: score, rules, changes, log, warnings, trace when there is one.
std::string describe(const Outcome& outcome);

/// Figures of a program over many messages; several may be added up.
struct Measured {
  Profile profile;
  std::uint64_t messages = 0;
  std::uint64_t over_limits = 0;         ///< messages whose script was stopped by a limit
  std::chrono::nanoseconds cpu{0};       ///< of the thread, for all messages, without the cost of measuring
  std::vector<std::uint64_t> rule_hits;  ///< by rule, messages in which it matched
};

/// Starts with zeros for every instruction and rule.
Measured measuring(const Program& program);

/// Runs the program on one message for its CPU time. `mail` makes the mail, which belongs to it.
void measure_time(const Program& program, const std::function<std::shared_ptr<const Mail>()>& mail,
                  const Envelope& envelope, const Host& host, const Limits& limits, Measured& into);
/// Runs it with a count for each line. A run of its own, and after the others: it costs more and fills the caches.
void measure_lines(const Program& program, const Mail& mail, const Envelope& envelope, const Host& host,
                   const Limits& limits, Measured& into);

/// Messages per CPU second, and the lines that took the most time: at most `most` of them.
std::string profile_report(const Program& program, const Measured& measured, std::size_t most);

/// Lines never reached and rules that never fired, as "file:line: text".
std::string coverage_report(const Program& program, const Measured& measured);

}  // namespace pennypost::ruleinterp
