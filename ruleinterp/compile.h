// From loaded lines to a program: names become slots, labels addresses, constant expressions are compiled, blocks are
// checked. All problems of a script are found in one go.
#pragma once
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ruleinterp/loader.h"
#include "ruleinterp/program.h"

namespace pennypost::ruleinterp {

enum class Strictness {
  lenient,  ///< an unknown statement is a warning and does nothing (spec 10 section 5)
  strict,   ///< it is an error
};

struct Compiled {
  std::shared_ptr<const Program> program;  ///< null when a problem is an error
  std::vector<Problem> problems;           ///< of loading and compiling, in the order of the files
};

/// `given`: names of variables that have a value before the start (Run::preset).
Compiled compile(const Script& script, Strictness strictness = Strictness::lenient,
                 std::span<const std::string> given = {});

/// Loads and compiles `main` with all that it includes.
Compiled compile_from(ScriptSource& source, Strictness strictness = Strictness::lenient,
                      std::string_view main = kMainFile, std::span<const std::string> given = {});

/// What a statement's own compile function works with: the line in hand, and the program that grows.
class Compiler {
 public:
  // --- the line in hand
  const Line& line() const { return *line_; }
  const Statement& statement() const { return *statement_; }
  /// Operand words of the statement (its name left out).
  std::span<const Word> operands() const { return std::span{line_->words}.subspan(1); }
  /// Checks the number of operands; false (and a problem) when it is wrong.
  bool expect_operands(std::size_t least, std::size_t most);

  /// Of an assignment: takes tag and comment off and checks that it has that many words; an unknown function is a
  /// warning, anything else that is too much a problem. False: nothing is to be emitted.
  bool expect_right_side(std::size_t words);
  /// Slot of the variable on the left side.
  std::uint32_t assigned_variable();

  // --- parameters
  Operand operand(const Word& word, const Parameter& parameter);
  Operand text(const Word& word);
  /// A number that stands in the script. What only begins with one counts as far as it goes, anything else as 0 (spec
  /// 10 section 3.1), with a warning that names `what` was expected.
  double constant_number(const Word& word, std::string_view what);
  std::uint32_t variable(std::string_view name);  ///< slot, made when new
  /// Slot of the variable that a word names by its bare name (or, tolerated, as ${name}).
  std::uint32_t variable_named_by(const Word& word);
  std::uint32_t bag(std::string_view name);
  std::uint32_t rule(std::string_view name);
  std::uint32_t data(const Word& word);

  // --- code
  /// Adds an instruction for the line in hand, with its rule tag; the reference is good until the next one.
  Instruction& emit(Execute execute);
  std::uint32_t here() const { return static_cast<std::uint32_t>(program_->code.size()); }
  Instruction& at(std::uint32_t address) { return program_->code[address]; }
  /// The constant search of operand `search` is used on the data of operand `data`: it may join others in one pass.
  void searches_together(Instruction& instruction, std::size_t data, std::size_t search);
  Program& program() { return *program_; }

  // --- blocks
  enum class Opened : std::uint8_t { if_block, loop, scan };
  struct OpenBlock {
    Opened kind;
    std::uint32_t begin;  ///< address of the instruction that opened it
    ScriptLine line;
    std::vector<std::uint32_t> exits;  ///< jumps that go behind the block
    bool has_else = false;
    std::uint32_t loop_id = 0;   ///< of a loop
    std::uint32_t rule = kNone;  ///< of a BulkScan
    std::uint32_t slot = kNone;  ///< of a BulkScan: the variable
  };
  void open(OpenBlock block);
  /// The innermost open block if it is of that kind; otherwise a problem and null (blocks in between are closed).
  OpenBlock* innermost(Opened kind);
  /// The innermost loop, through If blocks; null outside of loops.
  OpenBlock* enclosing_loop();
  OpenBlock close();
  bool in_scan() const { return !blocks_.empty() && blocks_.back().kind == Opened::scan; }
  bool inside_any_block() const { return !blocks_.empty(); }
  /// Loops around the line in hand, outermost first.
  std::vector<std::uint32_t> loops() const;
  void jump_to_label(std::uint32_t instruction, const Word& label);

  // --- problems
  Problem& error(const Word& at, std::string text);
  Problem& warning(const Word& at, std::string text);
  Problem& error(std::string text) { return error(whole_line(), std::move(text)); }
  Word whole_line() const;

  Strictness strictness() const { return strictness_; }

 private:
  friend Compiled compile(const Script& script, Strictness strictness, std::span<const std::string> given);
  Compiler(const Script& script, Strictness strictness, std::span<const std::string> given);
  Compiled run();
  void compile_line(const ScriptLine& line);
  void compile_statement();
  void compile_unknown();
  void compile_by_parameters();
  void compile_scan_line();
  void compile_assignment();
  /// Words behind the first `needed` of a complete line: a warning, since an old script has run with them; an error
  /// when strict. `form` is what was expected.
  void drop_surplus(std::size_t needed, std::string form);
  void warn_of_comment();
  void define_label();
  void finish();
  Problem& report(Severity severity, const ScriptLine& line, const Word& at, std::string text);
  void note_read(std::uint32_t slot, const Word& at);
  Operand search_operand(const Word& word);

  const Script& script_;
  Strictness strictness_;
  std::shared_ptr<Program> program_;
  std::vector<Problem> problems_;
  ScriptLine current_;
  Line* line_ = nullptr;
  const Statement* statement_ = nullptr;
  std::uint32_t place_ = 0;
  std::vector<OpenBlock> blocks_;
  std::uint32_t next_loop_ = 0;

  template <typename T>
  using Names = std::map<std::string, T, LessIgnoringCase>;
  Names<std::uint32_t> variables_, bags_, rules_, settings_, data_;
  std::map<std::string, std::uint32_t> patterns_;
  std::map<std::pair<Source, std::string>, std::uint32_t> sources_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, bool> together_;  // source, pattern
  struct Label {
    std::uint32_t address;
    std::vector<std::uint32_t> loops;
  };
  Names<Label> labels_;
  struct Jump {
    std::uint32_t instruction;
    ScriptLine line;
    Word word;
    std::vector<std::uint32_t> loops;
  };
  std::vector<Jump> jumps_;
  struct Use {
    ScriptLine line;
    Word word;
  };
  std::map<std::uint32_t, Use> reads_;
  std::vector<bool> written_;
  std::map<std::uint32_t, bool> unknown_reported_;
};

/// The words of a text with ${name} inside: pieces in order. A `${` that is not closed is plain text.
struct TextPart {
  bool variable = false;
  std::string_view text;  ///< the name, or the plain text
  std::size_t at = 0;     ///< octet in the word
};
std::vector<TextPart> parts_of(std::string_view text);

/// The text that a word stands for: \" is a quote in plain text and stays in an /expression/ (spec 10 section 2).
std::string unescaped(const Word& word);

}  // namespace pennypost::ruleinterp
