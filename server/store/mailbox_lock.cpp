// Locks of mailboxes. Between sessions of this process a table decides; for other processes the process as a whole
// holds an advisory lock of the account on one connection of its own (class 'MBOX'). When that connection is lost the
// locks are taken again at the next call; an account that another process has locked meanwhile stays with both until
// one lets go. Source: spec 50 section 4.1.
#include "server/store/mailbox_lock.h"

#include <condition_variable>
#include <mutex>
#include <unordered_map>

#include "server/store/connection.h"
#include "server/store/database.h"

namespace pennypost::store {

namespace {

constexpr std::int32_t kClass = 0x4D424F58;
const Sql kLock{"mailbox_lock.lock", "SELECT pg_try_advisory_lock($1::integer, $2::integer)"};
const Sql kLockShared{"mailbox_lock.lock_shared", "SELECT pg_try_advisory_lock_shared($1::integer, $2::integer)"};
const Sql kUnlock{"mailbox_lock.unlock", "SELECT pg_advisory_unlock($1::integer, $2::integer)"};
const Sql kUnlockShared{"mailbox_lock.unlock_shared", "SELECT pg_advisory_unlock_shared($1::integer, $2::integer)"};

}  // namespace

struct MailboxLocks::Impl {
  explicit Impl(Database& d) : database{d} {}
  Database& database;
  std::mutex mutex;
  std::condition_variable freed;
  std::unique_ptr<Connection> connection;
  struct Held {
    int shared = 0;
    bool exclusive = false;
  };
  std::unordered_map<std::int32_t, Held> held;

  Result<void> connect() {
    if (connection && connection->looks_alive()) return {};
    auto fresh = database.connect();
    if (!fresh) return std::move(fresh).error();
    connection = std::move(*fresh);
    for (const auto& [account, h] : held) {
      auto again = connection->query(h.exclusive ? kLock : kLockShared, kClass, account);
      if (!again) return std::move(again).error();
    }
    return {};
  }

  // Gives false when another session has it.
  Result<bool> attempt(std::int32_t account, LockMode mode) {
    const auto it = held.find(account);
    if (it != held.end()) {
      if (mode == LockMode::exclusive || it->second.exclusive) return false;
      ++it->second.shared;
      return true;
    }
    if (auto ready = connect(); !ready) return std::move(ready).error();
    auto got = connection->query(mode == LockMode::exclusive ? kLock : kLockShared, kClass, account);
    if (!got) return std::move(got).error();
    if (!got->flag(0, 0)) return false;
    held[account] = mode == LockMode::exclusive ? Held{0, true} : Held{1, false};
    return true;
  }
};

MailboxLocks::MailboxLocks(Database& database) : impl_{std::make_unique<Impl>(database)} {}
MailboxLocks::~MailboxLocks() = default;

Result<MailboxLock> MailboxLocks::lock(AccountId account, LockMode mode, Milliseconds wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  std::unique_lock guard{impl_->mutex};
  for (;;) {
    auto got = impl_->attempt(number(account), mode);
    if (!got) return std::move(got).error();
    if (*got) return MailboxLock{this, account, mode};
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) return error(Kind::in_use, "Mailbox Locked");
    // A session of ours tells when it is done; one of another process does not.
    impl_->freed.wait_until(guard, std::min(until, now + std::chrono::milliseconds{100}));
  }
}

void MailboxLocks::release(AccountId account, LockMode mode) {
  {
    const std::lock_guard guard{impl_->mutex};
    const auto it = impl_->held.find(number(account));
    if (it == impl_->held.end()) return;
    if (mode == LockMode::shared && --it->second.shared > 0) return;
    impl_->held.erase(it);
    if (impl_->connection && impl_->connection->is_open())
      (void)impl_->connection->query(mode == LockMode::exclusive ? kUnlock : kUnlockShared, kClass, number(account));
  }
  impl_->freed.notify_all();
}

MailboxLock& MailboxLock::operator=(MailboxLock&& other) noexcept {
  if (this == &other) return *this;
  release();
  locks_ = std::exchange(other.locks_, nullptr);
  account_ = other.account_;
  mode_ = other.mode_;
  return *this;
}

void MailboxLock::release() {
  if (auto* locks = std::exchange(locks_, nullptr)) locks->release(account_, mode_);
}

}  // namespace pennypost::store
