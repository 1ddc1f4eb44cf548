// Loading and renewal of scripts on a folder of files.
#include "server/filter/rule_set.h"

#include <atomic>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>

#include "ruleinterp/compile.h"
#include "server/base/test_folder.h"

namespace pennypost::filter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RuleSetTest : public testing::Test {
 protected:
  void file(const std::string& name, const std::string& text) {
    std::ofstream{folder_ / name, std::ios::binary} << text;
  }
  static void a_second_later() { std::this_thread::sleep_for(std::chrono::milliseconds{1100}); }

  TestFolder test_folder_;
  const std::filesystem::path& folder_ = test_folder_.path();
  std::vector<std::string> told_;
};

TEST(DefaultRules, AreReadWithoutAnyProblemAndEachRuleIsUsed) {
  ruleinterp::ScriptTexts source;
  std::string all;
  for (const auto& rule : default_rules()) {
    source.set(rule.name, rule.text);
    all += rule.text;
  }
  const auto compiled = ruleinterp::compile_from(source);
  for (const auto& problem : compiled.problems) ADD_FAILURE() << ruleinterp::describe(problem);
  ASSERT_TRUE(compiled.program);
  for (const auto& rule : compiled.program->rules)
    EXPECT_THAT(all, HasSubstr("[" + rule.name + "]")) << "defined and never used";
}

TEST_F(RuleSetTest, UnknownWordsOfAScriptThatRunsAreToldOnceALoad) {  // spec 10 section 5
  file("spamrules.txt", "Frobnicate 1\n${a} = Frob 1\nAddHeader \"X-A: ${b}\"\n");
  std::vector<bool> refused;
  RuleSet rules{folder_, [&](const RuleSet::Report& report) {
                  told_.push_back(report.problems);
                  refused.push_back(report.is_refused);
                }};
  EXPECT_TRUE(rules.program());
  EXPECT_TRUE(rules.program());
  EXPECT_THAT(refused, ElementsAre(false));
  EXPECT_THAT(told_, ElementsAre(testing::AllOf(HasSubstr("spamrules.txt:1:1: warning: the statement Frobnicate"),
                                                HasSubstr("spamrules.txt:2:8: warning: the function Frob"),
                                                testing::Not(HasSubstr("never set")))));
}

TEST_F(RuleSetTest, EverybodyGetsTheProgramOfTheFirstLoad) {
  EXPECT_TRUE(install_default_rules(folder_).ok());
  RuleSet rules{folder_, {}};
  std::atomic<int> with = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      if (rules.program()) ++with;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(with, 8);
}

TEST_F(RuleSetTest, ACorrectedIncludeOfARefusedScriptIsNoticedWhateverItsNameIs) {
  file("spamrules.txt", "Include own.inc\n");
  file("own.inc", "If 1 = 1\n");
  RuleSet rules{folder_, [&](const RuleSet::Report& report) { told_.push_back(report.problems); }};
  EXPECT_FALSE(rules.program());
  EXPECT_THAT(told_, ElementsAre(HasSubstr("own.inc")));
  a_second_later();
  EXPECT_FALSE(rules.program());
  EXPECT_THAT(told_, SizeIs(1)) << "once";
  file("own.inc", "If 1 = 1\nEndIf\n");
  a_second_later();
  ASSERT_TRUE(rules.program());
  file("own.inc", "If 2 = 2\n");
  a_second_later();
  EXPECT_TRUE(rules.program()) << "the one before";
  EXPECT_THAT(told_, SizeIs(2));
  file("own.inc", "${a} = 1\n${b} = 2\n");
  a_second_later();
  EXPECT_THAT(rules.program()->variables, SizeIs(testing::Ge(2U)));
}

TEST_F(RuleSetTest, AnIncludeThatWasMissingIsNoticedWhenItComes) {
  file("spamrules.txt", "Include sub/own.inc\n");
  RuleSet rules{folder_, {}};
  const auto without = rules.program();
  ASSERT_TRUE(without);
  EXPECT_THAT(without->files, SizeIs(1));
  std::filesystem::create_directory(folder_ / "sub");
  file("sub/own.inc", "${a} = 1\n");
  a_second_later();
  EXPECT_THAT(rules.program()->files, SizeIs(2));
}

TEST_F(RuleSetTest, ATellerMayAskForTheProgram) {
  file("spamrules.txt", "If 1 = 1\n");
  RuleSet* asked = nullptr;
  RuleSet rules{folder_, [&](const RuleSet::Report& report) {
                  told_.push_back(report.problems);
                  EXPECT_FALSE(asked->program());
                }};
  asked = &rules;
  EXPECT_FALSE(rules.program());
  EXPECT_THAT(told_, SizeIs(1));
}

}  // namespace
}  // namespace pennypost::filter
