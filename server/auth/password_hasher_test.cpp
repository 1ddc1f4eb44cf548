#include "server/auth/password_hasher.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pennypost::auth {
namespace {

constexpr HashCost kCheap{.memory = 1_MiB, .passes = 1, .at_once = 2, .wait = Seconds{20}};

TEST(PasswordHasher, TheRightPasswordAloneFits) {
  PasswordHasher hasher{kCheap};
  const auto stored = hasher.hash("s3cret");
  ASSERT_TRUE(stored);
  EXPECT_TRUE(stored->starts_with("$argon2id$"));
  struct Row {
    std::string_view password;
    bool fits;
  };
  for (const auto& [password, fits] : {Row{"s3cret", true}, Row{"S3cret", false}, Row{"s3cret ", false}, Row{"", false},
                                       Row{std::string_view{"s3cret\0", 7}, false}}) {
    const auto answer = hasher.verify(*stored, password);
    ASSERT_TRUE(answer);
    EXPECT_EQ(*answer, fits) << password;
  }
}

TEST(PasswordHasher, NobodyAndBrokenHashesFitNoPassword) {
  PasswordHasher hasher{kCheap};
  for (const char* stored : {"", "$argon2id$", "plain text", "$argon2id$v=19$m=65536,t=2,p=1$AAAA$AAAA"}) {
    const auto answer = hasher.verify(stored, stored);
    ASSERT_TRUE(answer);
    EXPECT_FALSE(*answer) << stored;
  }
}

TEST(PasswordHasher, NobodyTakesAsLongAsSomebody) {
  PasswordHasher hasher{HashCost{.memory = 8_MiB, .passes = 2, .at_once = 2}};
  const auto stored = hasher.hash("s3cret");
  ASSERT_TRUE(stored);
  const auto time_of = [&](const std::string& hash) {
    auto best = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 5; ++i) {
      const auto began = std::chrono::steady_clock::now();
      EXPECT_TRUE(hasher.verify(hash, "wrong"));
      best = std::min(best, std::chrono::steady_clock::now() - began);
    }
    return std::chrono::duration<double>(best).count();
  };
  const double nobody = time_of("");
  const double somebody = time_of(*stored);
  EXPECT_GT(nobody, somebody / 4)
      << "an unknown account answers tellingly fast";  // a missing hash is 1000 times faster
}

TEST(PasswordHasher, AFullHouseIsSaidToBeFullNotWrong) {
  PasswordHasher hasher{HashCost{.memory = 64_MiB, .passes = 20, .at_once = 1, .wait = Seconds{0}}};
  const auto stored = hasher.hash("s3cret");
  ASSERT_TRUE(stored);
  std::atomic<int> right{0};
  std::atomic<int> busy{0};
  std::vector<std::jthread> storm;
  for (int i = 0; i < 4; ++i) {
    storm.emplace_back([&] {
      const auto answer = hasher.verify(*stored, "s3cret");
      if (answer && *answer) ++right;
      if (!answer && answer.error().kind == Kind::unavailable) ++busy;
    });
  }
  storm.clear();
  EXPECT_EQ(right + busy, 4);
  EXPECT_GE(right, 1);
}

TEST(ProvenLogins, RemembersForAWhileAndForgetsWithThePassword) {
  ProvenLogins proven{2, Seconds{60}};
  const auto now = ProvenLogins::Clock::now();
  EXPECT_FALSE(proven.knows("hash", "s3cret", now));
  proven.remember("hash", "s3cret", now);
  EXPECT_TRUE(proven.knows("hash", "s3cret", now + Seconds{59}));
  EXPECT_FALSE(proven.knows("hash", "s3cret", now + Seconds{60})) << "too old";
  EXPECT_FALSE(proven.knows("hash", "other", now));
  EXPECT_FALSE(proven.knows("new hash", "s3cret", now)) << "the password was changed";
  EXPECT_FALSE(proven.knows("", "s3cret", now));
}

TEST(ProvenLogins, TheOldestGoesWhenThereAreTooMany) {
  ProvenLogins proven{2, Seconds{60}};
  const auto now = ProvenLogins::Clock::now();
  for (const char* who : {"a", "b", "a", "c"}) proven.remember(who, "pw", now);
  EXPECT_TRUE(proven.knows("a", "pw", now)) << "seen again, so younger than b";
  EXPECT_FALSE(proven.knows("b", "pw", now));
  EXPECT_TRUE(proven.knows("c", "pw", now));
}

}  // namespace
}  // namespace pennypost::auth
