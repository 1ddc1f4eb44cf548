// AUTHENTICATE (RFC 3501 6.2.2, SASL-IR: RFC 4959).
#pragma once
#include <optional>
#include <string>

#include "server/imap/command.h"

namespace pennypost::imap {

class Authenticate final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "AUTHENTICATE", .in = In::not_authenticated};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  std::string mechanism_;
  std::optional<std::string> initial_;
};

}  // namespace pennypost::imap
