// A compiled script: immutable, shared by all threads. Names are slots, labels are addresses, constant texts, numbers
// and expressions are ready.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ruleinterp/loader.h"
#include "ruleinterp/prefilter.h"
#include "ruleinterp/regex.h"
#include "ruleinterp/scan_runs.h"
#include "ruleinterp/tables.h"

namespace pennypost::ruleinterp {

inline constexpr std::uint32_t kNone = 0xFFFFFFFF;

/// A parameter ready to use. A constant has its text; one with ${...} is put together from its pieces at each run.
struct Operand {
  struct Piece {
    std::string text;            ///< when slot is kNone
    std::uint32_t slot = kNone;  ///< of a variable
  };
  std::string text;
  std::vector<Piece> pieces;    ///< empty for a constant
  std::uint32_t index = kNone;  ///< by Takes: slot of a variable, bag, data; number of the choice; pattern
  double number = 0;            ///< of a constant
  bool numeric = false;         ///< the whole constant is a number
  bool constant() const { return pieces.empty(); }
};

struct Instruction {
  Execute run = nullptr;
  std::uint32_t target = kNone;                 ///< address of a jump
  std::uint32_t rule = kNone;                   ///< rule of the tag [name]
  std::uint32_t place = 0;                      ///< index into Program::places
  std::uint32_t a = kNone, b = kNone;           ///< free for the statement
  std::uint32_t data = kNone, pattern = kNone;  ///< of a constant search of the message: the filter can say no at once
  std::uint32_t scan_run = kNone;               ///< index into Program::scan_runs
  bool scans = false;                           ///< a line of BulkScan
  bool counts_itself = false;  ///< `run` calls Run::hit; otherwise the machine does when the flow is `next`
  std::vector<Operand> operands;
};

struct CodePlace {
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  std::string_view source;  ///< the line, in the text of Program::files
};

/// A rule of DefineRule, or a name that only stands in a tag.
struct Rule {
  std::string name;
  std::vector<double> weights{1};
  std::string description;
  bool defined = false;
};

/// A script setting of DefineSetting.
struct SettingDefinition {
  std::string name;
  std::string fallback;
  std::string description;
};

struct VariableSlot {
  std::string name;  ///< lower case
  const Builtin* builtin = nullptr;
  std::uint32_t weight_of = kNone;  ///< rule of ${Weight_name}
  std::uint32_t setting = kNone;    ///< definition of ${setting_name}
};

/// What a selector searches: a variable, a text made of variables, a list, or sources of the message.
struct Data {
  std::string name;
  enum class Kind { variable, text, white_list, black_list, sources } kind = Kind::sources;
  std::uint32_t slot = kNone;
  Operand text;                        ///< "a text with ${variables}"
  std::vector<std::uint32_t> sources;  ///< indices into Program::sources
};

/// A source of pieces that scripts use: of the fixed ones, or the values of a header field.
struct PieceSource {
  Source source = Source::text;
  std::string field;  ///< lower case, of field and raw_field
};

struct Pattern {
  std::shared_ptr<const Search> search;  ///< null when the expression does not compile: it never matches
  bool expression = false;
};

struct Program {
  std::vector<std::shared_ptr<const ScriptFile>> files;
  std::vector<Instruction> code;
  std::vector<CodePlace> places;
  std::vector<VariableSlot> variables;
  std::vector<std::string> bags;  ///< lower case
  std::vector<Rule> rules;
  std::vector<SettingDefinition> settings;
  std::vector<Data> data;
  std::vector<PieceSource> sources;
  std::vector<Pattern> patterns;
  std::vector<std::uint32_t> group_slots;   ///< slot of ${0}, ${1}, ...; kNone when no line reads it
  std::vector<std::string> null_addresses;  ///< of AddNullAddress lines outside all blocks (spec 10 section 6.7)
  std::uint32_t score = 0, weight_bank = 0, regex_matches = 0, matched_conditions = 0, db_query_time = 0;
  Prefilters prefilters;  ///< per source
  std::vector<ScanRun> scan_runs;

  const CodePlace& place(const Instruction& i) const { return places[i.place]; }
};

}  // namespace pennypost::ruleinterp
