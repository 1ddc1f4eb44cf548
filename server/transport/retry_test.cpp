#include "server/transport/retry.h"

#include <gtest/gtest.h>

namespace pennypost::transport {
namespace {

const RetryRules kRules{
    .first = Seconds{900}, .longest = Seconds{14'400}, .warn_after = Seconds{86'400}, .lifetime = Seconds{259'200}};
const Timestamp kCreated{std::chrono::hours{480'000}};

store::QueuedMessage message() {
  store::QueuedMessage m;
  m.return_path = "a@example.com";
  m.created = kCreated;
  return m;
}
store::QueuedRecipient recipient(int attempts = 0, std::string notify = "") {
  store::QueuedRecipient r;
  r.attempts = attempts;
  r.notify = std::move(notify);
  return r;
}

TEST(Retry, TheWaitDoublesUpToTheLongest) {
  struct Row {
    int attempts;
    int wait;
  };
  for (const auto& [attempts, wait] : {Row{0, 900}, Row{1, 1800}, Row{2, 3600}, Row{3, 7200}, Row{4, 14'400},
                                       Row{5, 14'400}, Row{1'000'000, 14'400}}) {
    EXPECT_EQ(next_try(kRules, message(), recipient(attempts), kCreated) - kCreated, Seconds{wait}) << attempts;
  }
}

TEST(Retry, TheLastAttemptComesAtTheEndOfTheLifetime) {
  const Timestamp late = kCreated + kRules.lifetime - Seconds{100};
  EXPECT_EQ(next_try(kRules, message(), recipient(9), late), kCreated + kRules.lifetime);
  EXPECT_FALSE(is_given_up(kRules, message(), recipient(9), late));
  EXPECT_TRUE(is_given_up(kRules, message(), recipient(9), kCreated + kRules.lifetime));
}

TEST(Retry, AnAdministratorMayMakeAnyTryTheLast) {
  store::QueuedRecipient r = recipient();
  r.is_last_try = true;
  EXPECT_TRUE(is_given_up(kRules, message(), r, kCreated));
}

TEST(Retry, TheSenderIsWarnedOnceAndOnlyWhenHeWants) {
  const Timestamp late = kCreated + kRules.warn_after;
  EXPECT_TRUE(is_warning_due(kRules, message(), recipient(), late));
  EXPECT_FALSE(is_warning_due(kRules, message(), recipient(), late - Seconds{1}));
  EXPECT_TRUE(is_warning_due(kRules, message(), recipient(0, "failure,DELAY"), late));
  EXPECT_FALSE(is_warning_due(kRules, message(), recipient(0, "FAILURE"), late));
  EXPECT_FALSE(is_warning_due(kRules, message(), recipient(0, "NEVER"), late));
  store::QueuedRecipient warned = recipient();
  warned.is_warned = true;
  EXPECT_FALSE(is_warning_due(kRules, message(), warned, late));
  store::QueuedMessage bounce = message();
  bounce.return_path.clear();
  EXPECT_FALSE(is_warning_due(kRules, bounce, recipient(), late));
  RetryRules never = kRules;
  never.warn_after = Seconds{0};
  EXPECT_FALSE(is_warning_due(never, message(), recipient(), late));
}

TEST(Retry, WithoutNotifyFailuresAreReportedAndSuccessIsNot) {
  EXPECT_TRUE(wants(recipient(), "FAILURE"));
  EXPECT_FALSE(wants(recipient(), "SUCCESS"));
  EXPECT_TRUE(wants(recipient(0, "SUCCESS"), "SUCCESS"));
  EXPECT_FALSE(wants(recipient(0, "SUCCESS"), "FAILURE"));
  EXPECT_FALSE(wants(recipient(0, "NEVER"), "FAILURE"));
}

}  // namespace
}  // namespace pennypost::transport
