// Words of flags. The 32 combinations of system flags are made once, so that a FETCH row copies one string.
#include "server/imap/flags.h"

#include <algorithm>
#include <array>

#include "server/base/text.h"

namespace pennypost::imap {

namespace {

using store::Flag;
using store::Flags;

struct Word {
  Flag flag;
  std::string_view text;
};
constexpr std::array kWords = {
    Word{Flag::answered, "\\Answered"}, Word{Flag::flagged, "\\Flagged"}, Word{Flag::deleted, "\\Deleted"},
    Word{Flag::seen, "\\Seen"},         Word{Flag::draft, "\\Draft"},
};

std::array<std::string, 32> combinations() {
  std::array<std::string, 32> all;
  for (std::uint16_t bits = 0; bits < all.size(); ++bits) {
    for (const Word& word : kWords) {
      if (!Flags{bits}.has(word.flag)) continue;
      if (!all[bits].empty()) all[bits] += ' ';
      all[bits] += word.text;
    }
  }
  return all;
}

}  // namespace

void FlagList::add_keyword(std::string_view word) {
  if (std::ranges::none_of(keywords, [word](const std::string& k) { return same_word(k, word); }))
    keywords.emplace_back(word);
}

Flags system_flag(std::string_view word) {
  for (const Word& each : kWords)
    if (same_word(each.text, word)) return each.flag;
  return {};
}

std::string_view print_system_flags(Flags flags) {
  static const std::array<std::string, 32> all = combinations();
  return all[flags.bits & 31];
}

}  // namespace pennypost::imap
