// Accounts (users.users, spec 30 section 5.1): who may log in. A new account gets its initial folders in the same
// commit.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::store {

class Database;
class Directory;
class FolderStates;
class News;

struct Account {
  AccountId id{};
  std::string name;  ///< as written at creation; compared without regard to case; never changed
  std::string comments;
  bool is_admin = false;
  bool is_enabled = true;
  Timestamp created{};
  std::optional<Timestamp> last_login;
  /// Score from which mail goes into the quarantine (spec 11 section 7.2): none is the setting, -1 is never.
  std::optional<double> spam_threshold;
  std::string quarantine_report;  ///< address that gets the account's report; empty: as the setting says
};

/// What SCRAM-SHA-256 needs (RFC 5802 section 3, RFC 7677); octets, not base64. No iterations: not set.
struct ScramRecord {
  std::string salt;
  int iterations = 0;
  std::string stored_key;
  std::string server_key;
};

/// What is kept of a password. An empty field is not set.
struct PasswordRecord {
  std::string argon2id;  ///< libsodium's text form
  ScramRecord scram;
  std::string recoverable;  ///< octets encrypted by auth with the key file; never the password itself
};

struct NewAccount {
  std::string name;  ///< 1-32 of letters, digits, `.`, `_`, `-`
  PasswordRecord password;
  bool is_admin = false;
  bool is_enabled = true;
  std::string comments;
  std::vector<std::string> addresses;  ///< local@domain; a domain not yet local becomes local
};

/// One object a process; any thread.
class Accounts {
 public:
  Accounts(Database& database, Directory& directory, FolderStates& states, News& news)
      : database_{database}, directory_{directory}, states_{states}, news_{news} {}

  /// Makes the account, its addresses and the folders INBOX, Drafts, Sent, Trash, Junk (with special uses) in one
  /// commit. Errors: bad_input (name or address), already_exists (name, or an address that belongs to another account).
  Result<Account> create(const NewAccount& account);
  /// Error: not_found.
  Result<Account> find(std::string_view name);
  Result<Account> find(AccountId id);
  /// All, by name.
  Result<std::vector<Account>> list();
  /// Deletes the account, its addresses, folders and messages in one commit; open views learn that their folder is
  /// gone. The number is never given again.
  Result<void> remove(AccountId id);

  Result<PasswordRecord> password(AccountId id);
  /// Whether any account keeps a recoverable password, so that APOP and CRAM-MD5 can work for somebody.
  Result<bool> any_recoverable();
  Result<void> set_password(AccountId id, const PasswordRecord& password);
  Result<void> set_admin(AccountId id, bool is_admin);
  Result<void> set_enabled(AccountId id, bool is_enabled);
  Result<void> set_comments(AccountId id, std::string_view comments);
  /// Error: bad_input (below -1).
  Result<void> set_spam_threshold(AccountId id, std::optional<double> threshold);
  Result<void> set_quarantine_report(AccountId id, std::string_view address);
  /// The thresholds of those accounts that have one of their own.
  Result<std::map<AccountId, double>> spam_thresholds(const std::vector<AccountId>& accounts);
  /// Notes a login at the present time (not synchronous: losing it in a crash costs nothing).
  Result<void> note_login(AccountId id);

 private:
  Database& database_;
  Directory& directory_;
  FolderStates& states_;
  News& news_;
};

}  // namespace pennypost::store
