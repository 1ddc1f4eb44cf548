// Letting messages out of the quarantine (spec 11 sections 5.2 and 7.4).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "ruleinterp/host.h"
#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/store/store.h"

namespace pennypost::filter {

struct ReleaseOptions {
  bool train = false;      ///< un-learn the message as spam, learn it as ham
  bool whitelist = false;  ///< add its sender to the whitelist, which releases all other messages of that sender
  std::string by;          ///< who releases: for the log and the list
};

/// Releases messages into the inboxes of their owners. Any thread.
class Releases {
 public:
  /// `spool` is the folder for large messages that are to be learned.
  Releases(store::Store& store, ruleinterp::Bayes& bayes, std::string spool)
      : store_{store}, bayes_{bayes}, spool_{std::move(spool)} {}

  /// Gives how many other messages the whitelist has released. What was released already is not learned again. Errors:
  /// not_found (released, deleted or expired already), bad_input (a sender for the whitelist is asked for, and the
  /// message has none), unavailable, disk_full.
  Result<std::int64_t> release(QuarantineId id, const ReleaseOptions& options);

 private:
  Result<void> learn(const store::Quarantined& mail);
  store::Store& store_;
  ruleinterp::Bayes& bayes_;
  const std::string spool_;
};

enum class Added : std::uint8_t { by_hand, automatically };

/// The one way to add to the whitelist: adds the entry (an address, wildcards or an /expression/) and releases what is
/// in the quarantine from there, as `release_all_of` does. Gives how many. Errors: those of adding; a release that
/// fails is logged, and the entry stays.
Result<std::int64_t> add_to_whitelist(store::Store& store, std::string_view entry, std::string_view by, Added how);

/// Releases all messages whose From address or return path an entry of the whitelist names, at most
/// kQuarantineReleases of them when it was added automatically: mail on its way waits for it. Gives how many.
Result<std::int64_t> release_all_of(store::Store& store, std::string_view entry, Added how);

}  // namespace pennypost::filter
