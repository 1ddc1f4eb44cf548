#include "server/filter/word_lists.h"

#include <thread>

#include <gmock/gmock.h>

#include "server/filter/mail_view.h"
#include "server/message/parse.h"
#include "server/store/test_cluster.h"

namespace pennypost::filter {
namespace {

constexpr auto kLong = std::chrono::milliseconds{10'000};

std::string found(std::string_view word, const std::string& octets) {
  const WordProgram words{{{store::AddressList::black, std::string{word}}}};
  const auto parsed = message::parse(octets);
  return words.find(MailView{parsed}, kLong).black;
}
std::string in_body(std::string_view word, const std::string& body) { return found(word, "Subject: x\r\n\r\n" + body); }

TEST(WordProgram, PlainTextIsFoundInsideWordsAndInAnyCase) {  // spec 11 section 16, case 25
  struct Row {
    const char* word;
    const char* text;
    bool expected;
  };
  for (const Row& row : {Row{"sex", "A day in Sussex", true},
                         Row{"/\\bsex\\b/i", "A day in Sussex", false},
                         Row{"/\\bsex\\b/i", "SEX!", true},
                         Row{"/sex/", "SEX", false},
                         Row{"WIN a prize", "you win A PRIZE now", true},
                         Row{"cat*basket", "the Cat is in a basket", true},
                         Row{"cat*basket", "the cat sat\r\nin its BASKET", true},
                         Row{"cat*basket", "basket with a cat", false},
                         Row{"c?t", "a cut", true},
                         Row{"c?t", "a ct", false},
                         Row{"c?fe",
                             "caf\xC3\xA9 c\xC3\xA0"
                             "fe",
                             true},
                         Row{"50% off", "50% OFF", true},
                         Row{"$${x}", "costs $${x}", true},
                         Row{"$${x}", "costs x", false},
                         Row{"say \"hi\"", "we say \"hi\" too", true},
                         Row{"a\\b", "a\\b", true},
                         Row{"/slash", "a /slash", true},
                         Row{"[tag]", "a [tag] b", true},
                         Row{"[tag]", "tag", false},
                         Row{"a.b", "axb", false},
                         Row{"/\"q\"/", "a \"q\"", true},
                         Row{"#1", "#1 deal", true},
                         Row{"1 [words]", "1 [words]", true}})
    EXPECT_EQ(in_body(row.word, row.text), row.expected ? row.word : "") << row.word << " in " << row.text;
}

TEST(WordProgram, TextHtmlAndSubjectAreSearchedAttachmentsAreNot) {  // case 26
  const std::string mail =
      "Subject: =?utf-8?Q?offer?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
      "Content-Type: text/html\r\n\r\n<p>che<b>ap</b> pills</p>\r\n--b\r\nContent-Type: text/plain\r\n"
      "Content-Disposition: attachment; filename=a.txt\r\n\r\nsecret\r\n--b--\r\n";
  EXPECT_EQ(found("cheap pills", mail), "cheap pills");
  EXPECT_EQ(found("offer", mail), "offer");
  EXPECT_EQ(found("secret", mail), "");
}

TEST(WordProgram, ManyWordsAndBadOnesBesideEachOther) {
  std::vector<WordProgram::Entry> entries{{store::AddressList::white, "/(/"}, {store::AddressList::white, "friend"}};
  for (int i = 0; i < 3000; ++i) entries.push_back({store::AddressList::black, "word" + std::to_string(i) + "x"});
  const WordProgram words{entries};
  const auto parsed = message::parse("Subject: word2500X\r\n\r\nmy friend\r\n");
  const auto found = words.find(MailView{parsed}, kLong);
  EXPECT_EQ(found.white, "friend");
  EXPECT_EQ(found.black, "word2500x");
}

TEST(WordLists, AChangeOfTheListsCountsWithinASecond) {
  const auto store = store::TestCluster::instance().store();
  store::SpamLists lists{store->database()};
  WordLists words{lists};
  const auto parsed = message::parse("Subject: pills\r\n\r\nx\r\n");
  const MailView mail{parsed};
  EXPECT_EQ(words.find(mail, kLong).black, "");
  ASSERT_TRUE(lists.add_words(store::AddressList::black, std::vector<std::string>{"pill"}, "admin").ok());
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  EXPECT_EQ(words.find(mail, kLong).black, "pill");
  EXPECT_EQ(words.find(mail, kLong).white, "");
}

}  // namespace
}  // namespace pennypost::filter
