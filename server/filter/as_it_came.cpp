// Our Received field names the program (spec 40 section 15.1); a stranger who imitates it hides fields from learning
// only.
#include "server/filter/as_it_came.h"

#include "server/message/header.h"

namespace pennypost::filter {

std::string_view as_it_came(std::string_view octets) {
  std::size_t field_begin = 0;
  for (const message::Field& field : message::Fields{octets}) {
    field_begin += field.all.size();
    if (!field.is("Received")) continue;
    const bool ours = field.value.find(" running VPOP3) ") != std::string_view::npos;
    return ours ? octets.substr(field_begin) : octets;
  }
  return octets;
}

}  // namespace pennypost::filter
