#include "server/store/search_bits.h"

#include <random>

#include <gtest/gtest.h>

namespace pennypost::store {
namespace {

bool may_hold(std::string_view bits, std::string_view needle) {
  const auto probes = search_probes(needle);
  if (!probes || bits.empty()) return true;
  for (const std::int32_t probe : *probes) {
    const std::size_t bit = static_cast<std::size_t>(probe) & (bits.size() * 8 - 1);
    if ((static_cast<unsigned char>(bits[bit / 8]) >> bit % 8 & 1) == 0) return false;
  }
  return true;
}

std::string letters(std::mt19937& random, std::size_t count) {
  std::string text;
  while (text.size() < count) text += random() % 6 == 0 ? ' ' : static_cast<char>('a' + random() % 26);
  return text;
}

TEST(SearchBits, NoPartOfATextIsEverMissed) {
  std::mt19937 random{3};
  for (const std::size_t size : {3UL, 10UL, 100UL, 5'000UL, 200'000UL}) {
    std::string text = letters(random, size);
    for (std::size_t i = 0; i < size; i += 50) text[i] = static_cast<char>(random());
    const std::string bits = search_bits(text);
    for (int i = 0; i < 2'000; ++i) {
      const std::size_t at = random() % size;
      const std::string_view part = std::string_view{text}.substr(at, 1 + random() % 40);
      ASSERT_TRUE(may_hold(bits, part)) << size << ' ' << part;
    }
  }
}

TEST(SearchBits, MostOfWhatATextDoesNotHoldIsToldByThem) {
  std::mt19937 random{4};
  for (const std::size_t size : {200UL, 1'000UL, 4'000UL}) {
    const std::string text = letters(random, size);
    const std::string bits = search_bits(text);
    int wrong = 0;
    for (int i = 0; i < 1'000; ++i) {
      const std::string word = letters(random, 8);
      wrong += text.find(word) == std::string::npos && may_hold(bits, word) ? 1 : 0;
    }
    EXPECT_LT(wrong, 100) << size;
  }
}

TEST(SearchBits, TheirNumberFitsTheText) {
  EXPECT_EQ(search_bits(""), "");
  EXPECT_EQ(search_bits("ab"), "");
  EXPECT_EQ(search_bits("abc").size(), 32U);
  EXPECT_EQ(search_bits(std::string(100'000, 'a')).size(), 32U);
  std::mt19937 random{5};
  EXPECT_EQ(search_bits(letters(random, 2'000)).size(), 512U);
  std::string octets(1'000'000, '\0');
  for (char& octet : octets) octet = static_cast<char>(random());
  EXPECT_EQ(search_bits(octets).size(), 8'192U);
}

TEST(SearchBits, AShortNeedleHasNoProbesAndOneOfThreeOctetsHasOneFourTimes) {
  EXPECT_FALSE(search_probes("ab"));
  const auto probes = search_probes("abc");
  ASSERT_TRUE(probes);
  for (const std::int32_t probe : *probes) EXPECT_EQ(probe, probes->front());
}

}  // namespace
}  // namespace pennypost::store
