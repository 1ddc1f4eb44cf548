// CREATE (RFC 3501 6.3.3; USE: RFC 6154 section 3).
#pragma once
#include <string>

#include "server/imap/command.h"
#include "server/store/folders.h"

namespace pennypost::imap {

class Create final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "CREATE", .in = In::authenticated, .capability = "CREATE-SPECIAL-USE"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  std::string name_;
  store::SpecialUse use_ = store::SpecialUse::none;
};

}  // namespace pennypost::imap
