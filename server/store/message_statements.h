// The statements that change what is in a folder, as parts of larger transactions. Private to store/.
#pragma once
#include <string_view>
#include <vector>

#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/store/connection.h"
#include "server/store/folder_state.h"
#include "server/store/uid_set.h"

namespace pennypost::store {

/// `SELECT * FROM messages.lock_folders($1)`: each id once. Comes before any other statement of the transaction that
/// touches what is in them.
extern const Sql kLockFolders;

struct Moved {
  UidValidity to_validity{};
  ModSeq from_mod_seq{};  ///< zero: unchanged, there was nothing to move
  ModSeq to_mod_seq{};
  std::vector<std::pair<Uid, Uid>> uids;
  std::vector<FolderChange::Row> rows;  ///< as they stand in the new folder
};

/// Locks both folders and moves within an open transaction. Errors: not_found.
Result<Moved> move_in(Transaction& tx, FolderId from, const UidSet& uids, FolderId to);

}  // namespace pennypost::store
