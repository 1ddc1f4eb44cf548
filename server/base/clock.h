// The time of day. Everything that stores, prints or compares dates asks here, so that a test can set the date; waiting
// and time limits use std::chrono::steady_clock and are not moved by it.
#pragma once
#include <functional>

#include "server/base/units.h"

namespace pennypost {

/// The time of day, UTC, to the microsecond. Any thread.
Timestamp now();

/// As long as it lives, now() gives what a test says. One at a time; made and destroyed on one thread, read by any.
class TestClock {
 public:
  explicit TestClock(Timestamp start);
  ~TestClock();
  TestClock(const TestClock&) = delete;
  TestClock& operator=(const TestClock&) = delete;
  void set(Timestamp t);
  void advance(std::chrono::microseconds by);
};

}  // namespace pennypost
