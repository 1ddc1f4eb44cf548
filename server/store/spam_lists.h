// White and black lists as the administrator keeps them (spec 11 sections 5.1 to 5.4): entries with their history, and
// words. Judging asks spam_filter.h.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/base/units.h"
#include "server/store/spam_filter.h"

namespace pennypost::store {

/// An entry of an address list. Patterns are never added automatically; the blacklist has no such entries at all.
struct ListEntry {
  std::string entry;
  bool is_automatic = false;
  Timestamp initially_added{};
  Timestamp last_added{};
  std::optional<Timestamp> last_found;
  std::int64_t add_count = 0;   ///< by mail sent to it
  std::int64_t find_count = 0;  ///< messages from it
  std::string added_by;         ///< who typed it last
  std::string auto_added_by;    ///< whose mail added it last
};

/// Changes whenever a word list changes.
struct WordsMark {
  std::int64_t count = 0;
  std::int64_t newest = 0;
  bool operator==(const WordsMark&) const = default;
};

/// Any thread. Errors are those of the database; a change of several entries is all or nothing.
class SpamLists {
 public:
  explicit SpamLists(Database& database) : database_{database} {}

  /// Plain addresses, then patterns, each by name.
  Result<std::vector<ListEntry>> addresses(AddressList list);
  /// Gives how many there were.
  Result<std::int64_t> remove_addresses(AddressList list, std::span<const std::string> entries);
  /// As typed by `by`; plain addresses in lower case, what is there already counts as added again.
  Result<void> add_addresses(AddressList list, std::span<const std::string> entries, std::string_view by);

  /// In the order in which they were added.
  Result<std::vector<std::string>> words(AddressList list);
  Result<WordsMark> words_mark();
  /// Gives how many are new.
  Result<std::int64_t> add_words(AddressList list, std::span<const std::string> words, std::string_view by);
  Result<std::int64_t> remove_words(AddressList list, std::span<const std::string> words);

 private:
  Database& database_;
};

}  // namespace pennypost::store
