#include "ruleinterp/literal.h"

#include <gmock/gmock.h>

#include "ruleinterp/regex.h"

namespace pennypost::ruleinterp {
namespace {

// "free|toner" for alternatives, "toner <s free" for "toner" with "free" before it and only \s between, "free s> for"
// for what stands behind, W for \W.
std::string told(const std::vector<Needed>& all) {
  std::string out;
  for (const Needed& needed : all) {
    out += out.empty() ? "" : ", ";
    for (std::size_t i = 0; i < needed.texts.size(); ++i) out += (i > 0 ? "|" : "") + needed.texts[i];
    if (needed.gap == Gap::unknown) continue;
    const char* gap = needed.gap == Gap::spaces ? "s" : "W";
    out += needed.side == Needed::Side::before ? std::string{" <"} + gap : std::string{" "} + gap + ">";
    out += " " + needed.beside;
  }
  return out;
}

TEST(RequiredLiterals, AreThoseThatNoMatchCanLack) {
  for (const auto& [body, needed] : std::initializer_list<std::pair<const char*, const char*>>{
           {"free.toner", "toner, free"},
           {"a free[ x]toner for[^x]you now", "toner for, you now, a free"},
           {"one.three.four.seven.eleven", "eleven, three, seven"},
           {"abc|defg", "abc|defg"},
           {"abc.defgh|ijk", "defgh|ijk"},
           {"abc|d", ""},
           {"(viagra|cialis)[!.]{2,}", "viagra|cialis"},
           {"(?:viagra|cialis)+", "viagra|cialis"},
           {"(?:viagra|cialis) (?:for|from) you", "viagra|cialis,  you, for|from"},
           {"(viagra|cialis)?x", ""},
           {"(viagra|cialis){0,2}x", ""},
           {"(?!viagra)x", ""},
           {"(?<=viagra)x", ""},
           {"<(b|font)[^>]*>[^<]*click", "click"},
           {"abcd?", "abc"},
           {"abcd*e", "abc"},
           {"abcd?efgh", "efgh, abc"},
           {"abc\\.def", "abc.def"},
           {"abc\\bdef", "abc, def"},
           {"(?i)free", "free"},
           {"(?x) a b c", ""},
           {"\\Qabc\\E", ""},
           {"(*ACCEPT)abc", ""},
           {"abc\\1", ""},
           {"((abc|def)|ghi)", "abc|def|ghi"},
           {"(abc(?:def|x))ghi", "abc, ghi"},
           {"[abc]def", "def"},
           {"[[:alpha:]]]def", "]def"},
           {"ab", ""},
           {"", ""},
       }) {
    SCOPED_TRACE(body);
    Regex::Error error;
    const auto regex = Regex::compile(body, "", error);
    if (!regex) continue;  // (abc\1 has no group to refer to)
    EXPECT_EQ(told(required_literals(*regex)), needed);
  }
}

TEST(RequiredLiterals, KnowTheirNeighbourWhereOnlySpacesOrMarksStandBetween) {
  for (const auto& [body, needed] : std::initializer_list<std::pair<const char*, const char*>>{
           {"free\\s+toner", "toner <s free"},
           {"toner\\s*free", "toner s> free"},
           {"\\bfree\\W{1,3}toners?\\b", "toner <W free"},
           {"is\\s+it", ""},
           {"is\\s+it\\s+free", "free <s it"},
           {"buy\\s+free\\s+toner", "toner <s free, free <s buy"},
           {"free\\s+toner?s", "tone <s free"},
           {"free\\st?oner", "free, oner"},
           {"free\\s{1,3}toner", "toner <s free"},
           {"free\\s{x}toner", "toner, free"},  // "{x}" is text
           {"free \\s*toner", "free , toner"},  // the gap could take the space
           {"free\\s+ toner", " toner, free"},
           {"free!\\W*toner", "free!, toner"},
           {"free\\W*\\$100", "free, $100"},
           {"free\\s+\\$100", "$100 <s free"},
           {"free\\s+\\btoner", "toner, free"},
           {"free\\s+(?:toner|ink)", "free, toner|ink"},
           {"free\\s+|toner", "free|toner"},
           {"(?:free\\s+toner|a\\s+chance)!", "toner|chance"},
           {"(?:free\\s+toner)!", "toner <s free"},
           {"free\\S+toner", "toner, free"},
       }) {
    SCOPED_TRACE(body);
    Regex::Error error;
    const auto regex = Regex::compile(body, "", error);
    ASSERT_TRUE(regex);
    EXPECT_EQ(told(required_literals(*regex)), needed);
  }
}

}  // namespace
}  // namespace pennypost::ruleinterp
