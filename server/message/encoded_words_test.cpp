// Encoded words, read and written.
#include "server/message/encoded_words.h"

#include <gtest/gtest.h>

#include "server/base/text.h"

namespace pennypost::message {
namespace {

struct Row {
  const char* what;
  const char* in;
  const char* out;
};

TEST(EncodedWords, AreDecoded) {
  for (const auto& [what, in, out] : {
           Row{"none", "plain text", "plain text"},
           Row{"Q", "=?iso-8859-1?q?this=20is=20some=20text?=", "this is some text"},
           Row{"Q with underscores", "=?utf-8?Q?a_b=5F?=", "a b_"},
           Row{"B", "=?US-ASCII?B?SGVsbG8=?=", "Hello"},
           Row{"text around", "a =?utf-8?Q?b?= c", "a b c"},
           Row{"space between two goes (RFC 2047 8)", "(=?utf-8?Q?a?= =?utf-8?Q?b?=)", "(ab)"},
           Row{"fold between two goes", "=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab"},
           Row{"an encoded space stays", "=?utf-8?Q?a_?= =?utf-8?Q?b?=", "a b"},
           Row{"no space at all", "=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"},
           Row{"a character cut in two", "=?utf-8?B?4oI=?= =?utf-8?B?rA==?=", "\xE2\x82\xAC"},
           Row{"cut in two, B and Q", "=?utf-8?B?4oI=?= =?utf-8?Q?=AC?=", "\xE2\x82\xAC"},
           Row{"different charsets", "=?iso-8859-1?Q?=E9?= =?utf-8?Q?=C3=A9?=", "\xC3\xA9\xC3\xA9"},
           Row{"language tag (RFC 2231)", "=?iso-8859-1*fr?Q?=E9?=", "\xC3\xA9"},
           Row{"unknown charset, Latin-1 inside", "=?x-none?Q?=E9?=", "\xC3\xA9"},
           Row{"unknown charset, UTF-8 inside", "=?x-none?Q?=C3=A9?=", "\xC3\xA9"},
           Row{"wrong charset", "=?utf-8?Q?=E9?=", "\xC3\xA9"},
           Row{"a space inside", "=?utf-8?Q?a b?=", "a b"},
           Row{"empty", "=?utf-8?Q?\?=", ""},
           Row{"no end", "=?utf-8?Q?abc", "=?utf-8?Q?abc"},
           Row{"no end, then a good one", "=?utf-8?Q?abc =?utf-8?Q?d?=", "=?utf-8?Q?abc d"},
           Row{"no such encoding", "=?utf-8?X?abc?=", "=?utf-8?X?abc?="},
           Row{"no charset", "=??Q?abc?=", "=??Q?abc?="},
           Row{"raw UTF-8", "\xC3\xA9", "\xC3\xA9"},
           Row{"raw Latin-1", "caf\xE9", "caf\xC3\xA9"},
           Row{"line ends inside become spaces", "=?utf-8?Q?a=0D=0AB:_c?=", "a  B: c"},
           Row{"NUL inside becomes a space", "=?utf-8?Q?a=00b?=", "a b"},
           Row{"ISO-2022-JP", "=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "\xE6\x97\xA5\xE6\x9C\xAC"},
           Row{"ISO-2022-JP in two words",
               "=?ISO-2022-JP?B?GyRCRnwbKEI=?= =?ISO-2022-JP?B?GyRCS1wbKEI=?=", "\xE6\x97\xA5\xE6\x9C\xAC"},
           Row{"GB 2312", "=?gb2312?B?1tDOxA==?=", "\xE4\xB8\xAD\xE6\x96\x87"},
           Row{"KOI8-R", "=?koi8-r?Q?=F0=D2=C9?=", "\xD0\x9F\xD1\x80\xD0\xB8"},
           Row{"a question mark inside Q", "=?utf-8?Q?who?_me?=", "who? me"},
       }) {
    EXPECT_EQ(decode_words(in), out) << what;
  }
}

TEST(EncodedWords, AreWrittenOnlyWhereNeeded) {
  EXPECT_EQ(encode_text("Hello World", 9), "Hello World");
  EXPECT_EQ(encode_text("Gr\xC3\xBC\xC3\x9F"
                        "e aus K",
                        9),
            "=?utf-8?B?R3LDvMOfZQ==?= aus K");
  EXPECT_EQ(encode_text("caf\xC3\xA9 latte macchiato", 9), "=?utf-8?Q?caf=C3=A9?= latte macchiato");
  EXPECT_EQ(encode_text("a =?b", 9), "a =?utf-8?B?PT9i?=");
  EXPECT_EQ(encode_text("", 9), "");
}

TEST(EncodedWords, WhatIsWrittenReadsBackAndKeepsItsLinesShort) {
  std::string every;
  for (int i = 0; i < 60; ++i) every += "\xE2\x82\xAC\xC3\xA4 x\xF0\x9F\x98\x80";
  for (const std::string& text :
       {std::string{"a"}, std::string{"a  b"}, every, std::string(500, 'y') + " z",
        "ASCII first " + every + " and last", std::string(2000, 'x'), std::string{"=?utf-8?Q?x?="},
        std::string{"\xC3\xA4 \xC3\xA4  \xC3\xA4 b \xC3\xA4"}}) {
    for (const std::size_t used : {0U, 9U, 70U, 200U}) {
      const std::string written = encode_text(text, used);
      EXPECT_EQ(decode_words(written), text);
      for (std::size_t i = 0; i < written.size();) {
        const std::size_t end = std::min(written.find("\r\n", i), written.size());
        EXPECT_LE(end - i, i == 0 ? 600U : 600U);
        EXPECT_TRUE(i == 0 || written[i] == ' ');
        i = end + 2;
      }
      EXPECT_TRUE(is_ascii(written));
    }
  }
}

TEST(EncodedWords, NoneIsLongerThan75Octets) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += i % 3 == 0 ? "\xF0\x9F\x98\x80" : "ab";
  const std::string written = encode_text(text, 9);
  for (std::size_t at = written.find("=?"); at != std::string::npos;) {
    const std::size_t end = std::min(written.find("?=\r\n", at), written.size() - 2) + 2;
    EXPECT_LE(end - at, 75U);
    at = written.find("=?utf", end);
  }
}

TEST(EncodedWords, PhrasesAreAtomsQuotedOrEncoded) {
  for (const auto& [what, in, out] : {
           Row{"atoms", "John Doe", "John Doe"},
           Row{"specials", "Doe, John (x)", "\"Doe, John (x)\""},
           Row{"a dot", "John Q. Public", "\"John Q. Public\""},
           Row{"quotes", "J \"D\" \\", "\"J \\\"D\\\" \\\\\""},
           Row{"UTF-8", "J\xC3\xB8ran", "=?utf-8?Q?J=C3=B8ran?="},
           Row{"an encoded word as text", "=?x", "=?utf-8?B?PT94?="},
           Row{"line ends", "a\r\nBcc: b", "\"a  Bcc: b\""},
       }) {
    EXPECT_EQ(encode_phrase(in), out) << what;
  }
}

}  // namespace
}  // namespace pennypost::message
