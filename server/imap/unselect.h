// UNSELECT (RFC 3691).
#pragma once

#include "server/imap/command.h"

namespace pennypost::imap {

class Unselect final : public Command {
 public:
  static constexpr CommandRow kRow{
      .name = "UNSELECT", .in = In::selected, .uses = Uses::own_updates, .capability = "UNSELECT"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;
};

}  // namespace pennypost::imap
