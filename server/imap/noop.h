// NOOP (RFC 3501 6.1.2): what is new is told before its reply.
#pragma once

#include "server/imap/command.h"

namespace pennypost::imap {

class Noop final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "NOOP"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;
};

}  // namespace pennypost::imap
