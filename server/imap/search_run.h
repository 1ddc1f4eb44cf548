// Finds the messages that a search tree means: on the rows of the folder first, then by stored columns and indexed
// text, and only for what is still open by reading messages.
#pragma once
#include <vector>

#include "server/imap/search_tree.h"
#include "server/imap/selection.h"
#include "server/store/messages.h"

namespace pennypost::imap {

/// Message numbers of the view, ascending. `tree` is simplified. Messages that are gone meanwhile are not found where
/// more than their row is needed. Errors: bad_input (a message number that does not exist), those of the store.
Result<std::vector<store::Msn>> find_messages(const Selection& selection, const SearchNode& tree,
                                              store::Messages& messages, Timestamp now);

}  // namespace pennypost::imap
