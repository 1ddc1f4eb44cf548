#include "server/base/limits.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pennypost {
namespace {

TEST(Limits, EveryDeclaredOneIsListedOnceUnderAFoldersName) {
  std::ifstream header{std::filesystem::path{PENNYPOST_TESTDATA}.parent_path() / "server/base/limits.h"};
  ASSERT_TRUE(header);
  std::size_t declared = 0;
  for (std::string line; std::getline(header, line);)
    if (line.starts_with("inline constexpr Limit<")) ++declared;
  EXPECT_EQ(all_limits().size(), declared) << "a limit of limits.h is missing in limits.cpp";
  std::set<std::string_view> names;
  for (const LimitRow& limit : all_limits()) {
    SCOPED_TRACE(limit.name);
    EXPECT_TRUE(names.insert(limit.name).second);
    EXPECT_NE(limit.name.find('.'), std::string_view::npos);
    EXPECT_FALSE(limit.source.empty());
  }
}

TEST(Limits, APassedOneIsNamedInTheLogAndNotToTheClient) {
  const Error e = passed(kNetLookAhead, "line too long");
  EXPECT_EQ(e.kind, Kind::too_large);
  EXPECT_EQ(e.for_client, "line too long");
  EXPECT_EQ(e.for_log, "limit passed: net.look_ahead");
}

TEST(Limits, ThePageShowsUnits) {
  EXPECT_THAT(limits_page(), testing::HasSubstr("| `net.look_ahead` | 256 KiB | "));
  EXPECT_THAT(limits_page(), testing::HasSubstr("| `net.write_time` | 300 s | "));
}

TEST(Limits, TheManualIsPrintedFromTheTable) {
  std::ifstream in{std::string{PENNYPOST_TESTDATA} + "/../docs/limits.md"};
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), limits_page()) << "run: pennypost settings limits > docs/limits.md";
}

}  // namespace
}  // namespace pennypost
