// CHECK (RFC 3501 6.4.1).
#pragma once

#include "server/imap/command.h"

namespace pennypost::imap {

class Check final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "CHECK", .in = In::selected};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;
};

}  // namespace pennypost::imap
