// EXAMINE (RFC 3501 6.3.2): SELECT that changes nothing, not even \Recent.
#pragma once
#include "server/imap/select.h"

namespace pennypost::imap {

class Examine final : public Select {
 public:
  static constexpr CommandRow kRow{.name = "EXAMINE", .in = In::authenticated, .uses = Uses::own_updates};
  Examine() : Select{store::Access::read_only} {}
};

}  // namespace pennypost::imap
