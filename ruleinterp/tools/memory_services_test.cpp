#include "ruleinterp/tools/memory_services.h"

#include <gmock/gmock.h>

namespace pennypost::ruleinterp {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(MemoryServices, IntervalsAreReadAsPostgresWritesThem) {
  for (const auto& [text, seconds] : {std::pair<const char*, std::optional<double>>{"1 second", 1},
                                      {"5 minutes", 300},
                                      {"2 hours", 7200},
                                      {"1 day 02:30:00", 95400},
                                      {"1 month", 2592000},
                                      {"90", 90},
                                      {"1.5h", 5400},
                                      {"00:01", 60},
                                      {"", {}},
                                      {"soon", {}},
                                      {"5 parsecs", {}}})
    EXPECT_EQ(interval_seconds(text), seconds) << text;
}

TEST(MemoryServices, ListEntriesAreAddressesWildcardsAndExpressions) {
  MemoryLists lists;
  lists.add(List::white, "fred.*@example.com");
  lists.add(List::white, "/^sue\\d@example\\.com$/i");
  lists.add(List::white, "joe@example.com");
  EXPECT_TRUE(lists.contains(List::white, "Joe@Example.COM"));  // 11-21
  EXPECT_TRUE(lists.contains(List::white, "fred.x@example.com"));
  EXPECT_TRUE(lists.contains(List::white, "SUE7@example.com"));
  EXPECT_FALSE(lists.contains(List::white, "xjoe@example.com"));
  EXPECT_FALSE(lists.contains(List::black, "joe@example.com"));
}

TEST(MemoryServices, AZoneFileAnswersWhatStandsInIt) {
  std::vector<Problem> problems;
  ZoneFile zone{
      "# test\nexample.org. MX 10 mx.example.org.\nx.bl.test A 127.0.0.2\nt.test TXT \"v=spf1 -all\"\nbroken A\n",
      "zone", problems};
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].line, 5u);
  const auto answer = zone.start("MX", "Example.ORG")->wait({});
  ASSERT_THAT(answer, SizeIs(1));
  EXPECT_EQ(answer[0].data, "mx.example.org");
  EXPECT_EQ(answer[0].preference, 10);
  EXPECT_EQ(zone.start("TXT", "t.test")->wait({})[0].data, "v=spf1 -all");
  EXPECT_THAT(zone.start("A", "gone.test")->wait({}), IsEmpty());
}

}  // namespace
}  // namespace pennypost::ruleinterp
