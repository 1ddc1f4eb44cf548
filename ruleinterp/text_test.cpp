#include "ruleinterp/text.h"

#include <array>

#include <gtest/gtest.h>

namespace pennypost::ruleinterp {
namespace {

TEST(Closest, FindsWhatASlipOfTheFingerMeant) {
  constexpr std::array<std::string_view, 6> kWords{"AddBag", "AddHeader", "CopyBag", "ForEach", "If", "IfMatch"};
  struct Row {
    std::string_view written, meant;
  };
  for (const auto& [written, meant] : {Row{"addbga", "AddBag"},           // neighbours changed over
                                       Row{"AdBag", "AddBag"},            // one left out
                                       Row{"ForEEach", "ForEach"},        // one too many
                                       Row{"IFMETCH", "IfMatch"},         // another one
                                       Row{"CpoyBga", "CopyBag"},         // two slips in seven letters
                                       Row{"Fi", "If"},                   // as many as two letters allow
                                       Row{"Reject", ""},                 // far from all
                                       Row{"AddBagHeader", "AddHeader"},  // three too many of twelve
                                       Row{"", ""}}) {                    // nothing is like nothing
    SCOPED_TRACE(written);
    EXPECT_EQ(closest(written, kWords), meant);
  }
}

TEST(Closest, OfTwoEquallyNearTheFirstIsTaken) {
  constexpr std::array<std::string_view, 2> kWords{"abcd", "abce"};
  EXPECT_EQ(closest("abcx", kWords), "abcd");
}

TEST(Closest, LooksAtNoWordThatNobodyTypes) {
  const std::string endless(100'000, 'a');
  const std::array<std::string_view, 2> words{endless, "aaa"};
  EXPECT_EQ(closest(endless, words), "");
  EXPECT_EQ(closest("aab", words), "aaa");
}

}  // namespace
}  // namespace pennypost::ruleinterp
