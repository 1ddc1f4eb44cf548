#include "server/filter/quarantine_links.h"

#include <gtest/gtest.h>

namespace pennypost::filter {
namespace {

const Timestamp kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24}};
const Timestamp kLater = kNow + std::chrono::hours{24};
const QuarantineLinks kLinks{std::string(32, 'k')};

TEST(QuarantineLinks, ATokenOpensItsOwnMessageUntilItIsOver) {
  const auto token = kLinks.token(QuarantineId{7}, AccountId{3}, kLater);
  EXPECT_EQ(token.size(), 38U);
  EXPECT_EQ(kLinks.check(QuarantineId{7}, token, kNow), AccountId{3});
  EXPECT_EQ(kLinks.check(QuarantineId{8}, token, kNow), std::nullopt);
  EXPECT_EQ(kLinks.check(QuarantineId{7}, token, kLater - std::chrono::seconds{1}), AccountId{3});
  EXPECT_EQ(kLinks.check(QuarantineId{7}, token, kLater), std::nullopt);
  EXPECT_EQ(QuarantineLinks{std::string(32, 'x')}.check(QuarantineId{7}, token, kNow), std::nullopt) << "other key";
}

TEST(QuarantineLinks, EveryChangeOfATokenMakesItWrong) {
  const auto token = kLinks.token(QuarantineId{7}, AccountId{3}, kLater);
  for (std::size_t i = 0; i < token.size(); ++i)
    for (const char c : {'A', 'B', '-', '_', '9', '+', '=', '\0', '\xff'}) {
      auto changed = token;
      if (changed[i] == c) continue;
      changed[i] = c;
      EXPECT_EQ(kLinks.check(QuarantineId{7}, changed, kNow), std::nullopt) << changed;
    }
  for (std::size_t i = 0; i < token.size(); ++i)
    EXPECT_EQ(kLinks.check(QuarantineId{7}, token.substr(0, i), kNow), std::nullopt);
  EXPECT_EQ(kLinks.check(QuarantineId{7}, token + "A", kNow), std::nullopt);
}

TEST(QuarantineLinks, AUrlIsMadeOfTheWebAddressWithOrWithoutItsSlash) {
  const auto token = kLinks.token(QuarantineId{7}, AccountId{3}, kLater);
  for (const char* web : {"https://mail.example.org", "https://mail.example.org/"})
    EXPECT_EQ(kLinks.url(web, QuarantineId{7}, AccountId{3}, kLater),
              "https://mail.example.org/quarantine?id=7&t=" + token);
}

}  // namespace
}  // namespace pennypost::filter
