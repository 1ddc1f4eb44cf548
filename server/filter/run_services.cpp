// Services of one run (see the header).
#include "server/filter/run_services.h"

#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"

namespace pennypost::filter {
namespace {

constexpr LogEvent kPatternFromMail{"filter.pattern_from_mail", Level::warning,
                                    "{entry}, which the spam rules have out of a mail, is a pattern and is not listed"};

}  // namespace

bool RunLists::contains(ruleinterp::List list, std::string_view address) {
  const auto [known, is_new] = looked_up_.try_emplace({list, to_lower(trim(address))}, false);
  if (is_new) known->second = lists_.contains(list, trim(address));  // an expression may mind the case
  return known->second;
}

void RunLists::add(ruleinterp::List list, std::string_view address, ruleinterp::Origin origin) {
  const std::string entry{trim(address)};
  if (entry.empty() || entry == "<>" || entry.size() > static_cast<std::size_t>(kListEntry.most.count)) return;
  if (origin == ruleinterp::Origin::mail && store::is_pattern(entry)) {
    log(kPatternFromMail, {{"entry", printable(entry)}});
    return;  // who writes to *@example.com has not chosen to list everybody there
  }
  if (!added_.emplace(list, to_lower(entry)).second) return;
  lists_.add(list, entry, envelope_.mail_from);
}

}  // namespace pennypost::filter
