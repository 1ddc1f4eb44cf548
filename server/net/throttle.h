// A limit on octets a second (bandwidth settings; spec 20 section 15: one limit for a connection, or a pool that
// several share). A bucket that fills at the rate and holds one second's worth.
#pragma once
#include <chrono>
#include <mutex>

#include "server/base/units.h"

namespace pennypost::net {

/// Any number of connections may share one. Any thread.
class Throttle {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// `per_second` below 1 is taken as 1.
  explicit Throttle(Octets per_second);
  /// How much may be moved now, at most `wanted`; 0 when the caller must wait first (see `wait_for_some`).
  Octets grant(Octets wanted, Time at);
  /// Gives back what was granted and not used.
  void give_back(Octets unused);
  /// How long until something is granted again; zero when it is now.
  std::chrono::milliseconds wait_for_some(Time at);
  Octets per_second() const { return rate_; }

 private:
  void fill(Time at);
  const Octets rate_;
  std::mutex mutex_;
  double held_;
  Time filled_{};
};

}  // namespace pennypost::net
