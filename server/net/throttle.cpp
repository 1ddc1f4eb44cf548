// The token bucket. Needs a steady clock from its caller; cannot fail.
#include "server/net/throttle.h"

#include <algorithm>
#include <cmath>

namespace pennypost::net {

Throttle::Throttle(Octets per_second)
    : rate_{std::max(per_second, Octets{1})}, held_{static_cast<double>(rate_.count)} {}

void Throttle::fill(Time at) {
  if (filled_ == Time{}) filled_ = at;
  if (at <= filled_) return;
  const std::chrono::duration<double> passed = at - filled_;
  held_ = std::min(held_ + passed.count() * static_cast<double>(rate_.count), static_cast<double>(rate_.count));
  filled_ = at;
}

Octets Throttle::grant(Octets wanted, Time at) {
  const std::lock_guard lock{mutex_};
  fill(at);
  const auto whole = static_cast<std::int64_t>(std::floor(held_));
  const Octets granted{std::clamp<std::int64_t>(wanted.count, 0, std::max<std::int64_t>(whole, 0))};
  held_ -= static_cast<double>(granted.count);
  return granted;
}

void Throttle::give_back(Octets unused) {
  const std::lock_guard lock{mutex_};
  held_ = std::min(held_ + static_cast<double>(unused.count), static_cast<double>(rate_.count));
}

std::chrono::milliseconds Throttle::wait_for_some(Time at) {
  const std::lock_guard lock{mutex_};
  fill(at);
  // A twentieth of a second's worth at once, so that many small waits do not cost more than the transfer.
  const double enough = std::max(1.0, static_cast<double>(rate_.count) / 20);
  if (held_ >= enough) return std::chrono::milliseconds{0};
  return std::chrono::milliseconds{
      static_cast<std::int64_t>(std::ceil((enough - held_) / static_cast<double>(rate_.count) * 1000))};
}

}  // namespace pennypost::net
