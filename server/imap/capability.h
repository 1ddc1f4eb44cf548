// CAPABILITY (RFC 3501 6.1.1).
#pragma once

#include "server/imap/command.h"

namespace pennypost::imap {

class Capability final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "CAPABILITY"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;
};

}  // namespace pennypost::imap
