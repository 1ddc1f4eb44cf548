// Bags: ordered collections of values (spec 10 sections 3.4, 6.3, 6.10, 6.13, 6.35; 11 section 1.3). A bag that was
// never filled is empty. Values compare octet by octet; only wildcards ignore case.
#include <algorithm>

#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {

Flow run_add_bag(Run& run, const Instruction& i) {
  const std::string_view value = run.text(i, 2);
  const std::uint32_t how = run.choice(i, 0, "unique multi");
  if (how == kNone) return Flow::next;
  const bool unique = how == 0;
  Bag& bag = run.bag(i, 1);
  if (!unique || !bag.contains(value)) run.add_to(bag, value);
  return Flow::next;
}

Flow run_clear_bag(Run& run, const Instruction& i) {
  run.bag(i, 0).clear();
  return Flow::next;
}

Flow run_copy_bag(Run& run, const Instruction& i) {
  const Bag& from = run.bag(i, 1);  // may be the same bag as `to`
  Bag& to = run.bag(i, 2);
  const std::string_view how = run.text(i, 0);
  if (!equal_ignoring_case(how, "subtract")) run.arena().charge(from.size() * sizeof(std::string_view));
  if (equal_ignoring_case(how, "overwrite")) {
    to = from;
  } else if (equal_ignoring_case(how, "add")) {
    if (&from == &to) return Flow::next;
    for (const std::string_view value : from)
      if (!to.contains(value)) to.add(value);
  } else if (equal_ignoring_case(how, "subtract")) {
    to.remove_all_of(from);
  } else {
    run.warn("CopyBag knows overwrite, add and subtract only");
  }
  return Flow::next;
}

Flow run_remove_bag(Run& run, const Instruction& i) {
  run.bag(i, 0).remove_first(run.text(i, 1));
  return Flow::next;
}

bool bag_holds(Run& run, const Bag& bag, const Operand& value) {
  const std::string_view wanted = run.text(value);
  if (search_form(wanted).expression) {
    const auto search = run.search_of(value);
    if (!search) return false;
    Match match;
    std::uint32_t tried = 0;
    for (const std::string_view item : bag) {
      if (++tried % 16 == 0) run.look_at_clock();
      if (search->find(item, 0, &match) != Matched::yes) continue;
      run.set_groups(match);
      return true;
    }
    run.no_match();
    return false;
  }
  if (wanted.find_first_of("*?") == std::string_view::npos) return bag.contains(wanted);
  return std::any_of(bag.begin(), bag.end(), [&](std::string_view item) { return wildcard_matches(wanted, item); });
}

}  // namespace pennypost::ruleinterp::families
