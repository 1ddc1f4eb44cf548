// LOGIN (RFC 3501 6.2.3).
#pragma once
#include <string>

#include "server/imap/command.h"

namespace pennypost::imap {

class Login final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "LOGIN", .in = In::not_authenticated};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  std::string name_;
  std::string password_;
};

}  // namespace pennypost::imap
