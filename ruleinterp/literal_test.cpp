#include "ruleinterp/literal.h"

#include <gmock/gmock.h>

#include "ruleinterp/regex.h"

namespace pennypost::ruleinterp {
namespace {

TEST(RequiredLiterals, AreThoseThatNoMatchCanLack) {
  using Texts = std::vector<std::string>;
  for (const auto& [body, texts] : std::initializer_list<std::pair<const char*, Texts>>{
           {"free\\s+toner", {"toner"}},
           {"abc|defg", {"abc", "defg"}},
           {"abc|d", {}},
           {"(viagra|cialis)[!.]{2,}", {"viagra", "cialis"}},
           {"(?:viagra|cialis)+", {"viagra", "cialis"}},
           {"(viagra|cialis)?x", {}},
           {"(viagra|cialis){0,2}x", {}},
           {"(?!viagra)x", {}},
           {"(?<=viagra)x", {}},
           {"<(b|font)[^>]*>[^<]*click", {"click"}},
           {"abcd?", {"abc"}},
           {"abcd*e", {"abc"}},
           {"abc\\.def", {"abc.def"}},
           {"abc\\bdef", {"abc"}},
           {"(?i)free", {"free"}},
           {"(?x) a b c", {}},
           {"\\Qabc\\E", {}},
           {"(*ACCEPT)abc", {}},
           {"abc\\1", {}},
           {"((abc|def)|ghi)", {"abc", "def", "ghi"}},
           {"[abc]def", {"def"}},
           {"[[:alpha:]]]def", {"]def"}},
           {"ab", {}},
           {"", {}},
       }) {
    SCOPED_TRACE(body);
    Regex::Error error;
    const auto regex = Regex::compile(body, "", error);
    if (!regex) continue;  // (abc\1 has no group to refer to)
    EXPECT_EQ(required_literals(*regex), texts);
  }
}

}  // namespace
}  // namespace pennypost::ruleinterp
