// An expression, a line feed, a text: where the expression matches, the text has what it is said to need.
#include <cstdlib>

#include "ruleinterp/literal_check.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace pennypost::ruleinterp;
  const std::string_view all{reinterpret_cast<const char*>(data), size};
  const std::size_t end = all.find('\n');
  if (end == std::string_view::npos) return 0;
  Regex::Error error;
  const auto regex = Regex::compile(all.substr(0, end), "", error);
  const std::string_view text = all.substr(end + 1);
  if (regex && regex->match(text, 0, nullptr) == Matched::yes && !has_what_it_needs(*regex, text)) std::abort();
  return 0;
}
