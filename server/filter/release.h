// Letting messages out of the quarantine (spec 11 sections 5.2 and 7.4).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// What became of a release besides the message itself, which is in the inbox.
struct Released {
  std::int64_t others = 0;          ///< messages of the same sender that the whitelist has released too
  std::vector<std::string> undone;  ///< what else was asked for and is not done, and why: a sentence each, for people
};

/// Why the address of a sender, which a stranger has written, is not put into the whitelist; none: it may be. Only what
/// is an address and can be read as nothing else may: `*@*` and `/.*@.*/` would list everybody.
std::optional<std::string> objection_to_sender(std::string_view address);

/// Releases messages into the inboxes of their owners. Any thread.
class Releases {
 public:
  /// `spool` is the folder for large messages that are to be learned.
  Releases(store::Store& store, ruleinterp::Bayes& bayes, std::string spool)
      : store_{store}, bayes_{bayes}, spool_{std::move(spool)} {}

  /// What was released already is not learned again. Once the message is in the inbox nothing is an error any more:
  /// what fails behind it stands in `undone` and in the log. Errors: not_found (released, deleted or expired already),
  /// bad_input (a sender for the whitelist is asked for, and the message has none), unavailable, disk_full.
  Result<Released> release(QuarantineId id, const ReleaseOptions& options);

 private:
  Result<void> learn(const store::Quarantined& mail);
  void whitelist(const store::Quarantined& mail, const ReleaseOptions& options, Released& released);
  store::Store& store_;
  ruleinterp::Bayes& bayes_;
  const std::string spool_;
};

enum class Added : std::uint8_t { by_hand, automatically };

/// The one way to add to the whitelist: adds the entry (an address, wildcards or an /expression/) and releases what is
/// in the quarantine from there, as `release_all_of` does. Gives how many. Errors: those of both; when a release fails,
/// the entry stays.
Result<std::int64_t> add_to_whitelist(store::Store& store, std::string_view entry, std::string_view by, Added how);

/// Releases all messages whose From address or return path an entry of the whitelist names, at most
/// kQuarantineReleases of them when it was added automatically: mail on its way waits for it. Gives how many.
Result<std::int64_t> release_all_of(store::Store& store, std::string_view entry, Added how);

}  // namespace pennypost::filter
