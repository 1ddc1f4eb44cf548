// The words of the language, each known in one place only: the rows that parser, *IFSUPPORT, completion, manual and
// coverage read. To add a word, add its row in statements/ and its function beside it (README.md shows how).
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace pennypost::ruleinterp {

class Compiler;
class Run;
struct Instruction;
struct Operand;
struct Value;

/// What the machine does after an instruction.
enum class Flow {
  next,  ///< go on with the next instruction
  jump,  ///< go on at Instruction::target
  stop,  ///< end the script
};

using Execute = Flow (*)(Run&, const Instruction&);
using Compile = void (*)(Compiler&);

/// How a parameter is written and what the compiler makes of it (see Operand in program.h).
enum class Takes : std::uint8_t {
  nothing,
  text,      ///< bare word or quoted text, ${...} expanded when the statement runs
  variable,  ///< bare name of the variable that gets the result
  bag,       ///< bare name of a bag
  data,      ///< selector of spec 10 section 4.2
  search,    ///< plain text or /expression/
  choice,    ///< one of the words in Parameter::choices
};

struct Parameter {
  Takes takes = Takes::nothing;
  std::string_view name;     ///< as the manual writes it: "bag name"
  std::string_view choices;  ///< of Takes::choice: "unique multi"
};

enum class Block : std::uint8_t { none, opens, alternative, closes };

struct Statement {
  std::string_view word;
  std::string_view since;  ///< version of the original, empty when it is not known
  std::array<Parameter, 5> parameters;
  Block block = Block::none;
  Compile compile = nullptr;  ///< null: by its parameters, emits one instruction that calls `run`
  Execute run = nullptr;
  std::string_view says;  ///< one sentence of the manual
  std::string_view spec;  ///< "10 section 6.3"

  std::size_t count() const;  ///< of its parameters
};

/// All statements, sorted by word.
std::span<const Statement> statements();
/// The statement of that name, without regard to case; null when there is none.
const Statement* find_statement(std::string_view word);
/// "AddBag <unique|multi> <bag name> <value>"
std::string form_of(const Statement& statement);

/// A function on the right side of an assignment (spec 10 section 3.3).
struct Function {
  std::string_view word;
  std::string_view since;
  bool takes_operand = true;
  Value (*compute)(Run&, std::string_view operand) = nullptr;
  std::string_view says;
};

std::span<const Function> functions();
const Function* find_function(std::string_view word);

/// The answer of *IFSUPPORT: true for every statement, block word and function that is carried out.
bool is_supported(std::string_view word);

/// Texts of which the data of a selector is made. A selector searches the pieces of its sources, in message order.
enum class Source : std::uint8_t {
  text,             ///< plain text parts
  text_attachment,  ///< plain text attachments
  html_text,        ///< HTML parts without their tags
  html_source,      ///< HTML parts as written
  subject,          ///< the decoded Subject
  raw_header,       ///< the whole header as it came
  header,           ///< the whole header, unfolded and decoded, a line a field
  tag,              ///< each HTML tag
  raw_url,          ///< each URL as written
  url,              ///< each URL, decoded
  attachment_name,  ///< each attachment's file name
  raw_message,      ///< the first 10 kB
  field,            ///< each value of a header field, decoded
  raw_field,        ///< each value of a header field, unfolded only
};

struct Selector {
  std::string_view word;
  std::string_view since;
  std::array<Source, 4> sources;
  std::uint8_t count = 0;  ///< of sources; 0 = whitelist, blacklist
  std::string_view says;
};

std::span<const Selector> selectors();
const Selector* find_selector(std::string_view word);

/// A variable that has a value before the script gives it one (spec 11 section 2.2).
struct Builtin {
  std::string_view word;
  std::string_view since;
  Value (*compute)(Run&) = nullptr;
  std::string_view says;
};

std::span<const Builtin> builtins();
const Builtin* find_builtin(std::string_view word);

/// A type of ForEach (spec 10 section 6.23).
struct LoopType {
  std::string_view word;
  std::string_view since;
  Takes data = Takes::nothing;                         ///< the parameter between the type and the variable, if any
  void (*items)(Run&, const Operand* data) = nullptr;  ///< calls Run::add_item for each
  std::string_view says;
};

std::span<const LoopType> loop_types();
const LoopType* find_loop_type(std::string_view word);

}  // namespace pennypost::ruleinterp
