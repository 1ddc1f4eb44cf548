// What the IMAP service needs from the rest of the house. Given once, at the start; there are no globals.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

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

/// Messages that a user has put into a folder or marked, told when it is committed.
struct Sorted {
  FolderId folder{};
  std::optional<FolderId> from;  ///< of COPY and MOVE: where they lay before
  std::vector<Uid> uids;         ///< in `folder`
  store::Keywords keywords;      ///< of STORE: those that it set
};

/// Everything in it outlives the service.
struct Context {
  Context(store::Store& the_store, delivery::Pipeline& the_pipeline, auth::Authenticator& the_authenticator)
      : store{the_store}, pipeline{the_pipeline}, authenticator{the_authenticator} {}

  store::Store& store;
  delivery::Pipeline& pipeline;
  auth::Authenticator& authenticator;
  SessionCounts counts{};
  /// Told of what users sort (the spam filter learns from it); may be empty. Called by the sessions' threads, at once
  /// behind the commit: it must not wait for anything.
  std::function<void(Sorted)> sorted{};

  void tell(Sorted what) const {
    if (sorted && !what.uids.empty()) sorted(std::move(what));
  }
};

}  // namespace pennypost::imap
