// Look-up of logins in the database (spec 50 sections 1.5 and 2.2). An unreachable database is an error, never "no such
// account".
#include "server/auth/store_accounts.h"

#include <algorithm>

#include "server/base/text.h"

namespace pennypost::auth {
namespace {

constexpr Seconds kAskAgain{10};
constexpr Seconds kNoteAgain{60};
constexpr std::size_t kLoginOctets = 320;  // RFC 5321 4.5.3.1: 64 of local part, "@", 255 of domain

}  // namespace

Result<std::optional<store::Account>> StoreAccounts::account_of(std::string_view login) {
  using Answer = std::optional<store::Account>;
  if (login.empty() || login.size() > kLoginOctets || login.find('\0') != std::string_view::npos || !is_utf8(login)) {
    return Answer{};
  }
  const auto named = [this](std::string_view name) -> Result<Answer> {
    auto account = accounts_.find(name);
    if (account) return Answer{*std::move(account)};
    if (account.error().kind == Kind::not_found) return Answer{};
    return std::move(account).error();
  };
  const std::size_t at = login.rfind('@');
  if (at == std::string_view::npos) return named(login);

  const auto is_local = directory_.is_local(login.substr(at + 1));
  if (!is_local) return is_local.error();
  if (*is_local) {
    auto account = named(login.substr(0, at));
    if (!account || *account) return account;
  }
  const auto resolution = directory_.resolve(login);
  if (!resolution) return resolution.error();
  if (resolution->accounts.size() != 1) return Answer{};  // nobody, or an address of several people
  const AccountId id = resolution->accounts.front();
  const auto addresses = directory_.addresses_of(id);
  if (!addresses) return addresses.error();
  const bool is_own = std::ranges::any_of(*addresses, [&](const std::string& own) {
    return same_word(own, login) || (*is_local && same_word(own, login.substr(0, at)));
  });
  if (!is_own) return Answer{};  // reached by a catch-all only
  auto account = accounts_.find(id);
  if (account) return Answer{*std::move(account)};
  if (account.error().kind == Kind::not_found) return Answer{};
  return std::move(account).error();
}

Result<std::optional<Candidate>> StoreAccounts::find(std::string_view login) {
  auto account = account_of(login);
  if (!account) return std::move(account).error();
  if (!*account) return std::optional<Candidate>{};
  auto password = accounts_.password((*account)->id);
  if (!password) {
    if (password.error().kind == Kind::not_found) return std::optional<Candidate>{};  // deleted a moment ago
    return std::move(password).error();
  }
  return std::optional{Candidate{**std::move(account), *std::move(password)}};
}

Result<bool> StoreAccounts::any_recoverable() {
  const auto now = Clock::now();
  {
    const std::lock_guard lock{mutex_};
    if (any_recoverable_ && now - asked_ < kAskAgain) return *any_recoverable_;
  }
  const auto answer = accounts_.any_recoverable();
  if (!answer) return answer;
  const std::lock_guard lock{mutex_};
  any_recoverable_ = *answer;
  asked_ = now;
  return *answer;
}

void StoreAccounts::note_login(const store::Account& account) {
  const auto now = Clock::now();
  {
    const std::lock_guard lock{mutex_};
    const auto [entry, is_new] = noted_.try_emplace(number(account.id), now);
    if (!is_new && now - entry->second < kNoteAgain) return;
    entry->second = now;
  }
  const auto noted = accounts_.note_login(account.id);
  if (!noted) return;  // only a date on the user's page: not worth refusing the login
}

}  // namespace pennypost::auth
