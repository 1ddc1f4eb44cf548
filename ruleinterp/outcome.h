// The result of running a program on one message: what the filter acts upon, and what the administrator may ask about.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ruleinterp/problem.h"

namespace pennypost::ruleinterp {

/// A row of LogDB.SpamRules (spec 11 section 11.1).
struct RuleHit {
  std::string rule;
  std::string pattern;  ///< as written, empty for a statement without search
  std::string match;    ///< what of the message matched; at most 200 octets
  double amount = 0;    ///< the number after the weight; 0 for a statement without one
  std::string file;
  std::uint32_t line = 0;
};

/// What AddHeader asks for (spec 10 section 6.6). To be applied in this order, after the script.
struct HeaderChange {
  enum class Kind {
    set,              ///< replace the field's value, or add the line at the end when there is no such field
    remove,           ///< remove all fields of that name
    add_first,        ///< add the line at the start of the final header
    add_last,         ///< add the line at its end
    remove_matching,  ///< remove each field of that name whose value matches the expression in `value`
  };
  Kind kind = Kind::set;
  std::string user;  ///< only in the copy of this user's mailbox; empty = all
  std::string name;
  std::string value;  ///< without CR and LF
};

enum class Ended {
  not_begun,  ///< the script does not load
  at_the_end,
  stop,          ///< Stop
  reject,        ///< Reject, on SMTP mail
  time,          ///< a limit: SMTP answers 450 4.3.2 Content Filter Timeout
  instructions,  ///< a limit
  memory,        ///< a limit
};

/// The word of it for logs: "end", "stop", "time limit", ...
const char* word(Ended ended);
/// For reports: "set", "remove", "add-first", ...
const char* word(HeaderChange::Kind kind);
/// True when a limit broke the script off.
constexpr bool is_limit(Ended ended) {
  return ended == Ended::time || ended == Ended::instructions || ended == Ended::memory;
}

/// True when lines were left out: by Stop, Reject or a limit.
constexpr bool stops_early(Ended ended) { return ended == Ended::stop || ended == Ended::reject || is_limit(ended); }

/// A message that SendMessage asks for: from the system itself, and no filter sees it (spec 11 section 1.7).
struct SentMessage {
  std::string recipient, subject;
  std::string text;  ///< lines end with LF
};

struct TraceLine {
  std::string file;
  std::uint32_t line = 0;
  std::string source;
  std::vector<std::pair<std::string, std::string>> read;     ///< variable, value
  std::vector<std::pair<std::string, std::string>> written;  ///< variable, value
  std::string note;                                          ///< "true", "false", "jump to line 7"
};

struct Outcome {
  double score = 0;
  std::vector<std::string> matched_conditions;  ///< rule names, each once, in the order of the first match
  std::vector<RuleHit> hits;
  std::vector<HeaderChange> headers;
  std::vector<std::string> recipients;  ///< after Redirect
  bool redirected = false;
  std::vector<std::string> copies;          ///< of Copy
  std::vector<SentMessage> messages;        ///< of SendMessage
  std::vector<std::string> null_addresses;  ///< of AddNullAddress lines that ran
  std::optional<std::string> reject;        ///< the whole SMTP reply line, code first
  Ended ended = Ended::at_the_end;
  std::vector<std::string> log;
  std::vector<Problem> warnings;
  std::map<std::string, std::string> variables;          ///< names in lower case, values at the end
  std::map<std::string, std::vector<std::string>> bags;  ///< names in lower case
  std::vector<TraceLine> trace;                          ///< when asked for
  std::uint64_t instructions = 0;
  std::uint64_t memory = 0;  ///< octets of the run's arena
  std::chrono::nanoseconds time{0};
};

/// The record as the JSON object of `pennypost rules run --json` (issue 3): score, matchedConditions, variables, bags,
/// log, headers, recipients, reject, stopped, warnings, and hits, trace, ended, copies beside them.
std::string to_json(const Outcome& outcome);

}  // namespace pennypost::ruleinterp
