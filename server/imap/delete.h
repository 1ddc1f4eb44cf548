// DELETE (RFC 3501 6.3.4).
#pragma once
#include <string>

#include "server/imap/command.h"

namespace pennypost::imap {

class Delete final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "DELETE", .in = In::authenticated};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  std::string name_;
};

}  // namespace pennypost::imap
