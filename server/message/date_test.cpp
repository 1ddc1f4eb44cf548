// Dates by the book, as they come, and back.
#include "server/message/date.h"

#include <gtest/gtest.h>

namespace pennypost::message {
namespace {

/// The date in the zone it was written in, or "(none)".
std::string read(std::string_view value) {
  const auto date = parse_date(value);
  return date ? format_date(date->at, date->zone_minutes) : "(none)";
}

struct Row {
  const char* in;
  const char* out;
};

TEST(Dates, AreReadInManyForms) {
  for (const auto& [in, out] : {
           Row{"Mon, 23 Nov 2026 23:43:52 +0000", "Mon, 23 Nov 2026 23:43:52 +0000"},
           Row{" 23 Nov 2026 23:43 -0330\r\n", "Mon, 23 Nov 2026 23:43:00 -0330"},
           Row{"Thu,\r\n 13\r\n  Feb\r\n 1969\r\n 23:32\r\n -0330 (Newfoundland Time)",
               "Thu, 13 Feb 1969 23:32:00 -0330"},
           Row{"21 Nov 97 09:55:06 GMT", "Fri, 21 Nov 1997 09:55:06 +0000"},
           Row{"26 Aug 76 14:29 EDT", "Thu, 26 Aug 1976 14:29:00 -0400"},
           Row{"1 Jan 49 00:00:00 UT", "Fri, 1 Jan 2049 00:00:00 +0000"},
           Row{"1 Jan 50 00:00:00 Z", "Sun, 1 Jan 1950 00:00:00 +0000"},
           Row{"1 Jan 103 00:00:00 +0000", "Wed, 1 Jan 2003 00:00:00 +0000"},
           Row{"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "Fri, 21 Nov 1997 09:55:06 -0600"},
           Row{"Thu Aug 22 18:26:25 2002", "Thu, 22 Aug 2002 18:26:25 +0000"},
           Row{"Thu Aug 22 18:26:25 EDT 2002", "Thu, 22 Aug 2002 18:26:25 -0400"},
           Row{"Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 +0000"},
           Row{"2026-11-23T10:00:00Z", "Mon, 23 Nov 2026 10:00:00 +0000"},
           Row{"2026-11-23 10:00:00.123 +01:00", "Mon, 23 Nov 2026 10:00:00 +0100"},
           Row{"23 November 2026 3:04:05 pm +0000", "Mon, 23 Nov 2026 15:04:05 +0000"},
           Row{"23 Nov 2026 12:30 AM", "Mon, 23 Nov 2026 00:30:00 +0000"},
           Row{"Nov 23, 2026", "Mon, 23 Nov 2026 00:00:00 +0000"},
           Row{"11/23/2026 08:00", "Mon, 23 Nov 2026 08:00:00 +0000"},
           Row{"23/11/2026 08:00", "Mon, 23 Nov 2026 08:00:00 +0000"},
           Row{"Mon, 23 Nov 2026 10:00:00 CET", "Mon, 23 Nov 2026 10:00:00 +0100"},
           Row{"Mon, 23 Nov 2026 10:00:00 GMT+0200", "Mon, 23 Nov 2026 10:00:00 +0200"},
           Row{"Mon, 23 Nov 2026 10:00:00 +2", "Mon, 23 Nov 2026 10:00:00 +0200"},
           Row{"Mon, 23 Nov 2026 10:00:00 XYZ", "Mon, 23 Nov 2026 10:00:00 +0000"},
           Row{"Mon, 23 Nov 2026 10:00:00 A", "Mon, 23 Nov 2026 10:00:00 +0000"},
           Row{"Sat, 31 Dec 2016 23:59:60 +0000", "Sun, 1 Jan 2017 00:00:00 +0000"},
           Row{"29 Feb 2024 00:00 +0000", "Thu, 29 Feb 2024 00:00:00 +0000"},
           Row{"Mon, 23 Nov 2026 10:00:00 +9959", "Mon, 23 Nov 2026 10:00:00 +9959"},
       }) {
    EXPECT_EQ(read(in), out) << in;
  }
}

TEST(Dates, ThatDoNotExistAreNone) {
  for (const char* in :
       {"", "x", "29 Feb 2023 00:00", "31 Apr 2026", "0 Jan 2026", "23 Nov", "Nov 2026", "23 Foo 2026",
        "23 Nov 2026 24:00", "23 Nov 2026 10:60", "23 Nov 99999999999999999999", "((((", "Mon,,,,", "1 Jan 0"}) {
    if (std::string_view{in} == "1 Jan 0") {
      EXPECT_EQ(read(in), "Sat, 1 Jan 2000 00:00:00 +0000");
    } else {
      EXPECT_EQ(read(in), "(none)") << in;
    }
  }
}

TEST(Dates, OfEveryDayOfTwoCenturiesReadBack) {
  for (Timestamp at = std::chrono::sys_days{std::chrono::year{1950} / 1 / 1};
       at < std::chrono::sys_days{std::chrono::year{2150} / 1 / 1};
       at += std::chrono::hours{37} + std::chrono::seconds{1001}) {
    for (const int zone : {0, 60, -210, 765}) {
      const auto date = parse_date(format_date(at, zone));
      ASSERT_TRUE(date);
      ASSERT_EQ(date->at, at);
      ASSERT_EQ(date->zone_minutes, zone);
      ASSERT_EQ(parse_internal_date(format_internal_date(at, zone)), date);
    }
  }
}

TEST(Dates, OfImapAreReadStrictly) {
  const auto at = parse_internal_date(" 1-Nov-2026 10:00:00 +0100");
  ASSERT_TRUE(at);
  EXPECT_EQ(format_internal_date(at->at, 60), " 1-Nov-2026 10:00:00 +0100");
  EXPECT_EQ(parse_internal_date("01-nov-2026 10:00:00 +0100"), at);
  EXPECT_EQ(parse_internal_date("1-Nov-2026 10:00:00 +0100"), at);
  for (const char* bad : {"", "1 Nov 2026 10:00:00 +0100", "01-Nov-2026 10:00:00", "01-Nov-2026T10:00:00 +0100",
                          "01-Nov-26 10:00:00 +0100", "32-Nov-2026 10:00:00 +0100", "01-Nov-2026 10:00:00 +0100 ",
                          "01-Nov-2026 25:00:00 +0100"}) {
    EXPECT_FALSE(parse_internal_date(bad)) << bad;
  }
}

}  // namespace
}  // namespace pennypost::message
