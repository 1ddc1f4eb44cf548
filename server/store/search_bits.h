// Which texts cannot hold what is searched for, by a few bits a text: each run of three octets (a trigram) has a bit, a
// text has the bits of all its trigrams, and so those of every part of it.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pennypost::store {

/// The bits of a text, as PostgreSQL's get_bit counts them: a power of two of octets, at most 8 KiB, so many that about
/// a third of the bits is set (1 KiB for 10 KiB of prose). Empty for a text of less than three octets.
std::string search_bits(std::string_view text);

/// Trigrams of a needle as numbers of 16 bits, some of many and some twice when there are few; number n is bit
/// `n & (bits - 1)` of a text's. None when the needle is too short to have one.
inline constexpr std::size_t kProbes = 4;
std::optional<std::array<std::int32_t, kProbes>> search_probes(std::string_view needle);

}  // namespace pennypost::store
