#include "server/auth/login_guard.h"

#include <gtest/gtest.h>

namespace pennypost::auth {
namespace {

const Client kHere{.address = "192.0.2.1", .service = "pop3", .is_encrypted = false};
const Client kThere{.address = "192.0.2.2", .service = "imap", .is_encrypted = false};

class Counters : public ::testing::Test {
 protected:
  void fail(const Client& client, std::string_view account, int times) {
    for (int i = 0; i < times; ++i) guard.failed(client, account);
  }
  GuardRules rules;
  LoginCounters::Clock::time_point now = LoginCounters::Clock::now();
  std::string never;
  LoginCounters guard{[this] { return rules; }, [this](std::string_view a) { return a == never; },
                      [this] { return now; }};
};

TEST_F(Counters, TheThirdFailureInARowLocksForThatAddressAlone) {
  fail(kHere, "ann", 2);
  EXPECT_FALSE(guard.is_locked(kHere, "ann"));
  fail(kHere, "ANN", 1);
  EXPECT_TRUE(guard.is_locked(kHere, "Ann")) << "names have no case";
  EXPECT_FALSE(guard.is_locked(kThere, "ann"));
  EXPECT_FALSE(guard.is_locked(kHere, "bob"));
  EXPECT_EQ(guard.locked_addresses("ann"), std::vector<std::string>{"192.0.2.1"});
}

TEST_F(Counters, ASuccessBeforeTheLockStartsTheCountAnew) {
  fail(kHere, "ann", 2);
  guard.succeeded(kHere, "ann");
  fail(kHere, "ann", 2);
  EXPECT_FALSE(guard.is_locked(kHere, "ann"));
}

TEST_F(Counters, ALockEndsByItselfAndAFailureDuringItProlongsIt) {
  fail(kHere, "ann", 3);
  now += Seconds{1799};
  EXPECT_TRUE(guard.is_locked(kHere, "ann"));
  fail(kHere, "ann", 1);
  now += Seconds{1799};
  EXPECT_TRUE(guard.is_locked(kHere, "ann"));
  now += Seconds{2};
  EXPECT_FALSE(guard.is_locked(kHere, "ann"));
  fail(kHere, "ann", 2);
  EXPECT_FALSE(guard.is_locked(kHere, "ann")) << "after the lock the count begins anew";
}

TEST_F(Counters, AnAdministratorUnlocks) {
  fail(kHere, "ann", 3);
  EXPECT_EQ(guard.unlock("ANN"), 1);
  EXPECT_FALSE(guard.is_locked(kHere, "ann"));
}

TEST_F(Counters, TheTenthFailureWithinThePeriodBlocksTheAddressWhateverTheNames) {
  for (int i = 0; i < 9; ++i) guard.failed(kHere, "nobody" + std::to_string(i));
  EXPECT_FALSE(guard.is_blocked(kHere.address));
  guard.succeeded(kHere, "ann");
  guard.failed(kHere, "x");
  EXPECT_TRUE(guard.is_blocked(kHere.address));
  EXPECT_FALSE(guard.is_blocked(kThere.address));
  now += Seconds{1801};
  EXPECT_FALSE(guard.is_blocked(kHere.address));
}

TEST_F(Counters, AFailureOlderThanThePeriodDoesNotCount) {
  guard.failed(kHere, "a");
  now += Seconds{31 * 60};
  for (int i = 0; i < 9; ++i) guard.failed(kHere, "b" + std::to_string(i));
  EXPECT_FALSE(guard.is_blocked(kHere.address));
}

TEST_F(Counters, TheNeverBlockListAndTheMachineItselfAreNotBlocked) {
  never = kHere.address;
  for (int i = 0; i < 20; ++i) {
    guard.failed(kHere, "a" + std::to_string(i));
    guard.failed({.address = "127.0.0.1", .service = "smtp"}, "a" + std::to_string(i));
  }
  EXPECT_FALSE(guard.is_blocked(kHere.address));
  EXPECT_FALSE(guard.is_blocked("127.0.0.1"));
}

TEST_F(Counters, WebmailOnTheMachineItselfIsLockedOnlyWhenTheOptionIsOn) {
  const Client web{.address = "127.0.0.1", .service = "http", .is_encrypted = false};
  fail(web, "ann", 5);
  EXPECT_FALSE(guard.is_locked(web, "ann"));
  rules.lock_web_on_loopback = true;
  fail(web, "ann", 3);
  EXPECT_TRUE(guard.is_locked(web, "ann"));
}

TEST_F(Counters, AFloodOfNamesTakesBoundedMemoryAndKeepsTheLocks) {
  fail(kThere, "ann", 3);
  for (int i = 0; i < kGuardEntries.most + 10; ++i) {
    guard.failed({.address = "10.0.0.1", .service = "smtp"}, "name" + std::to_string(i));
  }
  EXPECT_TRUE(guard.is_locked(kThere, "ann"));
}

}  // namespace
}  // namespace pennypost::auth
