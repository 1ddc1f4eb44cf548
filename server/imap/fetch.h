// FETCH and UID FETCH (RFC 3501 6.4.5; CHANGEDSINCE: RFC 7162 3.1.4.1).
#pragma once
#include <optional>

#include "server/imap/command.h"
#include "server/imap/fetch_items.h"
#include "server/imap/selection.h"

namespace pennypost::imap {

class Fetch final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "FETCH", .in = In::selected, .uses = Uses::numbers, .has_uid_form = true};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  Result<void> mark_seen(Session& session, const Chosen& chosen);

  SequenceSet set_ = SequenceSet::of({});
  bool by_uid_ = false;
  FetchItems items_;
  std::optional<ModSeq> changed_since_;
};

}  // namespace pennypost::imap
