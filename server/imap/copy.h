// COPY (RFC 3501 6.4.7).
#pragma once
#include <string>

#include "server/imap/command.h"

namespace pennypost::imap {

class Copy final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "COPY", .in = In::selected, .has_uid_form = true};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  SequenceSet set_ = SequenceSet::of({});
  bool by_uid_ = false;
  std::string to_;
};

}  // namespace pennypost::imap
