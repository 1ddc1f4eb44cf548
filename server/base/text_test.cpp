#include "server/base/text.h"

#include <unordered_map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/random.h"

namespace pennypost {
namespace {

using testing::ElementsAre;

TEST(Text, IsShortenedAtWholeCharacters) {
  EXPECT_EQ(shortened("", 3), "");
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "ab\u2026");
  EXPECT_EQ(shortened("\u00e4\u20ac\U0001F600", 3), "\u00e4\u20ac\U0001F600");
  EXPECT_EQ(shortened("\u00e4\u20ac\U0001F600x", 3), "\u00e4\u20ac\u2026");
  EXPECT_LT(shortened(std::string(1000, '\x80'), 10).size(), 50U);
}

TEST(Words, CompareWithoutCaseOfAsciiAndOnlyThat) {
  EXPECT_TRUE(same_word("InBox", "INBOX"));
  EXPECT_FALSE(same_word("INBOX", "INBOX2"));
  EXPECT_FALSE(same_word("\xC3\xA9", "\xC3\x89"));  // e acute, both cases: no business of ours
  EXPECT_FALSE(same_word("[", "{"));                // 32 apart, like letters
  EXPECT_LT(compare_words("abc", "ABD"), 0);
  EXPECT_LT(compare_words("ab", "ABC"), 0);
  EXPECT_EQ(compare_words("aBc", "AbC"), 0);
  EXPECT_GT(compare_words("\xFF", "z"), 0);
  EXPECT_TRUE(starts_with_word("Re: x", "RE:"));
  EXPECT_FALSE(starts_with_word("R", "RE:"));
  EXPECT_TRUE(ends_with_word("a@Mail.Test", ".TEST"));
  EXPECT_EQ(find_word("From: Ann", "ANN"), 6U);
  EXPECT_EQ(find_word("aXbx", "x", 2), 3U);
  EXPECT_EQ(find_word("abc", "x"), std::string_view::npos);
  EXPECT_EQ(find_word("abc", "a", 9), std::string_view::npos);
  std::unordered_map<std::string, int, WordHash, WordEqual> map{{"Inbox", 1}};
  EXPECT_TRUE(map.contains("INBOX"));
}

TEST(Parts, SplitCutTrimAndTake) {
  EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_THAT(split_words("  a \t b\r\n"), ElementsAre("a", "b"));
  EXPECT_TRUE(split_words(" \t").empty());
  EXPECT_EQ(cut("a=b=c", '='), (std::pair<std::string_view, std::string_view>{"a", "b=c"}));
  EXPECT_EQ(cut("a", '='), (std::pair<std::string_view, std::string_view>{"a", ""}));
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim("  "), "");
  std::string_view line = " RETR  1 2";
  EXPECT_EQ(take_word(line), "RETR");
  EXPECT_EQ(line, "1 2");
  EXPECT_EQ(take_word(line), "1");
  EXPECT_EQ(take_word(line), "2");
  EXPECT_EQ(take_word(line), "");
  EXPECT_EQ(replace_all("aaa", "a", "ab"), "ababab");
  EXPECT_EQ(replace_all("aaa", "", "b"), "aaa");
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
}

TEST(Numbers, AreDigitsThatFit) {
  EXPECT_EQ(to_number("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(to_number32("4294967295"), UINT32_MAX);
  EXPECT_EQ(to_signed_number("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(to_signed_number("+5"), 5);
  for (const char* bad : {"", " 1", "1 ", "+1", "-1", "1x", "18446744073709551616"})
    EXPECT_FALSE(to_number(bad)) << bad;
  EXPECT_FALSE(to_number32("4294967296"));
  for (const char* bad : {"", "-", "+", "+-5", "--5", "9223372036854775808"})
    EXPECT_FALSE(to_signed_number(bad)) << bad;
}

TEST(Base64, PrintedReadsBackAndRfc4648Holds) {
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"}};
  for (const auto& [octets, text] : rows) {
    EXPECT_EQ(base64_encode(octets), text);
    EXPECT_EQ(base64_decode(text), octets);
  }
  for (std::size_t size = 0; size < 100; ++size) {
    const std::string octets = random_octets(size);
    EXPECT_EQ(base64_decode(base64_encode(octets)), octets);
    EXPECT_EQ(base64_decode_tolerant(base64_encode(octets)), octets);
    EXPECT_EQ(hex_decode(hex_encode(octets)), octets);
  }
}

TEST(Base64, StrictRefusesWhatTolerantTakes) {
  const struct {
    const char* text;
    const char* tolerant;
  } rows[] = {{"Zg=", "f"},      {"Zg", "f"},         {"Zh==", "f"},    {"Zm9=", "fo"},
              {"Zm 9v", "foo"},  {"Zm\r\n9v", "foo"}, {"=", ""},        {"====", ""},
              {"Zg==Zg==", "f"}, {"Z", ""},           {"Zm9v!", "foo"}, {"Zm9v\xFF\xFF\xFF\xFF", "foo"}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.text);
    EXPECT_FALSE(base64_decode(row.text));
    EXPECT_EQ(base64_decode_tolerant(row.text), row.tolerant);
  }
}

TEST(Hex, RefusesWhatIsNone) {
  EXPECT_EQ(hex_decode("00fFAb"), (std::string{"\0\xFF\xAB", 3}));
  for (const char* bad : {"0", "0g", "0x", " 00"}) EXPECT_FALSE(hex_decode(bad)) << bad;
}

TEST(Utf8, WellFormedAndNothingElse) {
  for (const char* good :
       {"", "abc", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x93\xAB", "\xF4\x8F\xBF\xBF", "\xEF\xBF\xBF"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xFF", "a\xE2\x28\xA1"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(Atoms, FollowRfc5322) {
  EXPECT_TRUE(is_atom("ann+tag_1"));
  for (const char* bad : {"", "a b", "a.b", "a@b", "a\xC3\xA9", "(x)"}) EXPECT_FALSE(is_atom(bad)) << bad;
}

TEST(Secrets, CompareAsWholes) {
  EXPECT_TRUE(same_secret("", ""));
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", "ab"));
}

TEST(Printable, ShowsEveryOctetOnOneLine) {
  EXPECT_EQ(printable("a\r\n\\\x7F\xC3"), "a\\x0d\\x0a\\\\\\x7f\\xc3");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
}

TEST(Random, IsNeverTheSameTwiceAndStaysInItsBounds) {
  EXPECT_NE(random_octets(16), random_octets(16));
  EXPECT_EQ(random_name(20).size(), 20U);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(random_below(7), 7U);
  EXPECT_EQ(random_below(0), 0U);
}

}  // namespace
}  // namespace pennypost
