// ENABLE (RFC 5161).
#pragma once

#include "server/imap/command.h"

namespace pennypost::imap {

class Enable final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "ENABLE", .in = In::authenticated, .capability = "ENABLE"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  bool condstore_ = false;
};

}  // namespace pennypost::imap
