// Renewal: who asks during the first look waits for it, later ones get the value before; a look that throws is no end.
#include "server/filter/renewed.h"

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pennypost::filter {
namespace {

using Number = Renewed<int>;
using std::chrono_literals::operator""ms;

TEST(Renewed, NobodyGetsNothingWhileTheFirstLookIsStillGoingOn) {
  Number number;
  std::atomic<int> looks = 0, right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      const auto value = number.get([&] {
        ++looks;
        std::this_thread::sleep_for(100ms);
        return std::make_shared<const int>(7);
      });
      if (value && *value == 7) ++right;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 8);
  EXPECT_EQ(looks, 1);
}

TEST(Renewed, WhoAsksDuringALaterLookGetsTheValueBefore) {
  Number number;
  number.get([] { return std::make_shared<const int>(1); });
  std::this_thread::sleep_for(1000ms);
  std::promise<void> looking, go_on;
  std::thread slow{[&] {
    number.get([&] {
      looking.set_value();
      go_on.get_future().wait();
      return std::make_shared<const int>(2);
    });
  }};
  looking.get_future().wait();
  EXPECT_EQ(*number.get([]() -> Number::Value { throw std::logic_error("two look"); }), 1);
  go_on.set_value();
  slow.join();
  EXPECT_EQ(*number.get([]() -> Number::Value { throw std::logic_error("too early"); }), 2);
}

TEST(Renewed, ALookThatThrowsLetsTheNextOneLook) {
  Number number;
  std::promise<void> looking;
  std::thread failing{[&] {
    EXPECT_THROW(number.get([&]() -> Number::Value {
      looking.set_value();
      std::this_thread::sleep_for(50ms);
      throw std::runtime_error("no memory");
    }),
                 std::runtime_error);
  }};
  looking.get_future().wait();
  EXPECT_EQ(*number.get([] { return std::make_shared<const int>(3); }), 3) << "who waited looks himself";
  failing.join();
}

TEST(Renewed, ALookThatFindsNothingIsNotRepeatedAtOnceAndKeepsTheValueBefore) {
  Number number;
  int looks = 0;
  const auto nothing = [&]() -> Number::Value {
    ++looks;
    return nullptr;
  };
  EXPECT_EQ(number.get(nothing), nullptr);
  EXPECT_EQ(number.get(nothing), nullptr);
  EXPECT_EQ(looks, 1);
  std::this_thread::sleep_for(1000ms);
  EXPECT_EQ(*number.get([] { return std::make_shared<const int>(4); }), 4);
  std::this_thread::sleep_for(1000ms);
  EXPECT_EQ(*number.get(nothing), 4);
}

}  // namespace
}  // namespace pennypost::filter
