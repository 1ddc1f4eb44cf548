// MOVE (RFC 6851).
#pragma once
#include <string>

#include "server/imap/command.h"

namespace pennypost::imap {

class Move final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "MOVE", .in = In::selected, .has_uid_form = true, .capability = "MOVE"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  SequenceSet set_ = SequenceSet::of({});
  bool by_uid_ = false;
  std::string to_;
};

}  // namespace pennypost::imap
