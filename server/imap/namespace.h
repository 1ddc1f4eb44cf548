// NAMESPACE (RFC 2342).
#pragma once

#include "server/imap/command.h"

namespace pennypost::imap {

class Namespace final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "NAMESPACE", .in = In::authenticated, .capability = "NAMESPACE"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;
};

}  // namespace pennypost::imap
