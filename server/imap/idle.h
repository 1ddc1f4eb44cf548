// IDLE (RFC 2177).
#pragma once

#include "server/imap/command.h"

namespace pennypost::imap {

class Idle final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "IDLE", .in = In::authenticated, .capability = "IDLE"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;
};

}  // namespace pennypost::imap
