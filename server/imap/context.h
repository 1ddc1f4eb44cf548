// What the IMAP service needs from the rest of the house. Given once, at the start; there are no globals.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "server/auth/authenticator.h"
#include "server/base/ids.h"
#include "server/delivery/pipeline.h"
#include "server/store/store.h"

namespace pennypost::imap {

/// How many sessions each account has open in this process (spec 50 section 3.1, "Concurrent logins"). Any thread.
class SessionCounts {
 public:
  /// Counts one session as long as it lives.
  class Place {
   public:
    Place() = default;
    Place(SessionCounts* counts, AccountId account) : counts_{counts}, account_{account} {}
    Place(Place&& other) noexcept : counts_{std::exchange(other.counts_, nullptr)}, account_{other.account_} {}
    Place& operator=(Place&& other) noexcept;
    ~Place();
    explicit operator bool() const { return counts_ != nullptr; }

   private:
    SessionCounts* counts_ = nullptr;
    AccountId account_{};
  };
  /// No place when the account has `most` sessions already.
  Place take(AccountId account, std::int64_t most);
  int of(AccountId account) const;

 private:
  void leave(AccountId account);
  mutable std::mutex mutex_;
  std::unordered_map<std::int32_t, int> open_;
};

/// Everything in it outlives the service.
struct Context {
  store::Store& store;
  delivery::Pipeline& pipeline;
  auth::Authenticator& authenticator;
  SessionCounts counts{};
};

}  // namespace pennypost::imap
