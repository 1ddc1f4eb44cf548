// The one place where a name and a proof become an account (spec 50 section 1.5). Protocols come here through SASL
// (sasl_exchange.h) or with a plain password (POP3 PASS, IMAP LOGIN) or an APOP digest.
#pragma once
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "server/auth/login_guard.h"
#include "server/auth/password_hasher.h"
#include "server/auth/scram.h"
#include "server/auth/secret_key.h"
#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/store/accounts.h"

namespace pennypost::auth {

/// Somebody who has proven who he is.
struct Identity {
  AccountId account{};
  std::string name;  ///< of the account as stored, whatever was typed
  bool is_admin = false;
  std::string mechanism;  ///< "PLAIN", "APOP", "USER"...
};

/// An account and what is kept of its password.
struct Candidate {
  store::Account account;
  store::PasswordRecord password;
};

/// Where accounts are looked up; `StoreAccounts` (store_accounts.h) is the database. Any thread.
class AccountSource {
 public:
  virtual ~AccountSource() = default;
  /// By name in any case, by `name@localdomain` or by an address of the account. None: nobody of this name.
  virtual Result<std::optional<Candidate>> find(std::string_view login) = 0;
  /// Whether any account has a recoverable password; may be some seconds old.
  virtual Result<bool> any_recoverable() = 0;
  virtual void note_login(const store::Account& account) = 0;
};

/// Digests that need the password itself.
enum class Digest { apop, cram_md5 };

/// Any thread. Wrong name, wrong password, locked account and switched-off account all give the same Error
/// (`not_authenticated`, "Invalid login") after the same work; the log has the reason. Other errors: `unavailable`
/// (database away, too many logins at once): nothing was decided, nothing is counted.
class Authenticator {
 public:
  Authenticator(AccountSource& accounts, PasswordHasher& hasher, const SecretKey& key, LoginGuard& guard)
      : accounts_{accounts}, hasher_{hasher}, key_{key}, guard_{guard} {}

  Result<Identity> with_password(const Client& client, std::string_view login, std::string_view password,
                                 std::string_view mechanism);
  Result<Identity> with_digest(const Client& client, std::string_view login, std::string_view challenge,
                               std::string_view hex_digest, Digest kind);

  /// SCRAM in two steps: the keys to talk about (made up, but always the same, for who does not exist), then the
  /// decision of the caller, who has checked the proof.
  struct ScramCandidate {
    ScramKeys keys;
    std::optional<store::Account> account;  ///< none: made up, no proof counts
    std::string login;
  };
  Result<ScramCandidate> scram_candidate(std::string_view login);
  Result<Identity> with_scram(const Client& client, const ScramCandidate& candidate, bool is_proven,
                              std::string_view mechanism);

  /// Whether APOP and CRAM-MD5 can work for anybody.
  bool any_recoverable();
  LoginGuard& guard() { return guard_; }

 private:
  Result<Identity> decide(const Client& client, std::string_view login, const std::optional<store::Account>& account,
                          bool is_proven, std::string_view mechanism);

  AccountSource& accounts_;
  PasswordHasher& hasher_;
  const SecretKey& key_;
  LoginGuard& guard_;
  ProvenLogins proven_;
};

/// Whether the recoverable form is made for a new password.
enum class Recoverable { no, yes };

/// Everything that is kept of a password. Errors: `bad_input` (empty, over kPasswordOctets, or with a NUL, CR or LF),
/// `unavailable`.
Result<store::PasswordRecord> password_record(PasswordHasher& hasher, const SecretKey& key, std::string_view password,
                                              Recoverable recoverable);

}  // namespace pennypost::auth
