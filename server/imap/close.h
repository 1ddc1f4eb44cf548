// CLOSE (RFC 3501 6.4.2).
#pragma once

#include "server/imap/command.h"

namespace pennypost::imap {

class Close final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "CLOSE", .in = In::selected, .uses = Uses::own_updates};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;
};

}  // namespace pennypost::imap
