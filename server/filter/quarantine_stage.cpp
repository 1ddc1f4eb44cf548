// One look at the thresholds of a message's accounts, then one decision each. Source: spec 11 sections 7.1, 7.2 and 8,
// test cases 30 to 33.
#include "server/filter/quarantine_stage.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/delivery/stages.h"

namespace pennypost::filter {
namespace {

constexpr char kListMember = 'L';  // letter of X-VPOP3-RCPTTYPE (spec 11 section 9)

}  // namespace

Placement placement(double score, std::optional<double> own, double global, bool is_enabled) {
  const bool is_disabled = own && *own < 0;
  const double threshold = own && !is_disabled ? *own : global;
  if (threshold < 0 || !(score >= threshold)) return Placement::inbox;
  return is_enabled && !is_disabled ? Placement::quarantine : Placement::spam_folder;
}

delivery::Verdict QuarantineStage::judge(const delivery::Arrival& mail, delivery::Edits& edits) const {
  using delivery::Pass;
  if (!edits.is_judged()) return Pass{"not judged"};
  std::vector<AccountId> all, owners;  // of a copy; of a copy that is no list member's
  for (const auto& route : edits.routes()) {
    if (route.kind != delivery::Route::Kind::mailbox) continue;
    for (const AccountId account : route.accounts) {
      all.push_back(account);
      if (route.type != kListMember) owners.push_back(account);
    }
  }
  const auto each_once = [](std::vector<AccountId>& list) {
    std::ranges::sort(list);
    list.erase(std::ranges::unique(list).begin(), list.end());
  };
  each_once(all);
  each_once(owners);
  const double score = edits.spam_score();
  if (all.empty() || score < 0) return Pass{};  // no threshold is below zero
  const auto own = store_.accounts().spam_thresholds(all);
  if (!own) return delivery::Defer{delivery::kAddressBookAway, own.error().for_log};

  const auto global = static_cast<double>(mail.settings.get(kSpamThreshold));
  const bool is_enabled = mail.settings.get(kQuarantineEnabled);
  const auto folder = mail.settings.get(kSpamFolder);
  std::size_t kept_back = 0;
  std::size_t in_folder = 0;
  for (const AccountId account : all) {
    const auto found = own->find(account);
    const auto threshold = found == own->end() ? std::optional<double>{} : found->second;
    const bool is_owner = std::ranges::binary_search(owners, account);
    switch (placement(score, threshold, global, is_enabled && is_owner)) {
      case Placement::inbox:
        break;
      case Placement::quarantine:
        edits.quarantine(account);
        ++kept_back;
        break;
      case Placement::spam_folder:
        if (folder.empty()) break;
        edits.into_folder(account, folder);
        ++in_folder;
        break;
    }
  }
  std::string reason = kept_back > 0 ? fmt::format("{} of {} quarantined", kept_back, all.size()) : "";
  if (in_folder > 0)
    reason += fmt::format("{}{} of {} to {}", reason.empty() ? "" : ", ", in_folder, all.size(), folder);
  return Pass{reason.empty() ? "delivered" : reason};
}

}  // namespace pennypost::filter
