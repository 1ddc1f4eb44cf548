// STORE and UID STORE (RFC 3501 6.4.6; UNCHANGEDSINCE: RFC 7162 3.1.3).
#pragma once
#include <optional>
#include <vector>

#include "server/imap/command.h"
#include "server/imap/selection.h"
#include "server/store/messages.h"

namespace pennypost::imap {

class StoreCommand final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "STORE", .in = In::selected, .uses = Uses::numbers, .has_uid_form = true};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  void tell_rows(Session& session, const Chosen& chosen, const std::vector<Uid>& left_alone);
  SequenceSet set_ = SequenceSet::of({});
  bool by_uid_ = false;
  bool silent_ = false;
  std::optional<ModSeq> unchanged_since_;
  store::FlagChange change_;
};

}  // namespace pennypost::imap
