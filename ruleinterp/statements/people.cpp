// Who and where: address types, groups, countries (spec 10 sections 6.24, 6.26, 6.30). Unknown is empty.
#include <fmt/format.h>

#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {

Flow run_get_address_type(Run& run, const Instruction& i) {
  std::string type;
  if (run.host().directory) {
    type = run.host().directory->address_type(trim(run.text(i, 0)));
  } else {
    run.warn_missing("directory of users");
  }
  run.set(Run::variable(i, 1), type);
  return Flow::next;
}

Flow run_get_user_group(Run& run, const Instruction& i) {
  std::string groups;
  if (run.host().directory) {
    groups = fmt::format("{}", fmt::join(run.host().directory->groups_of(trim(run.text(i, 0))), "\n"));
  } else {
    run.warn_missing("directory of users");
  }
  run.set(Run::variable(i, 1), groups);
  return Flow::next;
}

Flow run_get_geo_ip(Run& run, const Instruction& i) {
  std::string country;
  if (run.host().geoip) {
    country = run.host().geoip->country(trim(run.text(i, 0)));
  } else {
    run.warn_missing("GeoIP database");
  }
  run.set(Run::variable(i, 1), country);
  return Flow::next;
}

}  // namespace pennypost::ruleinterp::families
