// LOGOUT (RFC 3501 6.1.3).
#pragma once

#include "server/imap/command.h"

namespace pennypost::imap {

class Logout final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "LOGOUT", .uses = Uses::own_updates};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;
};

}  // namespace pennypost::imap
