#include "server/filter/list_entries.h"

#include <gmock/gmock.h>

namespace pennypost::filter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ListEntries, WhatIsNoEntryIsSaid) {
  struct Row {
    ListKind kind;
    std::string entry;
    const char* why;  // empty: it is one
  };
  constexpr auto kA = ListKind::addresses, kW = ListKind::words;
  for (const auto& row : {Row{kA, "joe@example.com", ""},
                          Row{kA, "fred.*@example.com", ""},
                          Row{kA, "*@example.com", ""},
                          Row{kA, "*example.com", ""},
                          Row{kA, "/^fred\\.[a-z]+@example\\.com$/i", ""},
                          Row{kA, "/(/", "not understood"},
                          Row{kA, "joe", "needs an @"},
                          Row{kA, "@x", "before and behind"},
                          Row{kA, "joe@", "before and behind"},
                          Row{kA, "Joe <joe@x>", "no blanks"},
                          Row{kA, "*@*", "every address"},
                          Row{kA, "", "empty"},
                          Row{kA, std::string(1001, 'a') + "@x", "longer than 1000"},
                          Row{kA, "jo\xFF@x.example", "UTF-8"},
                          Row{kW, "sex", ""},
                          Row{kW, "win a prize", ""},
                          Row{kW, "cat*basket", ""},
                          Row{kW, "/\\bsex\\b/i", ""},
                          Row{kW, "/a/q", "not understood"},
                          Row{kW, "* ?", "everything"},
                          Row{kW, "a\x01", "control"},
                          Row{kW, "caf\xC3\xA9", ""}}) {
    const auto why = objection_to_entry(row.kind, row.entry);
    if (*row.why == '\0')
      EXPECT_FALSE(why) << row.entry << ": " << why.value_or("");
    else
      EXPECT_THAT(why.value_or(""), HasSubstr(row.why)) << row.entry;
  }
}

TEST(ListEntries, AFileIsReadLineByLineAndBadLinesAreTold) {
  const auto file = read_entries(
      ListKind::addresses, "\xEF\xBB\xBF# mine\r\n\r\n Joe@x.example \r\nnobody\n*@y.example\n/(/\n\nlast@z.example");
  EXPECT_THAT(file.entries, ElementsAre("Joe@x.example", "*@y.example", "last@z.example"));
  ASSERT_EQ(file.bad.size(), 2U);
  EXPECT_EQ(file.bad[0].line, 4U);
  EXPECT_EQ(file.bad[0].text, "nobody");
  EXPECT_EQ(file.bad[1].line, 6U);
}

TEST(ListEntries, WhatIsWrittenReadsBack) {
  const std::vector<std::string> words{"plain", "#1 deal", "\\#x", "\\", "a b", "/x y/i", "cat*basket"};
  EXPECT_EQ(read_entries(ListKind::words, write_entries(words)).entries, words);
  const std::vector<std::string> addresses{"a@b.example", "*@c.example", "#tag@d.example"};
  EXPECT_EQ(read_entries(ListKind::addresses, write_entries(addresses)).entries, addresses);
  EXPECT_TRUE(read_entries(ListKind::words, "").entries.empty());
}

TEST(EntryCondition, SelectsByCountsAndAges) {  // spec 11 section 5.3
  const Timestamp now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24}};
  store::ListEntry entry;
  entry.entry = "joe@x.example";
  entry.is_automatic = true;
  entry.add_count = 3;
  entry.find_count = 0;
  entry.initially_added = now - std::chrono::days{100};
  entry.last_added = now - std::chrono::hours{5};
  for (const auto& [text, expected] : {std::pair{"findcount<1", true},
                                       {"findcount < 1", true},
                                       {"FindCount>=1", false},
                                       {"addcount = 3", true},
                                       {"addcount<>3", false},
                                       {"addcount!=2", true},
                                       {"auto", true},
                                       {"manual", false},
                                       {"initiallyadded>90", true},
                                       {"initiallyadded > 15w", false},
                                       {"initiallyadded >= 3m", true},
                                       {"initiallyadded<1y", true},
                                       {"lastadded<6h", true},
                                       {"lastadded<4 h", false},
                                       {"lastfound>1000", true},
                                       {"lastfound<1000", false},
                                       {"auto and findcount<1 AND initiallyadded>90d", true},
                                       {"auto and findcount>1", false}}) {
    const auto condition = EntryCondition::read(text);
    ASSERT_TRUE(condition.ok()) << text;
    EXPECT_EQ(condition->holds(entry, now), expected) << text;
  }
  entry.last_found = now - std::chrono::days{10};
  EXPECT_TRUE(EntryCondition::read("lastfound>9")->holds(entry, now));
  EXPECT_FALSE(EntryCondition::read("lastfound>2w")->holds(entry, now));
}

TEST(EntryCondition, WhatItDoesNotUnderstandItSays) {
  for (const auto& [text, why] : {std::pair{"", "missing"},
                                  {"auto and", "missing"},
                                  {"banana", "no condition"},
                                  {"findcount", "expected behind findcount"},
                                  {"findcount<x", "a number"},
                                  {"findcount<-1", "a number"},
                                  {"initiallyadded>3q", "an age"},
                                  {"lastfound~3", "expected behind lastfound"},
                                  {"findcount<1e999", "a number"}}) {
    const auto condition = EntryCondition::read(text);
    ASSERT_FALSE(condition.ok()) << text;
    EXPECT_THAT(condition.error().for_client, HasSubstr(why)) << text;
  }
}

}  // namespace
}  // namespace pennypost::filter
