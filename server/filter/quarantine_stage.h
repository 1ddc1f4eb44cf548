// The stage that divides the copies of a judged message: inbox, spam folder, quarantine (spec 11 sections 7.2 and 8).
#pragma once
#include "server/delivery/stage.h"
#include "server/store/store.h"

namespace pennypost::filter {

/// Runs behind the routing, on what the spam rules have judged. Only accounts have a quarantine: what goes outside, to
/// a list's members or is thrown away goes on. Defers when the thresholds of accounts cannot be read.
class QuarantineStage final : public delivery::Stage {
 public:
  explicit QuarantineStage(store::Store& store) : Stage{"quarantine"}, store_{store} {}
  delivery::Verdict judge(const delivery::Arrival& mail, delivery::Edits& edits) const override;

 private:
  store::Store& store_;
};

/// Where a copy with this score goes. `own`: the account's threshold, -1: disabled; `global`: that of the settings, -1:
/// none. A message counts as spam by the account's own number, else by the global one; an account that has disabled its
/// quarantine, and everybody when the facility is off, gets spam like other mail (spec 11 section 7.1).
enum class Placement { inbox, spam_folder, quarantine };
Placement placement(double score, std::optional<double> own, double global, bool is_enabled);

}  // namespace pennypost::filter
