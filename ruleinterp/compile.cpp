// The compiler: names, blocks, labels, parameters (spec 10 sections 2, 3, 5, 6; 11 section 3.1). What each statement is
// made of stands in its row of statements/table.cpp; those that open blocks or define things have a function of their
// own beside it. Needs a loaded script. Every problem is noted and compiling goes on with the next line.
#include "ruleinterp/compile.h"

#include <algorithm>

#include <fmt/format.h>

#include "ruleinterp/statements/assignments.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {

std::vector<TextPart> parts_of(std::string_view text) {
  std::vector<TextPart> parts;
  std::size_t plain = 0;
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at)) {
    const std::size_t end = text.find_first_of("}${\" \t", at + 2);
    if (end == std::string_view::npos || text[end] != '}' || end == at + 2) {
      at += 2;
      continue;
    }
    if (at > plain) parts.push_back({false, text.substr(plain, at - plain), plain});
    parts.push_back({true, text.substr(at + 2, end - at - 2), at});
    plain = at = end + 1;
  }
  if (plain < text.size()) parts.push_back({false, text.substr(plain), plain});
  return parts;
}

std::string unescaped(const Word& word) {
  if (!word.quoted || word.text.find("\\\"") == std::string_view::npos || search_form(word.text).expression)
    return std::string{word.text};
  std::string out;
  for (std::size_t i = 0; i < word.text.size(); ++i) {
    if (word.text[i] == '\\' && i + 1 < word.text.size() && word.text[i + 1] == '"') continue;
    out += word.text[i];
  }
  return out;
}

Compiled compile(const Script& script, Strictness strictness, std::span<const std::string> given) {
  return Compiler{script, strictness, given}.run();
}

Compiled compile_from(ScriptSource& source, Strictness strictness, std::string_view main,
                      std::span<const std::string> given) {
  return compile(load(source, main), strictness, given);
}

Compiler::Compiler(const Script& script, Strictness strictness, std::span<const std::string> given)
    : script_{script}, strictness_{strictness}, program_{std::make_shared<Program>()}, problems_{script.problems} {
  program_->files = script.files;
  program_->score = variable("score");
  program_->weight_bank = variable("weightbank");
  program_->regex_matches = variable("regexmatches");
  program_->matched_conditions = variable("matchedconditions");
  program_->db_query_time = variable("_dbquerytime");
  for (const std::string& name : given) written_[variable(name)] = true;
}

Compiled Compiler::run() {
  for (const ScriptLine& line : script_.lines) compile_line(line);
  finish();
  std::ranges::stable_sort(problems_, [&](const Problem& a, const Problem& b) {
    const auto file_of = [&](const Problem& p) {
      for (std::size_t i = 0; i < program_->files.size(); ++i)
        if (program_->files[i]->name == p.file) return i;
      return program_->files.size();
    };
    return std::pair{file_of(a), a.line} < std::pair{file_of(b), b.line};
  });
  Compiled compiled;
  if (!any_error(problems_)) {
    find_scan_runs(*program_);
    compiled.program = program_;
  }
  compiled.problems = std::move(problems_);
  return compiled;
}

void Compiler::compile_line(const ScriptLine& line) {
  switch (line.line.kind) {
    case LineKind::label:
    case LineKind::assignment:
    case LineKind::statement:
      break;
    default:
      return;
  }
  current_ = line;
  line_ = &current_.line;
  place_ = static_cast<std::uint32_t>(program_->places.size());
  program_->places.push_back({line.file, line.line.number, line.line.source});
  for (std::size_t i = 1; i < line_->words.size(); ++i) {
    const Word& before = line_->words[i - 1];
    if (before.column + before.length == line_->words[i].column && before.quoted)
      warning(line_->words[i], "a space is missing after the closing quote");
  }
  if (line_->kind == LineKind::label) return define_label();
  if (line_->kind == LineKind::assignment) return compile_assignment();
  compile_statement();
}

void Compiler::compile_statement() {
  const Word& word = line_->words[0];
  statement_ = word.quoted ? nullptr : find_statement(word.text);
  if (in_scan() && !(statement_ && statement_->word == "EndBulkScan")) return compile_scan_line();
  if (!statement_) return compile_unknown();
  if (statement_->compile) return statement_->compile(*this);
  compile_by_parameters();
}

bool Compiler::expect_operands(std::size_t least, std::size_t most) {
  take_tag_and_comment(*line_, least + 1);
  warn_of_comment();
  const std::size_t given = line_->words.size() - 1;
  if (given < least) {
    Word end = line_->words.back();
    end.column += end.length;
    end.length = 1;
    error(end, fmt::format("{} needs {}{} parameter{}, but has {}", line_->words[0].text,
                           least < most ? "at least " : "", least, least == 1 ? "" : "s", given))
        .expected = statement_ ? form_of(*statement_) : "";
    return false;
  }
  if (given > most) drop_surplus(most + 1, statement_ ? form_of(*statement_) : std::string{});
  return true;
}

void Compiler::drop_surplus(std::size_t needed, std::string form) {
  const std::string text = fmt::format("{} is complete before this (a text with spaces needs quotes)",
                                       statement_ ? statement_->word : "the line");
  const Word& at = line_->words[needed];
  Problem& problem =
      strictness_ == Strictness::strict ? error(at, text) : warning(at, text + "; what follows is ignored");
  problem.expected = std::move(form);
  line_->words.resize(needed);
}

void Compiler::warn_of_comment() {
  if (!line_->comment.empty())
    warning({line_->comment, line_->comment_column, static_cast<std::uint32_t>(line_->comment.size()), false},
            kCommentIgnored);
}

bool Compiler::expect_right_side(std::size_t words) {
  take_tag_and_comment(*line_, words);
  warn_of_comment();
  if (line_->words.size() == words) return true;
  const Word& first = line_->words[2];
  if (first.text == "#" && !first.quoted) {
    error(first, "nothing is assigned; a comment must stand on a line of its own");
    return false;
  }
  if (words == 3 && !first.quoted && !find_function(first.text) && first.text.find("${") == std::string_view::npos &&
      !as_number(first.text)) {
    std::vector<std::string_view> known;
    for (const Function& function : functions()) known.push_back(function.word);
    const std::string text = fmt::format("the function {} is not known", first.text);
    Problem& problem =
        strictness_ == Strictness::strict ? error(first, text) : warning(first, text + "; the line does nothing");
    problem.suggestion = closest(first.text, known);
    problem.unknown_word = true;
    return false;
  }
  // Not taken as far as it goes: a part of what was meant is a wrong value (spec 10 section 3.2).
  error(line_->words[words], "an assignment has one value on its right side").expected =
      "quotes around a text with spaces, or one assignment for each step";
  return false;
}

std::uint32_t Compiler::assigned_variable() {
  const std::string_view name = line_->words[0].text;
  const std::uint32_t slot = variable(name.substr(2, name.size() - 3));
  written_[slot] = true;
  return slot;
}

void Compiler::compile_by_parameters() {
  const std::size_t count = statement_->count();
  if (!expect_operands(count, count)) return;
  std::vector<Operand> compiled;
  for (std::size_t i = 0; i < count; ++i) compiled.push_back(operand(line_->words[i + 1], statement_->parameters[i]));
  Instruction& instruction = emit(statement_->run);
  instruction.operands = std::move(compiled);
  for (std::size_t i = 0; i + 1 < count; ++i)
    if (statement_->parameters[i].takes == Takes::data && statement_->parameters[i + 1].takes == Takes::search)
      searches_together(instruction, i, i + 1);
}

Operand Compiler::operand(const Word& word, const Parameter& parameter) {
  Operand made;
  switch (parameter.takes) {
    case Takes::nothing:
    case Takes::text:
      return text(word);
    case Takes::variable:
      made.index = variable_named_by(word);
      written_[made.index] = true;
      return made;
    case Takes::bag:
      made = text(word);
      if (made.constant()) made.index = bag(made.text);
      return made;
    case Takes::data:
      made.index = data(word);
      if (program_->data[made.index].kind == Data::Kind::variable) note_read(program_->data[made.index].slot, word);
      return made;
    case Takes::search:
      return search_operand(word);
    case Takes::choice: {
      made = text(word);
      if (!made.constant()) return made;
      std::vector<std::string_view> words;
      for (std::string_view rest = parameter.choices; !rest.empty();) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        words.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      for (std::uint32_t i = 0; i < words.size(); ++i)
        if (equal_ignoring_case(words[i], made.text)) made.index = i;
      if (made.index == kNone) {
        Problem& problem = error(word, fmt::format("'{}' is no {}", word.text, parameter.name));
        problem.expected = fmt::format("{}", fmt::join(words, ", "));
        problem.suggestion = closest(word.text, words);
      }
      return made;
    }
  }
  return made;
}

Operand Compiler::text(const Word& word) {
  Operand made;
  const std::string plain = unescaped(word);
  const std::vector<TextPart> parts = parts_of(plain);
  const bool has_variable = std::ranges::any_of(parts, &TextPart::variable);
  if (!has_variable) {
    made.text = plain;
    const auto number = as_number(made.text);
    made.numeric = number.has_value();
    made.number = number ? *number : leading_number(made.text);
    return made;
  }
  for (const TextPart& part : parts) {
    if (part.variable) {
      const std::uint32_t slot = variable(part.text);
      note_read(slot, word);
      made.pieces.push_back({{}, slot});
    } else {
      made.pieces.push_back({std::string{part.text}, kNone});
    }
  }
  return made;
}

double Compiler::constant_number(const Word& word, std::string_view what) {
  const double number = leading_number(word.text);
  if (!as_number(word.text))
    warning(word, fmt::format("'{}' is no number and counts as {}", word.text, number_text(number))).expected = what;
  return number;
}

Operand Compiler::search_operand(const Word& word) {
  Operand made = text(word);
  if (!made.constant()) return made;
  if (const auto known = patterns_.find(made.text); known != patterns_.end()) {
    made.index = known->second;
    return made;
  }
  Regex::Error failure;
  Pattern pattern;
  pattern.search = Search::make(made.text, failure);
  if (!pattern.search) {
    Word at = word;
    at.column += static_cast<std::uint32_t>(
        std::min(failure.offset + 1 + (word.quoted ? 1 : 0), static_cast<std::size_t>(word.length - 1)));
    at.length = 1;
    warning(at, fmt::format("the expression is not understood and never matches: {}", failure.text));
  }
  pattern.expression = search_form(made.text).expression;
  made.index = static_cast<std::uint32_t>(program_->patterns.size());
  program_->patterns.push_back(std::move(pattern));
  patterns_.emplace(made.text, made.index);
  return made;
}

void Compiler::searches_together(Instruction& instruction, std::size_t data_index, std::size_t search_index) {
  const std::uint32_t pattern = instruction.operands[search_index].index;
  if (pattern == kNone || !program_->patterns[pattern].search) return;
  const std::uint32_t searched = instruction.operands[data_index].index;
  if (program_->data[searched].kind != Data::Kind::sources) return;
  instruction.data = searched;
  instruction.pattern = pattern;
  for (const std::uint32_t source : program_->data[searched].sources)
    if (together_.emplace(std::pair{source, pattern}, true).second)
      program_->prefilters.add(source, pattern, *program_->patterns[pattern].search);
}

// --- names

std::uint32_t Compiler::variable(std::string_view name) {
  if (const auto known = variables_.find(name); known != variables_.end()) return known->second;
  const auto slot = static_cast<std::uint32_t>(program_->variables.size());
  VariableSlot variable{lower(name), find_builtin(name), kNone, kNone};
  program_->variables.push_back(variable);
  written_.push_back(variable.builtin != nullptr);
  variables_.emplace(name, slot);
  if (!name.empty() && name.size() <= 2 && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) {
    const auto group = static_cast<std::size_t>(leading_number(name));
    auto& slots = program_->group_slots;
    if (slots.size() <= group) slots.resize(group + 1, kNone);
    slots[group] = slot;
    written_[slot] = true;
  }
  return slot;
}

std::uint32_t Compiler::variable_named_by(const Word& word) {
  const std::vector<TextPart> parts = parts_of(word.text);
  if (parts.size() == 1 && parts[0].variable) return variable(parts[0].text);
  if (word.text.empty() || word.text.find_first_of(" \t${}\"") != std::string_view::npos)
    error(word, "this is no variable name").expected = "a bare name, without ${ }";
  return variable(word.text);
}

std::uint32_t Compiler::bag(std::string_view name) {
  if (const auto known = bags_.find(name); known != bags_.end()) return known->second;
  const auto index = static_cast<std::uint32_t>(program_->bags.size());
  program_->bags.push_back(lower(name));
  bags_.emplace(name, index);
  return index;
}

std::uint32_t Compiler::rule(std::string_view name) {
  if (const auto known = rules_.find(name); known != rules_.end()) return known->second;
  const auto index = static_cast<std::uint32_t>(program_->rules.size());
  Rule made;
  made.name = name;
  program_->rules.push_back(std::move(made));
  rules_.emplace(name, index);
  return index;
}

std::uint32_t Compiler::data(const Word& word) {
  const std::string_view selector = word.text;
  if (const auto known = data_.find(selector); known != data_.end()) return known->second;
  Data made;
  made.name = selector;
  const auto add_source = [&](Source source, std::string field) {
    const auto [known, is_new] = sources_.try_emplace({source, field}, static_cast<std::uint32_t>(sources_.size()));
    if (is_new) program_->sources.push_back({source, std::move(field)});
    made.sources.push_back(known->second);
  };
  const std::vector<TextPart> parts = parts_of(selector);
  if (parts.size() == 1 && parts[0].variable) {
    made.kind = Data::Kind::variable;
    made.slot = variable(parts[0].text);
  } else if (std::ranges::any_of(parts, &TextPart::variable)) {
    made.kind = Data::Kind::text;
    made.text = text(word);
  } else if (const Selector* row = find_selector(selector)) {
    if (row->count == 0)
      made.kind = equal_ignoring_case(row->word, "whitelist") ? Data::Kind::white_list : Data::Kind::black_list;
    for (std::size_t i = 0; i < row->count; ++i) add_source(row->sources[i], {});
  } else if (starts_ignoring_case(selector, "raw-")) {
    add_source(Source::raw_field, lower(selector.substr(4)));
  } else {
    add_source(Source::field, lower(selector));
  }
  const auto index = static_cast<std::uint32_t>(program_->data.size());
  if (made.kind != Data::Kind::text) data_.emplace(selector, index);  // names ignore case, a text does not
  program_->data.push_back(std::move(made));
  return index;
}

void Compiler::note_read(std::uint32_t slot, const Word& at) { reads_.try_emplace(slot, Use{current_, at}); }

// --- code

Instruction& Compiler::emit(Execute execute) {
  Instruction& made = program_->code.emplace_back();
  made.run = execute;
  made.place = place_;
  if (line_->tag) made.rule = rule(line_->tag->text);
  return made;
}

void Compiler::compile_assignment() {
  if (in_scan()) {
    error("an assignment cannot stand inside BulkScan").expected = "lines of data, search and value, or EndBulkScan";
    return;
  }
  statement_ = nullptr;
  families::compile_assignment(*this);
}

void Compiler::compile_unknown() {
  const Word& word = line_->words[0];
  std::vector<std::string_view> known;
  for (const Statement& row : statements()) known.push_back(row.word);
  for (const std::string_view directive : {"*IFSUPPORT", "*ENDIF", "*STOP"}) known.push_back(directive);
  const std::string text = word.quoted && find_statement(word.text)
                               ? fmt::format("a statement stands without quotes: {}", word.text)
                               : fmt::format("the statement {} is not known", word.text);
  Problem& problem = strictness_ == Strictness::strict ? error(word, text) : warning(word, text + "; it does nothing");
  problem.suggestion = closest(word.text, known);
  problem.unknown_word = true;
  if (!starts_ignoring_case(word.text, "If")) return;
  // Its condition is false: the block up to Else or EndIf is skipped (spec 10 section 5).
  take_tag_and_comment(*line_, 1);
  emit([](Run&, const Instruction&) { return Flow::jump; });
  open({Opened::if_block, here() - 1, current_, {}, false, 0, kNone, kNone});
}

void Compiler::define_label() {
  const Word& word = line_->words[0];
  if (in_scan()) {
    error("a label cannot stand inside BulkScan").expected = "lines of data, search and value, or EndBulkScan";
    return;
  }
  if (!labels_.try_emplace(std::string{word.text}, Label{here(), loops()}).second)
    warning(word, fmt::format("the label {} is defined twice; the first one counts", word.text));
}

void Compiler::jump_to_label(std::uint32_t instruction, const Word& label) {
  jumps_.push_back({instruction, current_, label, loops()});
}

// --- blocks

void Compiler::open(OpenBlock block) {
  if (block.kind == Opened::loop) block.loop_id = next_loop_++;
  blocks_.push_back(std::move(block));
}

Compiler::OpenBlock* Compiler::innermost(Opened kind) {
  const auto name = [](Opened which) {
    return which == Opened::if_block ? "EndIf" : which == Opened::loop ? "EndFor" : "EndBulkScan";
  };
  const Word& word = line_->words[0];
  if (blocks_.empty() || std::ranges::none_of(blocks_, [&](const OpenBlock& block) { return block.kind == kind; })) {
    error(word, fmt::format("{} without a block that it could belong to", word.text));
    return nullptr;
  }
  while (blocks_.back().kind != kind) {
    const OpenBlock& inner = blocks_.back();
    error(word, fmt::format("{} comes while the {} of {}:{} is open", word.text, trim(inner.line.line.words[0].text),
                            program_->files[inner.line.file]->name, inner.line.line.number))
        .expected = name(inner.kind);
    blocks_.pop_back();
  }
  return &blocks_.back();
}

Compiler::OpenBlock* Compiler::enclosing_loop() {
  for (std::size_t i = blocks_.size(); i-- > 0;)
    if (blocks_[i].kind == Opened::loop) return &blocks_[i];
  return nullptr;
}

Compiler::OpenBlock Compiler::close() {
  OpenBlock block = std::move(blocks_.back());
  blocks_.pop_back();
  return block;
}

std::vector<std::uint32_t> Compiler::loops() const {
  std::vector<std::uint32_t> ids;
  for (const OpenBlock& block : blocks_)
    if (block.kind == Opened::loop) ids.push_back(block.loop_id);
  return ids;
}

void Compiler::compile_scan_line() {
  take_tag_and_comment(*line_, 3);
  const auto refused = [&](const Word& at, std::string text) {
    error(at, std::move(text)).expected = "<data> <search> <value>, or EndBulkScan";
  };
  const std::size_t given = line_->words.size();
  // A header field may be called like a statement: what could be a line of data, search and value is one.
  const bool has_value = given == 3 && (as_number(line_->words[2].text) || line_->words[2].text.starts_with("${"));
  if (statement_ && !has_value)
    return refused(line_->words[0], fmt::format("{} cannot stand inside BulkScan", statement_->word));
  if (given < 3) return refused(line_->words[0], "a line of BulkScan has three parts: data, search and value");
  warn_of_comment();
  if (given > 3) drop_surplus(3, "<data> <search> <value>");
  families::compile_scan_line(*this, blocks_.back());
}

// --- the end

void Compiler::finish() {
  while (!blocks_.empty()) {
    const OpenBlock& open = blocks_.back();
    const char* end = open.kind == Opened::if_block ? "EndIf" : open.kind == Opened::loop ? "EndFor" : "EndBulkScan";
    const Word& word = open.line.line.words[0];
    report(Severity::error, open.line, word, fmt::format("{} is not closed", word.text)).expected = end;
    blocks_.pop_back();
  }
  for (const Jump& jump : jumps_) {
    const auto label = labels_.find(jump.word.text);
    if (label == labels_.end()) {
      std::vector<std::string_view> names;
      for (const auto& [name, where] : labels_) names.push_back(name);
      report(Severity::error, jump.line, jump.word, fmt::format("there is no label {}", jump.word.text)).suggestion =
          closest(jump.word.text, names);
      continue;
    }
    const auto& to = label->second.loops;
    if (to.size() > jump.loops.size() || !std::equal(to.begin(), to.end(), jump.loops.begin())) {
      report(Severity::error, jump.line, jump.word,
             fmt::format("the label {} stands inside a loop; a jump into a loop is not possible", jump.word.text));
      continue;
    }
    Instruction& instruction = program_->code[jump.instruction];
    instruction.target = label->second.address;
    instruction.a = static_cast<std::uint32_t>(jump.loops.size() - to.size());  // loops that the jump leaves
  }
  for (std::uint32_t slot = 0; slot < program_->variables.size(); ++slot) {
    VariableSlot& variable = program_->variables[slot];
    if (starts_ignoring_case(variable.name, "weight_")) {
      variable.weight_of = rule(std::string_view{variable.name}.substr(7));
      written_[slot] = true;
    }
    if (starts_ignoring_case(variable.name, "setting_")) {
      for (std::uint32_t i = 0; i < program_->settings.size(); ++i)
        if (equal_ignoring_case(program_->settings[i].name, std::string_view{variable.name}.substr(8)))
          variable.setting = i;
      if (variable.setting != kNone) written_[slot] = true;
    }
    const auto read = reads_.find(slot);
    if (read == reads_.end() || written_[slot]) continue;
    Problem& problem = report(Severity::warning, read->second.line, read->second.word,
                              fmt::format("the variable ${{{}}} is read but never set; it is empty", variable.name));
    std::vector<std::string_view> names;
    for (const Builtin& builtin : builtins()) names.push_back(builtin.word);
    for (std::uint32_t other = 0; other < program_->variables.size(); ++other)
      if (other != slot && written_[other] && other < written_.size()) names.push_back(program_->variables[other].name);
    problem.suggestion = closest(variable.name, names);
  }
}

// --- problems

Word Compiler::whole_line() const {
  const std::string_view text = trim(line_->source);
  return {text, static_cast<std::uint32_t>(text.data() - line_->source.data() + 1),
          static_cast<std::uint32_t>(text.size()), false};
}

Problem& Compiler::report(Severity severity, const ScriptLine& line, const Word& at, std::string text) {
  problems_.push_back({severity,
                       program_->files[line.file]->name,
                       line.line.number,
                       at.column,
                       at.length,
                       std::move(text),
                       {},
                       {},
                       std::string{line.line.source}});
  return problems_.back();
}

Problem& Compiler::error(const Word& at, std::string text) {
  return report(Severity::error, current_, at, std::move(text));
}

Problem& Compiler::warning(const Word& at, std::string text) {
  return report(Severity::warning, current_, at, std::move(text));
}

}  // namespace pennypost::ruleinterp
