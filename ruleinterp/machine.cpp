// The machine: one loop over the instructions of a program (spec 10 section 1.2, 11 sections 3, 10.1, 13).
// Needs a program, a mail with its envelope, and a host. A statement that fails warns and leaves its result empty; a
// limit that is passed ends the script and is named in the outcome; nothing is thrown out of execute().
#include "ruleinterp/machine.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

constexpr std::size_t kBlock = 16 * 1024;
constexpr std::size_t kMatchKept = 200;    // octets of a match in the record of hits
constexpr std::size_t kMostHits = 10'000;  // rows of one message
constexpr std::size_t kExpression = 4096;  // octets of a compiled expression, about
constexpr std::uint64_t kClockEvery = 32;  // instructions between two looks at the clock

struct MemoryPassed {};

}  // namespace

// --- memory

char* Arena::take(std::size_t octets) {
  charge(octets);
  if (octets > left_) {
    const std::size_t block =
        std::max(octets, std::min<std::size_t>(kBlock << std::min<std::size_t>(blocks_.size(), 6), 1 << 20));
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block));
    at_ = blocks_.back().get();
    left_ = block;
  }
  char* taken = at_;
  at_ += octets;
  left_ -= octets;
  return taken;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* to = take(text.size());
  std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

void Arena::charge(std::uint64_t octets) {
  used_ += octets;
  if (used_ > most_) throw MemoryPassed{};
}

// --- start and end

Run::Run(const Program& program, const Mail& mail, const Envelope& envelope, const Host& host, const Limits& limits)
    : program_{program},
      mail_{mail},
      envelope_{envelope},
      host_{host},
      limits_{limits},
      arena_{limits.memory},
      derived_{mail},
      variables_(program.variables.size()),
      bags_(program.bags.size()),
      weights_(program.rules.size()),
      rule_listed_(program.rules.size()),
      sources_(program.sources.size()),
      possible_lines_(program.scan_runs.size()) {
  outcome_.recipients = envelope.recipients;
  variables_[program.score] = Value::of(0.0);
  variables_[program.weight_bank] = Value::of(0.0);
  variables_[program.regex_matches] = Value::of(0.0);
}

void Run::preset(std::string_view name, std::string_view value) { preset_[lower(name)] = value; }

Outcome Run::execute() {
  started_ = std::chrono::steady_clock::now();
  deadline_ = started_ + limits_.time;
  for (std::uint32_t slot = 0; slot < program_.variables.size(); ++slot)
    if (const auto given = preset_.find(program_.variables[slot].name); given != preset_.end())
      variables_[slot] = Value::of(std::string_view{given->second});
  try {
    loop_over_code();
  } catch (const MemoryPassed&) {
    outcome_.ended = Ended::memory;
    warn(fmt::format("the script was stopped: its texts passed {} octets", limits_.memory));
  } catch (const LimitPassed& limit) {
    outcome_.ended = limit.which;
    if (limit.which == Ended::time) {
      warn(fmt::format("the script was stopped: it ran longer than {} ms", limits_.time.count()));
    } else {
      warn(fmt::format("the script was stopped: it executed more than {} lines", limits_.instructions));
    }
  }
  finish();
  return std::move(outcome_);
}

void Run::look_at_clock() {
  if (std::chrono::steady_clock::now() >= deadline_) throw LimitPassed{Ended::time};
}

void Run::loop_over_code() {
  const std::vector<Instruction>& code = program_.code;
  std::uint64_t executed = 0;
  std::uint32_t at = 0;
  struct Count {  // also when a limit throws
    std::uint64_t& from;
    std::uint64_t& to;
    ~Count() { to = from; }
  } count{executed, outcome_.instructions};
  while (at < code.size()) {
    const Instruction& i = code[at];
    if (i.scan_run != kNone && !tracing_ && !profile_) {
      if (const std::uint32_t next = pass_over(at, executed); next != at) {
        at = next;
        continue;
      }
    }
    current_ = &i;
    if (++executed > limits_.instructions) throw LimitPassed{Ended::instructions};
    if (executed % kClockEvery == 0) look_at_clock();
    hit_noted_ = false;
    if (tracing_) trace_line();
    const auto before = profile_ ? std::chrono::steady_clock::now() : Deadline{};
    const Flow flow = i.run(*this, i);
    if (i.rule != kNone && !i.counts_itself && flow != Flow::jump && !hit_noted_) hit(i, {}, {}, 0);
    if (profile_) {
      profile_->time[at] += std::chrono::steady_clock::now() - before;
      ++profile_->executed[at];
      if (hit_noted_) ++profile_->fired[at];
    }
    if (flow == Flow::next) {
      ++at;
    } else if (flow == Flow::jump) {
      if (i.target <= at) look_at_clock();
      at = i.target;
    } else {
      return;
    }
  }
}

std::uint32_t Run::pass_over(std::uint32_t at, std::uint64_t& executed) {
  const ScanRun& run = program_.scan_runs[program_.code[at].scan_run];
  std::optional<std::vector<std::uint32_t>>& possible = possible_lines_[program_.code[at].scan_run];
  if (!possible) {
    possible.emplace();
    for (const ScanRun::Searches& searches : run.by_source)
      ScanRun::add_possible(searches, candidates(searches.source), *possible);
    std::ranges::sort(*possible);
  }
  const auto found = std::ranges::lower_bound(*possible, at);
  const std::uint32_t next = found == possible->end() ? run.end : *found;
  if (next == at || executed + (next - at) > limits_.instructions) return at;
  if (executed / kClockEvery != (executed + (next - at)) / kClockEvery) look_at_clock();
  executed += next - at;
  return next;
}

void Run::finish() {
  current_ = nullptr;
  outcome_.score = number_of(program_.score);
  for (std::uint32_t slot = 0; slot < program_.variables.size(); ++slot) {
    const Value& value = variables_[slot];
    if (value.kind == Value::Kind::unset) continue;
    outcome_.variables[program_.variables[slot].name] =
        value.kind == Value::Kind::number ? number_text(value.number) : std::string{value.text};
  }
  for (std::size_t i = 0; i < groups_.size(); ++i)  // those that no line reads have no slot
    outcome_.variables.try_emplace(fmt::format("{}", i), groups_[i]);
  if (variables_[program_.matched_conditions].kind == Value::Kind::unset)
    outcome_.variables["matchedconditions"] = fmt::format("{}", fmt::join(outcome_.matched_conditions, ", "));
  const auto keep_bag = [&](const std::string& name, const Bag& bag) {
    outcome_.bags[name] = std::vector<std::string>(bag.begin(), bag.end());
  };
  for (std::size_t i = 0; i < program_.bags.size(); ++i) keep_bag(program_.bags[i], bags_[i]);
  for (const auto& [name, index] : bag_names_) keep_bag(name, bags_[index]);
  outcome_.memory = arena_.used() + derived_.octets();
  outcome_.time = std::chrono::steady_clock::now() - started_;
}

// --- parameters and variables

std::string_view Run::text(const Operand& operand) {
  if (operand.constant()) return operand.text;
  if (operand.pieces.size() == 1) return text_of(operand.pieces[0].slot);
  return mixed(operand);
}

std::string_view Run::text(const Instruction& instruction, std::size_t index) {
  return index < instruction.operands.size() ? text(instruction.operands[index]) : std::string_view{};
}

std::string_view Run::mixed(const Operand& operand) {
  // Each part is asked for once: some variables (weights, ${MatchedConditions}) are made anew at each reading.
  mixed_.clear();
  std::size_t octets = 0;
  for (const Operand::Piece& piece : operand.pieces) {
    const std::string_view part = piece.slot == kNone ? std::string_view{piece.text} : text_of(piece.slot);
    octets += part.size();
    mixed_.push_back(part);
  }
  char* const begin = arena_.take(octets);
  char* to = begin;
  for (const std::string_view part : mixed_) {
    if (part.empty()) continue;
    std::memcpy(to, part.data(), part.size());
    to += part.size();
  }
  return {begin, octets};
}

double Run::number(const Operand& operand) {
  if (operand.constant()) return operand.number;
  if (operand.pieces.size() == 1) return number_of(operand.pieces[0].slot);
  return leading_number(mixed(operand));
}

std::optional<double> Run::numeric(const Operand& operand) {
  if (operand.constant()) return operand.numeric ? std::optional{operand.number} : std::nullopt;
  if (operand.pieces.size() == 1) {
    const Value& value = get(operand.pieces[0].slot);
    if (value.kind == Value::Kind::number) return value.number;
    if (value.kind == Value::Kind::unset) return 0;  // spec 11 section 2.4
  }
  return as_number(text(operand));
}

std::uint32_t Run::choice(const Instruction& i, std::size_t index, std::string_view words) {
  if (i.operands[index].index != kNone) return i.operands[index].index;
  const std::string_view wanted = text(i, index);
  std::uint32_t number = 0;
  for (std::string_view rest = words; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (equal_ignoring_case(rest.substr(0, end), wanted)) return number;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  warn(fmt::format("'{}' is none of {}", wanted, words));
  return kNone;
}

const Value& Run::get(std::uint32_t slot) {
  Value& value = variables_[slot];
  if (value.kind == Value::Kind::unset) {
    const VariableSlot& variable = program_.variables[slot];
    if (variable.builtin && variable.builtin->compute) {
      value = variable.builtin->compute(*this);
    } else if (variable.weight_of != kNone) {
      // Not kept: it follows ${WeightBank}.
      thread_local Value weight;
      weight = Value::of(weight_of_rule(variable.weight_of));
      weight.text = arena_.copy(number_text(weight.number));
      weight.has_text = true;
      return weight;
    } else if (variable.setting != kNone) {
      const SettingDefinition& setting = program_.settings[variable.setting];
      const auto chosen = host_.choices ? host_.choices->setting(setting.name) : std::nullopt;
      value = Value::of(chosen ? arena_.copy(*chosen) : std::string_view{setting.fallback});
    }
  }
  if (tracing_) traced_read(slot);
  return value;
}

std::string_view Run::text_of(std::uint32_t slot) {
  if (slot == program_.matched_conditions && variables_[slot].kind == Value::Kind::unset)
    return arena_.copy(fmt::format("{}", fmt::join(outcome_.matched_conditions, ", ")));
  const Value& value = get(slot);
  if (value.kind == Value::Kind::number && !value.has_text) {
    Value& mine = variables_[slot];
    mine.text = arena_.copy(number_text(mine.number));
    mine.has_text = true;
    return mine.text;
  }
  return value.text;
}

double Run::number_of(std::uint32_t slot) {
  const Value& value = get(slot);
  return value.kind == Value::Kind::number ? value.number : leading_number(value.text);
}

void Run::set(std::uint32_t slot, std::string_view text) { set_lasting(slot, arena_.copy(text)); }

void Run::set(std::uint32_t slot, double number) {
  if (!std::isfinite(number)) return warn("the number is too large; the variable keeps its value");
  variables_[slot] = Value::of(number);
  if (tracing_) traced_write(slot);
}

void Run::set_lasting(std::uint32_t slot, std::string_view text) {
  variables_[slot] = Value::of(text);
  if (tracing_) traced_write(slot);
}

void Run::append(std::uint32_t slot, std::string_view text) {
  const std::string_view old = text_of(slot);
  Value& value = variables_[slot];
  if (value.kind == Value::Kind::text && value.spare >= text.size()) {
    // What stands before stays as it is, so views of the shorter text stay valid.
    if (!text.empty()) std::memcpy(const_cast<char*>(value.text.data()) + old.size(), text.data(), text.size());
    value.text = {value.text.data(), old.size() + text.size()};
    value.spare -= static_cast<std::uint32_t>(text.size());
  } else {
    const std::size_t size = old.size() + text.size();
    const std::size_t spare = std::min<std::size_t>(size, 1 << 20);
    char* to = arena_.take(size + spare);
    if (!old.empty()) std::memcpy(to, old.data(), old.size());
    if (!text.empty()) std::memcpy(to + old.size(), text.data(), text.size());
    value = Value::of(std::string_view{to, size});
    value.spare = static_cast<std::uint32_t>(spare);
  }
  if (tracing_) traced_write(slot);
}

// --- bags

Bag& Run::bag(const Operand& name) {
  if (name.index != kNone) return bags_[name.index];
  if (bag_names_.empty())
    for (std::uint32_t i = 0; i < program_.bags.size(); ++i) bag_names_.emplace(program_.bags[i], i);
  const std::string key = lower(text(name));
  if (const auto known = bag_names_.find(key); known != bag_names_.end()) return bags_[known->second];
  arena_.charge(sizeof(Bag) + key.size() + 64);
  bag_names_.emplace(key, static_cast<std::uint32_t>(bags_.size()));
  return bags_.emplace_back();
}

void Run::add_to(Bag& bag, std::string_view item) {
  arena_.charge(2 * sizeof(std::string_view));
  bag.add(arena_.copy(item));
}

// --- searching

const std::vector<std::string_view>& Run::texts_of(std::uint32_t source) {
  SourceTexts& texts = sources_[source];
  if (!texts.made) {
    for (const Piece& piece : derived_.pieces(program_.sources[source], source)) texts.texts.push_back(piece.text);
    texts.made = true;
  }
  return texts.texts;
}

const Candidates& Run::candidates(std::uint32_t source) {
  SourceTexts& texts = sources_[source];
  if (!texts.scanned) {
    program_.prefilters.scan(source, program_.patterns.size(), texts_of(source), texts.candidates);
    texts.scanned = true;
  }
  return texts.candidates;
}

bool Run::may_match(const Instruction& i) {
  for (const std::uint32_t source : program_.data[i.data].sources)
    if (candidates(source).may_match(i.pattern)) return true;
  return false;
}

std::vector<std::string_view> Run::data_pieces(const Operand& operand) {
  const Data& data = program_.data[operand.index];
  if (data.kind == Data::Kind::variable) return {text_of(data.slot)};
  if (data.kind == Data::Kind::text) return {text(data.text)};
  if (data.kind != Data::Kind::sources) return {};
  if (data.sources.size() == 1) return texts_of(data.sources[0]);
  std::vector<Piece> all;
  for (const std::uint32_t source : data.sources) {
    const auto& pieces = derived_.pieces(program_.sources[source], source);
    all.insert(all.end(), pieces.begin(), pieces.end());
  }
  std::ranges::stable_sort(all, {}, &Piece::order);
  std::vector<std::string_view> texts;
  texts.reserve(all.size());
  for (const Piece& piece : all) texts.push_back(piece.text);
  return texts;
}

std::shared_ptr<const Search> Run::search_of(const Operand& operand) {
  if (operand.index != kNone) return program_.patterns[operand.index].search;
  const std::string_view written = text(operand);
  if (const auto known = searches_.find(written); known != searches_.end()) return known->second;
  Regex::Error error;
  std::shared_ptr<const Search> search = Search::make(written, error);
  if (!search) warn(fmt::format("the expression {} is not understood: {}", written, error.text));
  arena_.charge(written.size() + (search && search->is_expression() ? kExpression : 256));
  searches_.emplace(written, search);
  return search;
}

void Run::set_groups(const Match& match) {
  const auto& slots = program_.group_slots;
  for (std::size_t i = 0; i < slots.size(); ++i)
    if (slots[i] != kNone) set_lasting(slots[i], i < match.groups.size() ? match.groups[i] : std::string_view{});
  groups_ = match.groups;
  if (tracing_ && !outcome_.trace.empty())
    for (std::size_t i = 0; i < groups_.size(); ++i)
      if (i >= slots.size() || slots[i] == kNone)
        outcome_.trace.back().written.emplace_back(fmt::format("{}", i), groups_[i]);
  set(program_.regex_matches, static_cast<double>(match.groups.size()));
}

bool Run::search(const Instruction& i, std::size_t data_index, std::size_t search_index, OnMiss on_miss,
                 std::string_view* matched) {
  const auto missed = [&](bool expression) {
    if (expression && on_miss == OnMiss::clears_count) no_match();
    return false;
  };
  if (i.pattern != kNone && !may_match(i)) return missed(program_.patterns[i.pattern].expression);
  const Data& data = program_.data[i.operands[data_index].index];
  const Operand& wanted = i.operands[search_index];
  if (data.kind == Data::Kind::white_list || data.kind == Data::Kind::black_list) {
    const std::string_view address = text(wanted);
    if (!host_.lists) {
      warn_missing("white and black lists");
      return false;
    }
    const bool found = host_.lists->contains(data.kind == Data::Kind::white_list ? List::white : List::black, address);
    if (found && matched) *matched = address;
    return found;
  }
  std::shared_ptr<const Search> made;
  const Search* search = nullptr;
  if (wanted.index != kNone) {
    search = program_.patterns[wanted.index].search.get();
  } else {
    made = search_of(wanted);
    search = made.get();
  }
  if (!search) return false;
  const bool expression = search->is_expression();
  std::uint32_t attempts = 0;
  const auto attempt = [&](std::string_view subject) {
    if (++attempts % 16 == 0) look_at_clock();
    const Matched result = search->find(subject, 0, &match_);
    if (result == Matched::too_much_work) warn("the expression cost too much here; it counts as no match");
    if (result != Matched::yes) return false;
    if (expression) set_groups(match_);
    if (matched) *matched = match_.groups.empty() ? std::string_view{} : match_.groups[0];
    return true;
  };
  bool found = false;
  if (data.kind == Data::Kind::variable) {
    found = attempt(text_of(data.slot));
  } else if (data.kind == Data::Kind::text) {
    found = attempt(text(data.text));
  } else {
    bool possible = wanted.index == kNone;
    for (const std::uint32_t source : data.sources) possible = possible || candidates(source).may_match(wanted.index);
    if (possible) {
      if (data.sources.size() == 1) {
        const auto& texts = texts_of(data.sources[0]);
        found = std::any_of(texts.begin(), texts.end(), attempt);
      } else {
        const auto texts = data_pieces(i.operands[data_index]);
        found = std::any_of(texts.begin(), texts.end(), attempt);
      }
    }
  }
  return found || missed(expression);
}

// --- rules

double Run::weight(const Instruction& i) { return i.rule == kNone ? 1 : weight_of_rule(i.rule); }

double Run::weight_of_rule(std::uint32_t rule) {
  std::optional<std::vector<double>>& weights = weights_[rule];
  if (!weights) {
    weights = program_.rules[rule].weights;
    if (auto chosen = host_.choices ? host_.choices->weights(program_.rules[rule].name) : std::nullopt)
      if (!chosen->empty()) weights = std::move(chosen);
  }
  const double bank = number_of(program_.weight_bank);
  const std::size_t last = weights->size() - 1;
  const std::size_t index = bank <= 0 ? 0 : bank >= static_cast<double>(last) ? last : static_cast<std::size_t>(bank);
  return (*weights)[index];
}

void Run::hit(const Instruction& i, std::string_view pattern, std::string_view match, double amount) {
  hit_noted_ = true;
  if (i.rule == kNone) return;
  const std::string& name = program_.rules[i.rule].name;
  if (!rule_listed_[i.rule]) {
    rule_listed_[i.rule] = true;
    outcome_.matched_conditions.push_back(name);
    // A script that has set the list itself goes on with its own.
    if (const std::uint32_t list = program_.matched_conditions; variables_[list].kind != Value::Kind::unset) {
      if (!text_of(list).empty()) append(list, ", ");
      append(list, name);
    }
  }
  if (outcome_.hits.size() >= kMostHits) return;
  const CodePlace& place = program_.place(i);
  outcome_.hits.push_back({name, std::string{pattern}, std::string{match.substr(0, kMatchKept)}, amount,
                           program_.files[place.file]->name, place.line});
}

// --- loops

void Run::add_item(std::string_view item) { add_lasting_item(arena_.copy(item)); }

void Run::add_lasting_item(std::string_view item) {
  arena_.charge(sizeof(std::string_view));
  loops_.back().items.push_back(item);
}

void Run::leave_loop() {
  arena_.refund(loops_.back().items.size() * sizeof(std::string_view));
  loops_.pop_back();
}

// --- the world

Deadline Run::until(std::chrono::milliseconds most) const {
  return std::min(deadline_, std::chrono::steady_clock::now() + most);
}

void Run::warn(std::string text) {
  Problem problem;
  problem.severity = Severity::warning;
  if (current_) {
    const CodePlace& place = program_.place(*current_);
    problem.file = program_.files[place.file]->name;
    problem.line = place.line;
    problem.column = static_cast<std::uint32_t>(place.source.size() - trim(place.source).size()) + 1;
    problem.source = place.source;
  }
  if (outcome_.warnings.size() >= limits_.warnings) return;
  for (const Problem& known : outcome_.warnings)
    if (known.line == problem.line && known.file == problem.file && known.text == text) return;
  problem.text = std::move(text);
  outcome_.warnings.push_back(std::move(problem));
}

void Run::warn_missing(std::string_view service, std::string_view result) {
  if (std::find(missing_services_.begin(), missing_services_.end(), service) != missing_services_.end()) return;
  missing_services_.emplace_back(service);
  warn(fmt::format("there is no {} here; the result is {}", service, result));
}

// --- trace

void Run::trace_line() {
  const CodePlace& place = program_.place(*current_);
  if (outcome_.trace.size() >= limits_.trace_lines) {
    tracing_ = false;
    warn(fmt::format("the trace ends here: it has {} lines", limits_.trace_lines));
    return;
  }
  outcome_.trace.emplace_back(
      TraceLine{program_.files[place.file]->name, place.line, std::string{trim(place.source)}, {}, {}, {}});
}

void Run::note(std::string text) {
  if (tracing_ && !outcome_.trace.empty()) outcome_.trace.back().note = std::move(text);
}

void Run::traced_read(std::uint32_t slot) {
  if (!current_ || outcome_.trace.empty()) return;
  const Value& value = variables_[slot];
  auto& read = outcome_.trace.back().read;
  std::string text = value.kind == Value::Kind::number ? number_text(value.number) : std::string{value.text};
  if (read.empty() || read.back().first != program_.variables[slot].name)
    read.emplace_back(program_.variables[slot].name, std::move(text));
}

void Run::traced_write(std::uint32_t slot) {
  if (!current_ || outcome_.trace.empty()) return;
  const Value& value = variables_[slot];
  outcome_.trace.back().written.emplace_back(program_.variables[slot].name, value.kind == Value::Kind::number
                                                                                ? number_text(value.number)
                                                                                : std::string{value.text});
}

}  // namespace pennypost::ruleinterp
