// What SEARCH looks for, as a tree: read from the command, simplified, printed (RFC 3501 6.4.4; RFC 5032, RFC 7162).
// No I/O; search_run.h finds the messages.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/imap/arguments.h"
#include "server/imap/dates.h"
#include "server/imap/sequence_set.h"
#include "server/store/flags.h"

namespace pennypost::imap {

enum class Key : std::uint8_t {
  // Decided by the row of the folder, cheapest first.
  all,
  none,  ///< finds nothing: what NOT ALL becomes
  flag_set,
  flag_unset,
  recent,
  sequence,
  uid,
  larger,
  smaller,
  before,
  on,
  since,
  older,    ///< RFC 5032: seconds before now, or more
  younger,  ///< RFC 5032: within the last seconds
  mod_seq,  ///< RFC 7162: this or higher
  keyword_set,
  keyword_unset,
  // Decided by stored columns.
  subject,
  sent_before,
  sent_on,
  sent_since,
  header,  ///< FROM, TO, CC, BCC and HEADER
  // Decided by the text.
  body,
  text,
  // Made of others.
  conjunction,
  disjunction,
  negation,
};

struct SearchNode {
  Key key = Key::all;
  store::Flags flags;        ///< flag_set: all of them are set; flag_unset: none of them
  std::uint64_t number = 0;  ///< sizes, seconds, mod-sequence
  Day day{};
  SequenceSet set = SequenceSet::of({});
  std::string name;  ///< of a keyword or header field
  std::string text;  ///< UTF-8, case-folded
  std::vector<SearchNode> children;
  bool operator==(const SearchNode&) const = default;

  bool is_decided_by_row() const;  ///< the whole tree needs nothing but rows
  bool uses(Key wanted) const;     ///< somewhere in the tree
};

/// One or more search keys up to the end; several are a conjunction. Strings are in `charset` (empty: not told, then
/// UTF-8 or else Windows-1252). The result is as written; `simplify` it.
SearchNode parse_search(Arguments& in, const std::string& charset);

/// The same meaning with fewer nodes: conjunctions and disjunctions flat, cheap keys first, flags gathered, double and
/// impossible terms gone.
SearchNode simplify(SearchNode node);

/// As search keys that parse back to the same tree.
std::string print(const SearchNode& node);

}  // namespace pennypost::imap
