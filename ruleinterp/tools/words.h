// Every statement, function, selector and variable that a script uses, with those marked that are not known: what an
// administrator runs first on the scripts of an old installation (spec 10 sections 5 and 8).
#pragma once
#include <map>
#include <string>

#include "ruleinterp/loader.h"

namespace pennypost::ruleinterp {

struct WordUse {
  std::uint64_t count = 0;
  bool known = true;
  std::string file;  ///< of the first use
  std::uint32_t line = 0;
  std::string note;  ///< "header field", "never set"
};

struct Words {
  using Uses = std::map<std::string, WordUse, LessIgnoringCase>;
  Uses statements, functions, selectors, variables, loop_types;
};

Words words_of(const Script& script);
std::string describe(const Words& words);
std::string to_json(const Words& words);

}  // namespace pennypost::ruleinterp
