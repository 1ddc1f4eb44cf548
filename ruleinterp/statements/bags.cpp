// Bags: ordered collections of values (spec 10 sections 3.4, 6.3, 6.10, 6.13, 6.35; 11 section 1.3). A bag that was
// never filled is empty. Values compare octet by octet; only wildcards ignore case.
#include <algorithm>

#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {
namespace {

bool contains(const Bag& bag, std::string_view value) { return std::find(bag.begin(), bag.end(), value) != bag.end(); }

}  // namespace

Flow run_add_bag(Run& run, const Instruction& i) {
  const std::string_view value = run.text(i, 2);
  const bool unique = i.operands[0].index == 0 || equal_ignoring_case(run.text(i, 0), "unique");
  Bag& bag = run.bag(i, 1);
  if (!unique || !contains(bag, value)) run.add_to(bag, value);
  return Flow::next;
}

Flow run_clear_bag(Run& run, const Instruction& i) {
  run.bag(i, 0).clear();
  return Flow::next;
}

Flow run_copy_bag(Run& run, const Instruction& i) {
  const Bag from = run.bag(i, 1);  // a copy: both sides may be the same bag
  Bag& to = run.bag(i, 2);
  const std::string_view how = run.text(i, 0);
  run.arena().charge(from.size() * sizeof(std::string_view));
  if (equal_ignoring_case(how, "overwrite")) {
    to = from;
  } else if (equal_ignoring_case(how, "add")) {
    for (const std::string_view value : from)
      if (!contains(to, value)) to.push_back(value);
  } else if (equal_ignoring_case(how, "subtract")) {
    std::erase_if(to, [&](std::string_view value) { return contains(from, value); });
  } else {
    run.warn("CopyBag knows overwrite, add and subtract only");
  }
  return Flow::next;
}

Flow run_remove_bag(Run& run, const Instruction& i) {
  Bag& bag = run.bag(i, 0);
  const auto found = std::find(bag.begin(), bag.end(), run.text(i, 1));
  if (found != bag.end()) bag.erase(found);
  return Flow::next;
}

bool bag_holds(Run& run, const Bag& bag, const Operand& value) {
  const std::string_view wanted = run.text(value);
  if (search_form(wanted).expression) {
    const auto search = run.search_of(value);
    if (!search) return false;
    Match match;
    for (const std::string_view item : bag) {
      if (search->find(item, 0, &match) != Matched::yes) continue;
      run.set_groups(match);
      return true;
    }
    return false;
  }
  if (wanted.find_first_of("*?") == std::string_view::npos) return contains(bag, wanted);
  return std::any_of(bag.begin(), bag.end(), [&](std::string_view item) { return wildcard_matches(wanted, item); });
}

}  // namespace pennypost::ruleinterp::families
