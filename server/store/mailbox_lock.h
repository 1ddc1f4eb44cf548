// The lock of a mailbox (spec 50 section 4.1): POP3 exclusive, IMAP and webmail shared. It holds across processes
// (advisory locks of one connection) and ends with the object, the process or the database. Delivery is never refused.
#pragma once
#include <memory>
#include <utility>

#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::store {

class Database;

enum class LockMode { shared, exclusive };

class MailboxLocks;

/// Releases when destroyed. Movable.
class MailboxLock {
 public:
  MailboxLock() = default;
  MailboxLock(MailboxLocks* locks, AccountId account, LockMode mode) : locks_{locks}, account_{account}, mode_{mode} {}
  MailboxLock(MailboxLock&& other) noexcept
      : locks_{std::exchange(other.locks_, nullptr)}, account_{other.account_}, mode_{other.mode_} {}
  MailboxLock& operator=(MailboxLock&& other) noexcept;
  ~MailboxLock() { release(); }
  void release();
  explicit operator bool() const { return locks_ != nullptr; }

 private:
  MailboxLocks* locks_ = nullptr;
  AccountId account_{};
  LockMode mode_ = LockMode::shared;
};

/// One object a process; any thread.
class MailboxLocks {
 public:
  explicit MailboxLocks(Database& database);
  ~MailboxLocks();

  /// Waits up to `wait` (kMailboxLockWait). Errors: in_use ("Mailbox Locked"), unavailable.
  Result<MailboxLock> lock(AccountId account, LockMode mode, Milliseconds wait);

 private:
  friend class MailboxLock;
  void release(AccountId account, LockMode mode);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pennypost::store
