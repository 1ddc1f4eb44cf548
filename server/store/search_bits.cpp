// A Bloom filter of trigrams with one hash. Pure functions; any octets are a text.
#include "server/store/search_bits.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace pennypost::store {

namespace {

constexpr std::size_t kTrigram = 3;
constexpr std::size_t kAllBits = 1 << 16;
constexpr std::size_t kFewestBits = 256;

// 16 bits of which all depend on all octets, the low ones too (multiplicative hashing).
std::uint32_t trigram_at(std::string_view text, std::size_t at) {
  const auto octet = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i]));
  };
  return ((octet(0) << 16U | octet(1) << 8U | octet(2)) * 2654435761U) >> 16U;
}

}  // namespace

std::string search_bits(std::string_view text) {
  if (text.size() < kTrigram) return {};
  std::vector<std::uint64_t> words(kAllBits / 64);
  for (std::size_t i = 0; i + kTrigram <= text.size(); ++i) {
    const std::uint32_t bit = trigram_at(text, i);
    words[bit / 64] |= std::uint64_t{1} << bit % 64;
  }
  std::size_t set = 0;
  for (const std::uint64_t word : words) set += static_cast<std::size_t>(std::popcount(word));
  // Folded: bit n of the half is bit n or bit n + half of the whole.
  while (words.size() * 64 / 2 >= std::max(kFewestBits, set * 2)) {
    const std::size_t half = words.size() / 2;
    for (std::size_t i = 0; i < half; ++i) words[i] |= words[half + i];
    words.resize(half);
  }
  std::string bits;
  bits.reserve(words.size() * 8);
  for (const std::uint64_t word : words)
    for (unsigned octet = 0; octet < 8; ++octet) bits += static_cast<char>(word >> 8 * octet & 0xFF);
  return bits;
}

std::optional<std::array<std::int32_t, kProbes>> search_probes(std::string_view needle) {
  if (needle.size() < kTrigram) return std::nullopt;
  const std::size_t last = needle.size() - kTrigram;
  std::array<std::int32_t, kProbes> probes{};
  for (std::size_t i = 0; i < kProbes; ++i)
    probes[i] = static_cast<std::int32_t>(trigram_at(needle, last * i / (kProbes - 1)));
  return probes;
}

}  // namespace pennypost::store
