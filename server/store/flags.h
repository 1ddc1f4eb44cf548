// Flags of a stored message: the system flags of RFC 3501 2.3.2 as bits (the column messages.messages.flags holds
// the same numbers) and keywords as words. \Recent is not stored: it follows from folders.firstrecent.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace pennypost::store {

enum class Flag : std::uint16_t { seen = 1, answered = 2, flagged = 4, deleted = 8, draft = 16 };

/// A set of system flags.
struct Flags {
  std::uint16_t bits = 0;
  constexpr Flags() = default;
  constexpr Flags(Flag f) : bits{static_cast<std::uint16_t>(f)} {}  // NOLINT: a flag is a set of one
  constexpr explicit Flags(std::uint16_t b) : bits{b} {}
  constexpr bool has(Flag f) const { return (bits & static_cast<std::uint16_t>(f)) != 0; }
  constexpr bool operator==(const Flags&) const = default;
  friend constexpr Flags operator|(Flags a, Flags b) { return Flags{static_cast<std::uint16_t>(a.bits | b.bits)}; }
  friend constexpr Flags operator&(Flags a, Flags b) { return Flags{static_cast<std::uint16_t>(a.bits & b.bits)}; }
  friend constexpr Flags without(Flags a, Flags b) { return Flags{static_cast<std::uint16_t>(a.bits & ~b.bits)}; }
};
constexpr Flags operator|(Flag a, Flag b) { return Flags{a} | Flags{b}; }

/// Keywords of one message, each once, in order of being set; compared without regard to case (RFC 3501 2.3.2).
using Keywords = std::vector<std::string>;

}  // namespace pennypost::store
