// Folders of a mailbox (messages.folders): names, UID numbering, stored counters, subscriptions (spec 30 section 6.1,
// spec 50 section 3.2). Names are modified UTF-7 with `/` between levels; INBOX is one name in any case.
// Row locks: a folder's row is locked before anything in it changes; several folders in the order of their ids.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::store {

class Database;
class FolderStates;
class News;

/// RFC 6154.
enum class SpecialUse : std::int16_t { none = 0, drafts, sent, trash, junk, archive, all, flagged };

struct Folder {
  FolderId id{};
  AccountId account{};
  std::string name;
  UidValidity uid_validity{};
  Uid uid_next{};
  ModSeq mod_seq{};
  Uid first_recent{};  ///< messages from here on have been seen by no session
  SpecialUse special_use = SpecialUse::none;
  bool is_subscribed = false;
  std::int64_t count = 0;   ///< without held messages
  std::int64_t unread = 0;  ///< of `count`
  Octets size;
  std::int64_t recent = 0;  ///< filled by `status` only
};

enum class Access { read_only, read_write };

/// One object a process; any thread.
class Folders {
 public:
  Folders(Database& database, FolderStates& states, News& news) : database_{database}, states_{states}, news_{news} {}

  /// All folders of the account, by name, INBOX first.
  Result<std::vector<Folder>> list(AccountId account);
  /// Subscribed names, those of folders that no longer exist too (RFC 3501 6.3.9).
  Result<std::vector<std::string>> subscribed(AccountId account);
  /// Errors: not_found.
  Result<Folder> find(AccountId account, std::string_view name);
  Result<Folder> find(FolderId id);
  /// `find` with the number of recent messages counted.
  Result<Folder> status(AccountId account, std::string_view name);
  /// Makes the folder and the levels above it that are missing. Errors: already_exists, bad_input (empty, too long,
  /// empty level), too_large (too many folders).
  Result<Folder> create(AccountId account, std::string_view name, SpecialUse use = SpecialUse::none);
  /// The folder and its messages; folders below it stay (RFC 3501 6.3.4). Errors: not_found, not_permitted (INBOX).
  Result<void> remove(AccountId account, std::string_view name);
  /// With everything below; INBOX keeps its name and gives its messages to the new folder (RFC 3501 6.3.5).
  /// Errors: not_found, already_exists, bad_input.
  Result<void> rename(AccountId account, std::string_view from, std::string_view to);
  Result<void> subscribe(AccountId account, std::string_view name);
  Result<void> unsubscribe(AccountId account, std::string_view name);

  /// Counts the stored counters again from the messages (a page of the original does the same). Gives how many folders
  /// were wrong.
  Result<int> recount(AccountId account);

 private:
  void changed(FolderId folder, ModSeq mod_seq);

  Database& database_;
  FolderStates& states_;
  News& news_;
};

/// `inbox`, `Inbox/Sub` -> `INBOX`, `INBOX/Sub`; others as they are.
std::string canonical_name(std::string_view name);
/// What a folder may be called. Error: bad_input, with what is wrong.
Result<void> check_folder_name(std::string_view name);

}  // namespace pennypost::store
