// What a script asks to be done with a message, carried out on its edits: header changes, Copy, Redirect (spec 10
// sections 6.6 and 6.12, 11 sections 4 and 8).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ruleinterp/outcome.h"
#include "server/base/smtp_text.h"
#include "server/delivery/router.h"
#include "server/delivery/stage.h"
#include "server/store/store.h"

namespace pennypost::filter {

/// Header changes for all copies. Those for the copy of one user are left out.
void apply(const std::vector<ruleinterp::HeaderChange>& changes, std::string_view raw_header, delivery::Edits& edits);

/// Header changes `{user}`: the copy in that user's mailbox gets them, whatever way the message comes there. A user is
/// the name of an account, or an address that means one. A later change of the same field for all wins.
void apply_own(store::Store& store, const std::vector<ruleinterp::HeaderChange>& changes, delivery::Edits& edits);

/// Copy: one more recipient each, a user or an address here or outside (the language limits their number). Who gets the
/// message anyway gets it once. A message that an address outside has got by Copy or Redirect before is not sent there
/// again: its X-Loop field says so.
void copy(const delivery::Arrival& mail, const std::vector<std::string>& addresses, delivery::Edits& edits);

/// Redirect: the recipients are replaced by one, but for those that the script also names in a Copy. What goes outside
/// goes in the postmaster's name: he gets the message back when it cannot be delivered, for it is nowhere else. False,
/// with a line in the log and nothing changed, when nobody here has the name; when the address outside is none, has had
/// the message before, or sends it back; when no postmaster could be told, or not with the whole message
/// (kReportedOriginal).
bool redirect(const delivery::Router& router, const delivery::Arrival& mail, const ruleinterp::Outcome& outcome,
              delivery::Edits& edits);

/// The reply line of Reject as a reply: "451 4.7.1 later" keeps its enhanced code, "552 no thanks" has none.
SmtpReply reply_of(std::string_view line);

}  // namespace pennypost::filter
