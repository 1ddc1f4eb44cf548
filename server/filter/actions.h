// What a script asks to be done with a message, carried out on its edits: header changes, Copy, Redirect (spec 10
// sections 6.6 and 6.12, 11 sections 4 and 8).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ruleinterp/outcome.h"
#include "server/base/smtp_text.h"
#include "server/delivery/stage.h"
#include "server/store/store.h"

namespace pennypost::filter {

/// Header changes for all copies. Those for the copy of one user are left out.
void apply(const std::vector<ruleinterp::HeaderChange>& changes, std::string_view raw_header, delivery::Edits& edits);

/// Header changes `{user}`: the copy in that user's mailbox gets them, whatever way the message comes there. A user is
/// the name of an account, or an address that means one. A later change of the same field for all wins.
void apply_own(store::Store& store, const std::vector<ruleinterp::HeaderChange>& changes, delivery::Edits& edits);

/// Copy: one more recipient each, a user or an address here or outside; at most kFilterCopies. Who gets the message
/// anyway gets it once. A message that an address outside has got by Copy or Redirect before is not sent there again:
/// its X-Loop field says so.
void copy(const delivery::Arrival& mail, const std::vector<std::string>& addresses, delivery::Edits& edits);

/// Redirect: the recipients are replaced by one, but for those that the script also names in a Copy. False, and nothing
/// has changed, when nobody here has the name or the address outside has had the message before.
bool redirect(store::Store& store, const delivery::Arrival& mail, const ruleinterp::Outcome& outcome,
              delivery::Edits& edits);

/// The reply line of Reject as a reply: "451 4.7.1 later" keeps its enhanced code, "552 no thanks" has none.
SmtpReply reply_of(std::string_view line);

}  // namespace pennypost::filter
