// Charsets to UTF-8, case folding, cutting.
#include "server/message/charset.h"

#include <thread>

#include <gtest/gtest.h>

namespace pennypost::message {
namespace {

struct Row {
  const char* what;
  std::string octets;
  const char* charset;
  const char* out;
};

TEST(Charsets, BecomeUtf8) {
  for (const auto& [what, octets, charset, out] : {
           Row{"UTF-8", "\xC3\xA4", "utf-8", "\xC3\xA4"},
           Row{"UTF-8 by another name", "\xC3\xA4", "UTF8", "\xC3\xA4"},
           Row{"Latin-1 is read as Windows-1252", "\xE4\x80", "ISO-8859-1", "\xC3\xA4\xE2\x82\xAC"},
           Row{"Latin-9", "\xA4", "iso-8859-15", "\xE2\x82\xAC"},
           Row{"Latin-2", "\xB9", "ISO_8859-2", "\xC5\xA1"},
           Row{"Windows-1251", "\xCF", "windows-1251", "\xD0\x9F"},
           Row{"Windows-1251 by another name", "\xCF", "cp1251", "\xD0\x9F"},
           Row{"Windows-1250 by a mistake", "\xB9", "win-1250", "\xC4\x85"},
           Row{"KOI8-R", "\xF0", "KOI8-R", "\xD0\x9F"},
           Row{"ISO-2022-JP", "\x1B$BF|\x1B(B", "iso-2022-jp", "\xE6\x97\xA5"},
           Row{"Shift JIS", "\x93\xFA", "shift_jis", "\xE6\x97\xA5"},
           Row{"EUC-JP", "\xC6\xFC", "euc-jp", "\xE6\x97\xA5"},
           Row{"GB 2312 with a character of GBK", "\xE9\x46", "gb2312", "\xE9\x95\x95"},
           Row{"Big5", "\xA4\xE9", "big5", "\xE6\x97\xA5"},
           Row{"Korean", "\xC0\xCF", "ks_c_5601-1987", "\xEC\x9D\xBC"},
           Row{"UTF-7", "+AOQ-", "utf-7", "\xC3\xA4"},
           Row{"UTF-16 with a mark", std::string("\xFF\xFE\xE4\x00", 4), "utf-16", "\xC3\xA4"},
           Row{"UTF-16 beyond the first plane", std::string("\xD8\x3D\xDE\x00", 4), "utf-16be", "\xF0\x9F\x98\x80"},
           Row{"quotes and case", "\xE4", " \"Windows-1252\" ", "\xC3\xA4"},
           Row{"a language tag", "\xE4", "iso-8859-1*de", "\xC3\xA4"},
           Row{"x- before it", "\xCF", "x-windows-1251", "\xD0\x9F"},
       }) {
    EXPECT_EQ(to_utf8(octets, charset), out) << what;
  }
}

TEST(Charsets, ThatAreUnknownOrWrongFallBack) {
  for (const auto& [what, octets, charset, out] : {
           Row{"no name, UTF-8", "\xC3\xA4", "", "\xC3\xA4"},
           Row{"no name, not UTF-8", "\xE4", "", "\xC3\xA4"},
           Row{"unknown", "\xE4", "x-martian", "\xC3\xA4"},
           Row{"a path", "\xE4", "../../etc/passwd", "\xC3\xA4"},
           Row{"an option of ICU", "\xE4", "utf-8,swaplfnl", "\xC3\xA4"},
           Row{"ASCII that is not", "\xE4", "us-ascii", "\xC3\xA4"},
           Row{"UTF-8 that is not", "na\xEFve", "utf-8", "na\xC3\xAFve"},
           Row{"UTF-8 with one mistake", "\xC3\xA4\xFF", "utf-8", "\xC3\xA4\xEF\xBF\xBD"},
           Row{"UTF-8 that is cut", "\xC3\xA4\xC3", "utf-8", "\xC3\xA4\xEF\xBF\xBD"},
           Row{"overlong UTF-8", "\xC3\xA4\xC0\x80", "utf-8", "\xC3\xA4\xEF\xBF\xBD\xEF\xBF\xBD"},
       }) {
    EXPECT_EQ(to_utf8(octets, charset), out) << what;
  }
  EXPECT_EQ(to_utf8("\xE4", std::string(10'000, 'x')), "\xC3\xA4");
  EXPECT_TRUE(knows_charset("UTF-8"));
  EXPECT_FALSE(knows_charset("x-martian"));
}

TEST(Charsets, OfAnyNameAndOctetsGiveUtf8) {
  std::string octets;
  for (int i = 0; i < 20'000; ++i) octets += static_cast<char>(i * 31 + i / 251);
  for (const char* charset :
       {"utf-8", "utf-16", "utf-16le", "utf-32", "utf-7", "iso-2022-jp", "iso-2022-kr", "hz-gb-2312", "gb18030", "big5",
        "euc-kr", "shift_jis", "windows-874", "ibm850", "imap-mailbox-name", "scsu", "bocu-1", "none"}) {
    for (const std::size_t size : {0U, 1U, 3U, 4095U, 4096U, 20'000U}) {
      EXPECT_TRUE(is_utf8(to_utf8(std::string_view{octets}.substr(0, size), charset))) << charset;
    }
  }
}

TEST(Charsets, ConvertInManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong] {
      for (int i = 0; i < 200; ++i) {
        for (const char* name : {"koi8-r", "iso-8859-2", "windows-1251", "euc-jp", "big5", "iso-8859-15"}) {
          wrong += to_utf8("abc", name) != "abc";
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(FoldCase, MakesTextsThatDifferInCaseEqual) {
  EXPECT_EQ(fold_case("Hello [WORLD] 123 @`{"), "hello [world] 123 @`{");
  EXPECT_EQ(fold_case("\xC3\x84\xC3\x96"), "\xC3\xA4\xC3\xB6");
  EXPECT_EQ(fold_case("STRASSE"), fold_case("stra\xC3\x9F"
                                            "e"));
  EXPECT_EQ(fold_case("\xCE\xA3\xCF\x82"), "\xCF\x83\xCF\x83");
  EXPECT_EQ(fold_case("A\xFF"
                      "B"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(fold_case(""), "");
  const std::string big = std::string(3'000'000, 'A') + "\xC3\x84";
  EXPECT_EQ(fold_case(big), std::string(3'000'000, 'a') + "\xC3\xA4");
}

TEST(CutUtf8, KeepsCharactersWhole) {
  EXPECT_EQ(cut_utf8("abc", 5), "abc");
  EXPECT_EQ(cut_utf8("abc", 2), "ab");
  EXPECT_EQ(cut_utf8("a\xC3\xA4", 2), "a");
  EXPECT_EQ(cut_utf8("\xF0\x9F\x98\x80", 3), "");
  EXPECT_EQ(cut_utf8("\x80\x80\x80\x80\x80\x80", 5), "\x80\x80\x80\x80\x80");
  EXPECT_EQ(cut_utf8("a", 0), "");
}

}  // namespace
}  // namespace pennypost::message
