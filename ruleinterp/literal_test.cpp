#include "ruleinterp/literal.h"

#include <random>

#include <gmock/gmock.h>

#include "ruleinterp/literal_check.h"
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
           {"Dear {name|Dear {first}, your", "Dear {name|Dear {first}, your"},
           {"{[^}abcd|efgh]*foo", "foo"},
           {"xyzwin{3big|a{1}", ""},
           {"(free){money", "{money, free"},
           {"abc{,3}defgh", ""},
           {"abc{ 2}defgh", ""},
           {"[[:alpha]free|[[:alpha:]]money", ""},
           {"[[:^digit:]x]money", "money"},
           {"[[.x.]]money", ""},
           {"(?C'a)')abc|(?C'b|)zzz')def", ""},
           {"(a\\c)bcde)fghi", ""},
           {"[a\\c]bcde]fghi", ""},
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
           {"free\\s{x}toner", "{x}toner <s free"},  // "{x}" is text
           {"free \\s*toner", "free , toner"},       // the gap could take the space
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

// Expressions and texts of the same pieces, those that are hard to read above all.
TEST(RequiredLiterals, AreInEveryMatch) {
  static constexpr auto kPieces = std::to_array<std::string_view>(
      {"abc",  "defg", "hij", "{",   "}", "{2}", "{1,}", ",",   "|",     "|",   "(",    "(?:", ")",   ")",       "[",
       "]",    "[:",   ":]",  "^",   "-", "\\",  "?",    "*",   "+",     "\\s", "\\W+", "\\Q", "\\E", "\\c",     "(?C",
       "(?i)", "(?=",  "(?!", "(?<", ">", "(?(", "1",    "(?#", "alpha", " ",   "'",    "\\{", ".*",  "(?:abc|", "x"});
  std::mt19937 random{11};
  const auto text_of = [&](std::size_t most) {
    std::string text;
    for (std::size_t left = 1 + random() % most; left > 0; --left) text += kPieces[random() % kPieces.size()];
    return text;
  };
  int matches = 0;
  for (int i = 0; i < 200'000; ++i) {
    Regex::Error error;
    const auto regex = Regex::compile(text_of(9), "", error);
    if (!regex || required_literals(*regex).empty()) continue;
    for (int k = 0; k < 4; ++k) {
      const std::string subject = text_of(12);
      if (regex->match(subject, 0, nullptr) != Matched::yes) continue;
      ++matches;
      ASSERT_TRUE(has_what_it_needs(*regex, subject)) << '/' << regex->body() << "/ matches " << subject;
    }
  }
  EXPECT_GT(matches, 500);
}

}  // namespace
}  // namespace pennypost::ruleinterp
