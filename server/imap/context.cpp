// Counting of an account's sessions. A session that ends in any way gives its place back (RAII).
#include "server/imap/context.h"

namespace pennypost::imap {

SessionCounts::Place& SessionCounts::Place::operator=(Place&& other) noexcept {
  std::swap(counts_, other.counts_);
  std::swap(account_, other.account_);
  return *this;
}

SessionCounts::Place::~Place() {
  if (counts_ != nullptr) counts_->leave(account_);
}

SessionCounts::Place SessionCounts::take(AccountId account, std::int64_t most) {
  const std::scoped_lock lock{mutex_};
  int& open = open_[number(account)];
  if (open >= most) return {};
  ++open;
  return Place{this, account};
}

int SessionCounts::of(AccountId account) const {
  const std::scoped_lock lock{mutex_};
  const auto found = open_.find(number(account));
  return found == open_.end() ? 0 : found->second;
}

void SessionCounts::leave(AccountId account) {
  const std::scoped_lock lock{mutex_};
  const auto found = open_.find(number(account));
  if (found != open_.end() && --found->second == 0) open_.erase(found);
}

}  // namespace pennypost::imap
