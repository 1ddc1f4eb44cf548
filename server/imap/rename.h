// RENAME (RFC 3501 6.3.5).
#pragma once
#include <string>

#include "server/imap/command.h"

namespace pennypost::imap {

class Rename final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "RENAME", .in = In::authenticated};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  std::string from_;
  std::string to_;
};

}  // namespace pennypost::imap
