// STATUS (RFC 3501 6.3.10).
#pragma once
#include <string>
#include <vector>

#include "server/imap/command.h"
#include "server/imap/status_items.h"

namespace pennypost::imap {

class StatusCommand final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "STATUS", .in = In::authenticated};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  std::string name_;
  std::vector<StatusItem> items_;
};

}  // namespace pennypost::imap
