// A selected mailbox as its session sees it, and the lines that keep the client's picture true.
#pragma once
#include <string>

#include "server/imap/sequence_set.h"
#include "server/store/folder_state.h"
#include "server/store/read_ahead.h"
#include "server/store/uid_set.h"

namespace pennypost::imap {

struct Selection {
  store::FolderView view;
  std::string name;
  store::ReadAhead ahead;     ///< bodies for a client that fetches one a command
  std::string told_keywords;  ///< the FLAGS line as last sent

  bool is_read_only() const { return view.access() == store::Access::read_only; }
  const store::FolderSnapshot& now() const { return view.now(); }
};

/// Message numbers of a set, with the UIDs behind them.
struct Chosen {
  NumberSet numbers;  ///< message sequence numbers that exist in the view
  std::vector<Uid> uids(const store::FolderSnapshot& now) const;
  store::UidSet uid_set(const store::FolderSnapshot& now) const;
  bool empty() const { return numbers.empty(); }
};

/// The messages that a set means. `by_uid`: UIDs that do not exist are passed over. Otherwise every number must exist
/// (RFC 3501 section 9, "seq-number"): error bad_input.
Result<Chosen> choose(const store::FolderSnapshot& now, const SequenceSet& set, bool by_uid);

/// "(\Answered ... Keyword ...)", for FLAGS; with `permanent` "\*" behind it.
std::string flags_line(const store::Keywords& keywords, bool permanent);

NumberSet to_number_set(const store::UidSet& uids);

}  // namespace pennypost::imap
