// Services of one run (see the header).
#include "server/filter/run_services.h"

#include <algorithm>

#include "server/base/limits.h"
#include "server/base/text.h"

namespace pennypost::filter {

bool RunLists::contains(ruleinterp::List list, std::string_view address) {
  const auto [known, is_new] = looked_up_.try_emplace({list, to_lower(trim(address))}, false);
  if (is_new) known->second = lists_.contains(list, trim(address));  // an expression may mind the case
  return known->second;
}

void RunLists::add(ruleinterp::List list, std::string_view address) {
  const std::string entry{trim(address)};
  if (entry.empty() || entry == "<>" || entry.size() > static_cast<std::size_t>(kListEntry.most.count)) return;
  const auto is_entry = [&](const std::string& one) { return same_word(one, entry); };
  if (store::is_pattern(entry) &&
      (is_entry(envelope_.mail_from) || std::ranges::any_of(envelope_.recipients, is_entry)))
    return;  // who writes to *@example.com has not chosen to list everybody there
  if (!added_.emplace(list, to_lower(entry)).second) return;
  lists_.add(list, entry, envelope_.mail_from);
}

}  // namespace pennypost::filter
