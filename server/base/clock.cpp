// The time of day, real or a test's. Needs the system's clock; nothing can go wrong.
#include "server/base/clock.h"

#include <atomic>

namespace pennypost {
namespace {
constexpr std::int64_t kReal = INT64_MIN;
std::atomic<std::int64_t> tests_time{kReal};  // microseconds since 1970
}  // namespace

Timestamp now() {
  const std::int64_t set = tests_time.load(std::memory_order_relaxed);
  if (set != kReal) return Timestamp{std::chrono::microseconds{set}};
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

TestClock::TestClock(Timestamp start) { set(start); }
TestClock::~TestClock() { tests_time = kReal; }
void TestClock::set(Timestamp t) { tests_time = t.time_since_epoch().count(); }
void TestClock::advance(std::chrono::microseconds by) { tests_time += by.count(); }

}  // namespace pennypost
