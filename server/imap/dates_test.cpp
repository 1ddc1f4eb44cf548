#include "server/imap/dates.h"

#include <gtest/gtest.h>

namespace pennypost::imap {

namespace {
std::string printed(Timestamp when) {
  std::string out;
  print_date_time(out, when);
  return out;
}
}  // namespace

TEST(DateTime, IsKeptAsTheInstant) {
  struct Row {
    const char* text;
    const char* utc;
  };
  for (const auto& [text, utc] : {
           Row{"17-Jul-1996 02:44:25 -0700", "17-Jul-1996 09:44:25 +0000"},
           Row{" 1-Jan-2020 00:30:00 +0100", "31-Dec-2019 23:30:00 +0000"},
           Row{"1-Jan-2020 00:30:00 +0000", "01-Jan-2020 00:30:00 +0000"},
           Row{"29-Feb-2024 23:59:60 +0000", "29-Feb-2024 23:59:59 +0000"},
           Row{"01-JAN-1969 00:00:00 +0000", "01-Jan-1969 00:00:00 +0000"},
       }) {
    SCOPED_TRACE(text);
    const auto when = parse_date_time(text);
    ASSERT_TRUE(when);
    EXPECT_EQ(printed(*when), utc);
    EXPECT_EQ(parse_date_time(printed(*when)), when);
  }
}

TEST(DateTime, RefusesWhatIsNoneOfTheCalendar) {
  for (const char* text :
       {"", "17-Jul-1996", "32-Jan-2020 00:00:00 +0000", "29-Feb-2023 00:00:00 +0000", "01-Foo-2020 00:00:00 +0000",
        "01-Jan-2020 24:00:00 +0000", "01-Jan-2020 00:00:00 0000", "01-Jan-20 00:00:00 +0000",
        "01-Jan-2020 00:00:00 +0000 ", "01-Jan-2020T00:00:00 +0000", "ab-Jan-2020 00:00:00 +0000"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_date_time(text));
  }
}

TEST(SearchDay, IsReadAndPrintedBack) {
  for (const char* text : {"1-Feb-1994", "31-Dec-2020", "9-Jan-2001"}) {
    SCOPED_TRACE(text);
    const auto day = parse_day(text);
    ASSERT_TRUE(day);
    EXPECT_EQ(print_day(*day), text);
  }
  EXPECT_EQ(parse_day("01-feb-1994"), parse_day("1-Feb-1994"));
  for (const char* text : {"", "1-Feb", "1-Feb-94", "30-Feb-2020", "-Feb-2020", "1-Feb-20201", "001-Feb-2020"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_day(text));
  }
}

}  // namespace pennypost::imap
