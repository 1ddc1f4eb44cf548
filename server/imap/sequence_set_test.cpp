#include "server/imap/sequence_set.h"

#include <gtest/gtest.h>

namespace pennypost::imap {

TEST(SequenceSet, MeansTheNumbersThatTheRfcSays) {
  struct Row {
    const char* text;
    std::uint32_t highest;
    const char* meant;
  };
  for (const auto& [text, highest, meant] : {
           Row{"1", 10, "1"},
           Row{"1:3", 10, "1:3"},
           Row{"3:1", 10, "1:3"},
           Row{"*", 10, "10"},
           Row{"*:8", 10, "8:10"},
           Row{"2,4:7,9,12:*", 15, "2,4:7,9,12:15"},
           Row{"5:*", 3, "3:5"},
           Row{"1:3,2:5,6", 10, "1:6"},
           Row{"9,1,5", 10, "1,5,9"},
           Row{"*", 0, ""},
           Row{"1:*", 0, "1"},
           Row{"4294967295", 10, "4294967295"},
           Row{"1:4294967295", 10, "1:4294967295"},
       }) {
    SCOPED_TRACE(text);
    const auto set = SequenceSet::parse(text);
    ASSERT_TRUE(set);
    EXPECT_EQ(set->resolve(highest).print(), meant);
    EXPECT_EQ(SequenceSet::parse(set->print()), set);
  }
}

TEST(SequenceSet, RefusesWhatIsNone) {
  for (const char* text :
       {"", ",", "1,", ",1", "0", "1:", ":1", "1:2:3", "a", "1a", "4294967296", "-1", "1 2", "**", "+1"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(SequenceSet::parse(text));
  }
}

TEST(NumberSet, KeepsRangesSortedAndApart) {
  NumberSet set;
  for (const std::uint32_t n : {5U, 6U, 7U, 10U, 1U, 2U, 9U, 8U}) set.add(n);
  EXPECT_EQ(set.print(), "1:2,5:10");
  EXPECT_EQ(set.count(), 8U);
  EXPECT_TRUE(set.contains(9));
  EXPECT_FALSE(set.contains(3));
  EXPECT_FALSE(set.contains(11));
  EXPECT_FALSE(set.contains(0));
}

}  // namespace pennypost::imap
