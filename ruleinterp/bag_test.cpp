// Bags, small and large (spec 10 section 3.4). The statements on them are tested by the cases of testdata/rules/cases.
#include "ruleinterp/bag.h"

#include <deque>
#include <random>
#include <string>

#include <gmock/gmock.h>

#include "ruleinterp/fakes.h"

namespace pennypost::ruleinterp {
namespace {

using ::testing::ElementsAre;

TEST(Bag, KeepsTheOrderAndEveryCopy) {
  Bag bag;
  for (const char* value : {"x", "y", "x", ""}) bag.add(value);
  EXPECT_THAT(Bag::Items(bag.begin(), bag.end()), ElementsAre("x", "y", "x", ""));
  EXPECT_TRUE(bag.contains(""));
  EXPECT_FALSE(bag.contains("X"));
  bag.remove_first("x");
  bag.remove_first("nobody");
  EXPECT_THAT(Bag::Items(bag.begin(), bag.end()), ElementsAre("y", "x", ""));
  bag.remove_all_of(bag);
  EXPECT_EQ(bag.size(), 0u);
}

TEST(Bag, ALargeOneAnswersLikeAPlainListWhateverIsDoneToIt) {
  std::mt19937 random{7};
  std::deque<std::string> texts;
  for (int i = 0; i < 400; ++i) texts.push_back("item " + std::to_string(i));
  Bag bag, other;
  std::vector<std::string_view> list;
  for (int i = 0; i < 100; ++i) other.add(texts[static_cast<std::size_t>(i) * 3]);
  for (int step = 0; step < 20'000; ++step) {
    const std::string_view value = texts[random() % texts.size()];
    const auto found = std::ranges::find(list, value);
    ASSERT_EQ(bag.contains(value), found != list.end());
    switch (random() % 8) {
      case 0:
        bag.remove_first(value);
        if (found != list.end()) list.erase(found);
        break;
      case 1:
        if (step % 500 != 0) break;
        bag.remove_all_of(other);
        std::erase_if(list, [&](std::string_view item) { return other.contains(item); });
        break;
      default:
        bag.add(value);
        list.push_back(value);
        if (list.size() < 1000) break;
        bag.clear();
        list.clear();
    }
    ASSERT_EQ(bag.size(), list.size());
  }
  EXPECT_TRUE(std::ranges::equal(bag, list));
}

TEST(Bag, TwoHundredThousandDifferentItemsOfOneMessageTakeNoTime) {
  // A message can bring as many links as it likes; looking through all of them for each took a minute.
  fakes::Bench bench;
  bench.limits.time = std::chrono::seconds{20};
  const Outcome outcome = bench.run(
      ":top\n${n} += 1\nAddBag unique b \"item ${n}\"\nIf ${n} < 200000\nGoto top\nEndIf\nIfInBag b \"item 77\"\n"
      "${found} = 1\nEndIf\n");
  EXPECT_EQ(outcome.ended, Ended::at_the_end);
  EXPECT_EQ(outcome.bags.at("b").size(), 200'000u);
  EXPECT_EQ(outcome.variables.at("found"), "1");
}

}  // namespace
}  // namespace pennypost::ruleinterp
