// The accounts of the database as the authenticator looks them up.
#pragma once
#include <chrono>
#include <mutex>
#include <unordered_map>

#include "server/auth/authenticator.h"
#include "server/store/directory.h"

namespace pennypost::auth {

/// Any thread. `login` is the name of the account, `name@localdomain`, or an address of the account (spec 50 section
/// 2.2); catch-all addresses are no logins.
class StoreAccounts final : public AccountSource {
 public:
  StoreAccounts(store::Accounts& accounts, store::Directory& directory) : accounts_{accounts}, directory_{directory} {}

  Result<std::optional<Candidate>> find(std::string_view login) override;
  Result<bool> any_recoverable() override;                  ///< asks the database every ten seconds at most
  void note_login(const store::Account& account) override;  ///< at most once a minute for an account

 private:
  using Clock = std::chrono::steady_clock;
  Result<std::optional<store::Account>> account_of(std::string_view login);

  store::Accounts& accounts_;
  store::Directory& directory_;
  std::mutex mutex_;
  std::optional<bool> any_recoverable_;
  Clock::time_point asked_;
  std::unordered_map<std::int32_t, Clock::time_point> noted_;
};

}  // namespace pennypost::auth
