// SELECT (RFC 3501 6.3.1).
#pragma once
#include <string>

#include "server/imap/command.h"
#include "server/store/folders.h"

namespace pennypost::imap {

class Select : public Command {
 public:
  static constexpr CommandRow kRow{.name = "SELECT", .in = In::authenticated, .uses = Uses::own_updates};
  explicit Select(store::Access access = store::Access::read_write) : access_{access} {}
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  store::Access access_;
  std::string name_;
  bool condstore_ = false;
};

}  // namespace pennypost::imap
