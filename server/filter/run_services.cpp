// Services of one run (see the header).
#include "server/filter/run_services.h"

#include "server/base/limits.h"
#include "server/base/text.h"

namespace pennypost::filter {

bool RunLists::contains(ruleinterp::List list, std::string_view address) {
  const auto [known, is_new] = looked_up_.try_emplace({list, to_lower(trim(address))}, false);
  if (is_new) known->second = lists_.contains(list, trim(address));  // an expression may mind the case
  return known->second;
}

void RunLists::add(ruleinterp::List list, std::string_view address, ruleinterp::Origin origin) {
  const std::string entry{trim(address)};
  if (entry.empty() || entry == "<>" || entry.size() > static_cast<std::size_t>(kListEntry.most.count)) return;
  // Who writes to *@example.com has not chosen to list everybody there.
  if (origin == ruleinterp::Origin::mail && store::is_pattern(entry)) return;
  if (!added_.emplace(list, to_lower(entry)).second) return;
  lists_.add(list, entry, envelope_.mail_from);
}

}  // namespace pennypost::filter
