// The folder that a delivery goes into: found, made when it is missing, inboxes remembered.
#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/store/store.h"

namespace pennypost::delivery {

/// One object a pipeline; any thread.
class MailboxFolders {
 public:
  explicit MailboxFolders(store::Store& store) : store_{store} {}

  /// An empty name is the inbox, and so is, with a line in the log, one that no folder can have. Errors: not_found (no
  /// such account), unavailable, disk_full.
  Result<FolderId> of(AccountId account, const std::string& name);
  /// What is remembered may be gone with its account: the next deliveries look again.
  void forget();

 private:
  store::Store& store_;
  std::mutex mutex_;  // guards inboxes_
  std::unordered_map<std::int32_t, FolderId> inboxes_;
};

}  // namespace pennypost::delivery
