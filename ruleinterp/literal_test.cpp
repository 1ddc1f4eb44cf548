#include "ruleinterp/literal.h"

#include <gmock/gmock.h>

#include "ruleinterp/regex.h"

namespace pennypost::ruleinterp {
namespace {

TEST(RequiredLiterals, AreThoseThatNoMatchCanLack) {
  using Needed = std::vector<AnyOf>;
  for (const auto& [body, needed] : std::initializer_list<std::pair<const char*, Needed>>{
           {"free\\s+toner", {{"toner"}, {"free"}}},
           {"a free\\s+toner for[^x]you now", {{"toner for"}, {"you now"}, {"a free"}}},
           {"one.three.four.seven.eleven", {{"eleven"}, {"three"}, {"seven"}}},
           {"abc|defg", {{"abc", "defg"}}},
           {"abc.defgh|ijk", {{"defgh", "ijk"}}},
           {"abc|d", {}},
           {"(viagra|cialis)[!.]{2,}", {{"viagra", "cialis"}}},
           {"(?:viagra|cialis)+", {{"viagra", "cialis"}}},
           {"(?:viagra|cialis) (?:for|from) you", {{"viagra", "cialis"}, {" you"}, {"for", "from"}}},
           {"(viagra|cialis)?x", {}},
           {"(viagra|cialis){0,2}x", {}},
           {"(?!viagra)x", {}},
           {"(?<=viagra)x", {}},
           {"<(b|font)[^>]*>[^<]*click", {{"click"}}},
           {"abcd?", {{"abc"}}},
           {"abcd*e", {{"abc"}}},
           {"abcd?efgh", {{"efgh"}, {"abc"}}},
           {"abc\\.def", {{"abc.def"}}},
           {"abc\\bdef", {{"abc"}, {"def"}}},
           {"(?i)free", {{"free"}}},
           {"(?x) a b c", {}},
           {"\\Qabc\\E", {}},
           {"(*ACCEPT)abc", {}},
           {"abc\\1", {}},
           {"((abc|def)|ghi)", {{"abc", "def", "ghi"}}},
           {"(abc(?:def|x))ghi", {{"abc"}, {"ghi"}}},
           {"[abc]def", {{"def"}}},
           {"[[:alpha:]]]def", {{"]def"}}},
           {"ab", {}},
           {"", {}},
       }) {
    SCOPED_TRACE(body);
    Regex::Error error;
    const auto regex = Regex::compile(body, "", error);
    if (!regex) continue;  // (abc\1 has no group to refer to)
    EXPECT_EQ(required_literals(*regex), needed);
  }
}

}  // namespace
}  // namespace pennypost::ruleinterp
