// Units as types: a number of octets or seconds never passes for a plain count.
#pragma once
#include <chrono>
#include <compare>
#include <cstdint>

namespace pennypost {

using Seconds = std::chrono::seconds;
using Milliseconds = std::chrono::milliseconds;
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;  ///< UTC; what PostgreSQL's timestamptz holds

/// A number of octets.
struct Octets {
  std::int64_t count = 0;
  constexpr auto operator<=>(const Octets&) const = default;  // NOLINT(modernize-use-nullptr): the check misreads it
  constexpr Octets& operator+=(Octets more) {
    count += more.count;
    return *this;
  }
  friend constexpr Octets operator+(Octets a, Octets b) { return {a.count + b.count}; }
  friend constexpr Octets operator-(Octets a, Octets b) { return {a.count - b.count}; }
  constexpr std::size_t size() const { return static_cast<std::size_t>(count); }
};

inline namespace literals {
constexpr Octets operator""_B(unsigned long long n) { return {static_cast<std::int64_t>(n)}; }
constexpr Octets operator""_KiB(unsigned long long n) { return {static_cast<std::int64_t>(n) * 1024}; }
constexpr Octets operator""_MiB(unsigned long long n) { return {static_cast<std::int64_t>(n) * 1024 * 1024}; }
using namespace std::chrono_literals;  // 5s, 30min
}  // namespace literals

}  // namespace pennypost
