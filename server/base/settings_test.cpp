// The settings table: what values are read as, and that its manual is the printed one.
#include "server/base/settings.h"

#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace pennypost {
namespace {

TEST(Settings, AValueThatMakesNoSenseGivesTheDefaultAndOneOutOfRangeTheNearerEnd) {
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::int64_t>>{{"12", 12},
                                                                                        {" 12 ", 12},
                                                                                        {"0", 1},
                                                                                        {"99999", 1000},
                                                                                        {"", 30},
                                                                                        {"x", 30},
                                                                                        {"12x", 30},
                                                                                        {"99999999999999999999", 30}}) {
    const SettingsSnapshot s{{{"MAXHOPS", text}}};
    EXPECT_EQ(s.get(kMaxHops), expected) << text;
  }
}

TEST(Settings, SwitchesAreReadAsPeopleWriteThem) {
  for (const auto& [text, expected] : std::vector<std::pair<std::string, bool>>{{"1", true},
                                                                                {"Yes", true},
                                                                                {"on", true},
                                                                                {"TRUE", true},
                                                                                {"0", false},
                                                                                {"off", false},
                                                                                {"perhaps", false}}) {
    const SettingsSnapshot s{{{"RecoverablePasswords", text}}};
    EXPECT_EQ(s.get(kRecoverablePasswords), expected) << text;
  }
}

TEST(Settings, EveryRowHasANameOfItsOwnASentenceAndADefaultThatItAccepts) {
  std::set<std::string, NoCaseLess> names;
  for (const auto& row : all_settings()) {
    SCOPED_TRACE(row.key);
    EXPECT_TRUE(names.insert(std::string{row.key}).second);
    EXPECT_TRUE(row.says.ends_with('.'));
    EXPECT_FALSE(row.spec.empty());
    EXPECT_FALSE(objection(row, row.fallback).has_value());
    EXPECT_EQ(find_setting(row.key), &row);
  }
}

TEST(Settings, AnObjectionSaysWhatIsNeeded) {
  EXPECT_EQ(objection(*find_setting("maxhops"), "many"), "MaxHops: a number from 1 to 1000 is needed");
  EXPECT_EQ(objection(*find_setting("RecoverablePasswords"), "2"), "RecoverablePasswords: 0 or 1 is needed");
  EXPECT_EQ(find_setting("NoSuchSetting"), nullptr);
}

TEST(Settings, TheManualIsPrintedFromTheTable) {
  const std::string path = std::string{PENNYPOST_TESTDATA} + "/../docs/settings.md";
  std::ifstream in{path};
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), settings_manual()) << "run: pennypost settings manual > docs/settings.md";
}

}  // namespace
}  // namespace pennypost
