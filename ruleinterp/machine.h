// Running a program on one message. One Run a message and thread; many Runs share one Program.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ruleinterp/bag.h"
#include "ruleinterp/derived.h"
#include "ruleinterp/host.h"
#include "ruleinterp/outcome.h"
#include "ruleinterp/program.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {

/// What a run may cost. Passing one ends the script, not the message; the outcome says which.
struct Limits {
  std::chrono::milliseconds time{60'000};   ///< spec 11 section 10.1
  std::uint64_t instructions = 20'000'000;  ///< executed lines: some seconds of a loop that does nothing else
  std::uint64_t memory = 64 * 1024 * 1024;  ///< octets of texts that the script makes
  std::size_t log_lines = 10'000;           ///< entries of Log; later ones are dropped, with a warning
  std::size_t warnings = 200;               ///< kept in the outcome
  std::size_t trace_lines = 100'000;        ///< of a traced run; later ones are not noted, with a warning
  std::chrono::milliseconds http{20'000};   ///< one HTTP statement (spec 10 section 6.34)
  std::chrono::milliseconds dns{15'000};    ///< one look-up
};

/// A value of a variable: text, number, or both forms of the same.
struct Value {
  enum class Kind : std::uint8_t { unset, text, number };
  Kind kind = Kind::unset;
  bool has_text = false;    ///< of a number: its text form stands in `text`
  std::uint32_t spare = 0;  ///< octets behind `text` that only this value may append to
  double number = 0;
  std::string_view text;

  static Value of(std::string_view text) { return {Kind::text, true, 0, 0, text}; }
  static Value of(double number) { return {Kind::number, false, 0, number, {}}; }
};

/// Memory of one run: grows in blocks, goes as a whole, ends the script at its limit.
class Arena {
 public:
  explicit Arena(std::uint64_t most) : most_{most} {}
  char* take(std::size_t octets);
  std::string_view copy(std::string_view text);
  /// Counts octets that live elsewhere (bags, derived texts).
  void charge(std::uint64_t octets);
  /// Octets charged before that are free again.
  void refund(std::uint64_t octets) { used_ -= octets; }
  std::uint64_t used() const { return used_; }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
  std::uint64_t used_ = 0;
  std::uint64_t most_;
};

/// Counts per instruction, for `rules profile` and `rules coverage`; add up over many messages.
struct Profile {
  std::vector<std::uint64_t> executed, fired;
  std::vector<std::chrono::nanoseconds> time;
};

/// What statements work with. A function of statements/ gets it together with its Instruction.
class Run {
 public:
  Run(const Program& program, const Mail& mail, const Envelope& envelope, const Host& host, const Limits& limits);

  // --- parameters and variables
  /// The text of a parameter with its ${...} expanded; valid until the run ends.
  std::string_view text(const Operand& operand);
  /// The text of parameter `index` of the instruction; empty when an optional one was left out.
  std::string_view text(const Instruction& instruction, std::size_t index);
  double number(const Operand& operand);
  /// The number that the parameter's whole text is, if it is one; 0 for a variable that was never set.
  std::optional<double> numeric(const Operand& operand);

  /// Which of the words a choice parameter is; kNone, with a warning, when a variable brought something else.
  std::uint32_t choice(const Instruction& i, std::size_t index, std::string_view words);

  const Value& get(std::uint32_t slot);
  std::string_view text_of(std::uint32_t slot);
  double number_of(std::uint32_t slot);
  void set(std::uint32_t slot, std::string_view text);  ///< copies
  void set(std::uint32_t slot, double number);
  /// Without copying: the text lives in the mail, the program or the arena.
  void set_lasting(std::uint32_t slot, std::string_view text);
  void append(std::uint32_t slot, std::string_view text);
  /// The variable that parameter `index` (Takes::variable) names.
  static std::uint32_t variable(const Instruction& i, std::size_t index) { return i.operands[index].index; }

  // --- bags
  /// The bag that parameter `index` names; made when a name with ${...} is new. Valid until the run ends.
  Bag& bag(const Instruction& i, std::size_t index) { return bag(i.operands[index]); }
  Bag& bag(const Operand& name);
  void add_to(Bag& bag, std::string_view item);  ///< copies

  // --- searching
  /// Searches the data (parameter `data`) for the search value (parameter `search`): true at the first piece that
  /// matches. An expression that matches sets ${0}... and ${RegExMatches}; what one that does not does to their number
  /// is the caller's word.
  enum class OnMiss { keeps_count, clears_count };
  bool search(const Instruction& i, std::size_t data, std::size_t search, OnMiss on_miss, std::string_view* matched);
  /// False: the constant search of this instruction (Instruction::pattern) matches nowhere in its data, for sure.
  bool may_match(const Instruction& i);
  /// All pieces of the data, for CountMatches and GlobalMatch; empty for whitelist and blacklist.
  std::vector<std::string_view> data_pieces(const Operand& data);
  /// The matches of `search` in the text from its begin, without overlap; an empty match goes on one octet later. Calls
  /// `each(match)`. False when the expression cost too much, which ends it early.
  template <typename Each>
  bool each_match(const Search& search, std::string_view text, Each each) {
    std::uint32_t found = 0;
    for (std::size_t from = 0; from <= text.size();) {
      const Matched matched = search.find(text, from, &match_);
      if (++found % 64 == 0) look_at_clock();
      if (matched == Matched::too_much_work) return false;
      if (matched != Matched::yes) return true;
      each(std::as_const(match_));
      const bool is_empty = match_.end <= match_.begin;
      from = std::max(from + 1, is_empty ? std::max(match_.begin, match_.end) + 1 : match_.end);
    }
    return true;
  }
  /// The search value ready to use; null, with a warning, when its expression does not compile.
  std::shared_ptr<const Search> search_of(const Operand& search);
  void set_groups(const Match& match);
  /// What a condition does whose expression matched nothing: ${RegExMatches} = 0, the groups stay (spec 10
  /// section 6.37).
  void no_match() { set(program_.regex_matches, 0.0); }

  // --- rules
  /// The weight of the instruction's rule in the current bank; 1 without a tag.
  double weight(const Instruction& i);
  double weight_of_rule(std::uint32_t rule);
  /// The rule of the instruction has matched: lists it and notes what and how much.
  void hit(const Instruction& i, std::string_view pattern, std::string_view match, double amount);

  // --- loops
  void add_item(std::string_view item);          ///< copies
  void add_lasting_item(std::string_view item);  ///< lives in the mail, the program or the arena
  struct Loop {
    std::vector<std::string_view> items;
    std::size_t next = 0;
    std::uint32_t slot = 0;
  };
  std::vector<Loop>& loops() { return loops_; }
  /// Ends the innermost loop; its items no longer count as memory.
  void leave_loop();

  // --- the world
  const Mail& mail() const { return mail_; }
  const Envelope& envelope() const { return envelope_; }
  const Host& host() const { return host_; }
  const Program& program() const { return program_; }
  const Limits& limits() const { return limits_; }
  Derived& derived() { return derived_; }
  Arena& arena() { return arena_; }
  Outcome& outcome() { return outcome_; }
  /// When a wait of at most `most` must be over: never later than the time limit of the run.
  Deadline until(std::chrono::milliseconds most) const;
  std::vector<std::string>& recipients() { return outcome_.recipients; }

  /// A warning at the line that runs; the same text is noted once a line.
  void warn(std::string text);
  /// A warning that a service is not there, once a run and service.
  void warn_missing(std::string_view service, std::string_view result = "empty");
  /// What the trace shows beside the line.
  void note(std::string text);

  /// DNS look-ups of this run that are on their way or over, by what was asked (spec 11 section 1.8).
  struct Lookup {
    std::unique_ptr<DnsLookup> running;
    std::optional<std::vector<DnsRecord>> records;
  };
  std::map<std::string, Lookup>& lookups() { return lookups_; }
  std::size_t http_requests = 0;   ///< made so far
  std::size_t foreign_copies = 0;  ///< of Copy, to others than the recipients of the envelope
  /// Ends the script when its time is over. For statements that work long between two instructions.
  void look_at_clock();

  // --- used by whoever runs it
  void preset(std::string_view name, std::string_view value);  ///< gives a variable a value before the start
  void trace() { tracing_ = true; }
  void profile(Profile& profile) { profile_ = &profile; }
  Outcome execute();

 private:
  struct LimitPassed {
    Ended which;
  };

  std::string_view mixed(const Operand& operand);
  void loop_over_code();
  void finish();
  void trace_line();
  void traced_read(std::uint32_t slot);
  void traced_write(std::uint32_t slot);
  const Candidates& candidates(std::uint32_t source);
  const std::vector<std::string_view>& texts_of(std::uint32_t source);
  /// Where the run of BulkScan lines at `at` goes on: the next line that may match, or its end. Lines that are passed
  /// over count as executed.
  std::uint32_t pass_over(std::uint32_t at, std::uint64_t& executed);

  const Program& program_;
  const Mail& mail_;
  const Envelope& envelope_;
  const Host& host_;
  Limits limits_;
  Arena arena_;
  Derived derived_;
  Outcome outcome_;
  std::vector<Value> variables_;
  std::deque<Bag> bags_;                                              // those of the program, then those made here
  std::map<std::string, std::uint32_t, LessIgnoringCase> bag_names_;  // filled when the first name with ${...} is met
  std::vector<Loop> loops_;
  std::map<std::string, Lookup> lookups_;
  std::vector<std::optional<std::vector<double>>> weights_;  // by rule, as far as asked
  std::vector<bool> rule_listed_;
  struct SourceTexts {
    bool made = false, scanned = false;
    std::vector<std::string_view> texts;
    Candidates candidates;
  };
  std::vector<SourceTexts> sources_;
  std::vector<std::optional<std::vector<std::uint32_t>>> possible_lines_;       // by scan run, ascending
  std::map<std::string, std::shared_ptr<const Search>, std::less<>> searches_;  // those with ${...}
  std::map<std::string, std::string> preset_;
  std::vector<std::string> missing_services_;
  Match match_;
  std::vector<std::string_view> groups_;  // of the last expression that matched
  std::vector<std::string_view> mixed_;
  const Instruction* current_ = nullptr;
  Profile* profile_ = nullptr;
  bool tracing_ = false;
  bool hit_noted_ = false;
  Deadline started_, deadline_;
};

}  // namespace pennypost::ruleinterp
