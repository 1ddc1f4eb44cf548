// ID (RFC 2971).
#pragma once
#include <string>

#include "server/imap/command.h"

namespace pennypost::imap {

class Id final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "ID", .capability = "ID"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  std::string client_;
};

}  // namespace pennypost::imap
