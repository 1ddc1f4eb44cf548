// SUBSCRIBE (RFC 3501 6.3.6, 6.3.7).
#pragma once
#include <string>

#include "server/imap/command.h"

namespace pennypost::imap {

class Subscribe final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "SUBSCRIBE", .in = In::authenticated};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  std::string name_;
};

}  // namespace pennypost::imap
