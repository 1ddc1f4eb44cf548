// LSUB (RFC 3501 6.3.9).
#pragma once
#include <string>

#include "server/imap/command.h"

namespace pennypost::imap {

class Lsub final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "LSUB", .in = In::authenticated};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  std::string reference_;
  std::string pattern_;
};

}  // namespace pennypost::imap
