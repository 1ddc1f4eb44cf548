// STARTTLS (RFC 3501 6.2.1).
#pragma once

#include "server/imap/command.h"

namespace pennypost::imap {

class StartTls final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "STARTTLS", .in = In::not_authenticated};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;
};

}  // namespace pennypost::imap
