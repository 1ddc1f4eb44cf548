// EXPUNGE (RFC 3501 6.4.3) and UID EXPUNGE (RFC 4315 2.1).
#pragma once
#include <optional>

#include "server/imap/command.h"

namespace pennypost::imap {

class Expunge final : public Command {
 public:
  static constexpr CommandRow kRow{
      .name = "EXPUNGE", .in = In::selected, .has_uid_form = true, .capability = "UIDPLUS"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  std::optional<SequenceSet> uids_;  // none in the plain form: all that carry \Deleted
};

}  // namespace pennypost::imap
