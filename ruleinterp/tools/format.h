// Writing a script anew: two spaces a block, one space between words, words of the language in their usual case.
#pragma once
#include <string>

#include "ruleinterp/tree.h"

namespace pennypost::ruleinterp {

/// The formatted text of one file. Comments in the first column stay there; what is not parsed (broken lines, what
/// follows *STOP, inactive *IFSUPPORT blocks are parsed as if they were active) keeps its octets; line ends and a byte
/// order mark stay as they are. Formatting twice changes nothing more, and the script means the same.
std::string format_script(const std::string& text);

}  // namespace pennypost::ruleinterp
