// Entries of the white and black lists as administrators write them (spec 11 sections 5.1 and 5.3): what is one, the
// text file of export and import, and the conditions of a bulk deletion.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/store/spam_lists.h"

namespace pennypost::filter {

enum class ListKind { addresses, words };

/// Why a text is no entry ("an address needs an @"), or none.
std::optional<std::string> objection_to_entry(ListKind kind, std::string_view entry);

/// A line of a file that is no entry.
struct BadLine {
  std::size_t line = 0;  ///< from 1
  std::string text;
  std::string why;
};
struct EntryFile {
  std::vector<std::string> entries;
  std::vector<BadLine> bad;
};
/// One entry a line; blanks at its ends, empty lines and lines that begin with # do not count. An entry that begins
/// with # or \ is written with a \ in front. Any octets are read; line ends LF or CR LF, a byte order mark is passed
/// over.
EntryFile read_entries(ListKind kind, std::string_view text);
/// The file that reads back to the same entries.
std::string write_entries(const std::vector<std::string>& entries);

/// The condition of a bulk deletion: `auto`, `manual`, `addcount`, `findcount` with a number, `initiallyadded`,
/// `lastadded`, `lastfound` with an age; several with `and` between them, all of which must hold. An age is a number of
/// days, or of h, d, w, m (30 days), y (365); it is compared as an age: `lastfound>90` was found more than 90 days ago,
/// or never. Comparators: < <= > >= = == <> !=. Errors: bad_input, with what was not understood.
class EntryCondition {
 public:
  static Result<EntryCondition> read(std::string_view text);
  bool holds(const store::ListEntry& entry, Timestamp now) const;

 private:
  using Test = std::function<bool(const store::ListEntry&, Timestamp)>;
  std::vector<Test> tests_;
};

}  // namespace pennypost::filter
