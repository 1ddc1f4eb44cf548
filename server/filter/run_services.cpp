// Services of one run (see the header).
#include "server/filter/run_services.h"

#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"

namespace pennypost::filter {
namespace {

constexpr LogEvent kPatternFromScript{"filter.pattern_from_script", Level::warning,
                                      "the spam rules add {entry} to a list: it is a pattern, so it is not added"};

}  // namespace

bool RunLists::contains(ruleinterp::List list, std::string_view address) {
  const auto [known, is_new] = looked_up_.try_emplace({list, to_lower(trim(address))}, false);
  if (is_new) known->second = lists_.contains(list, trim(address));  // an expression may mind the case
  return known->second;
}

void RunLists::add(ruleinterp::List list, std::string_view address) {
  const std::string entry{trim(address)};
  if (entry.empty() || entry == "<>" || entry.size() > static_cast<std::size_t>(kListEntry.most.count)) return;
  if (store::is_pattern(entry)) {
    log(kPatternFromScript, {{"entry", printable(entry)}});
    return;
  }
  if (!added_.emplace(list, to_lower(entry)).second) return;
  lists_.add(list, entry, envelope_.mail_from);
}

}  // namespace pennypost::filter
