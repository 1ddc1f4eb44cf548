// The stages of delivery itself (see the header). A stage that cannot ask the database defers: the client keeps the
// message and tries again.
#include "server/delivery/stages.h"

#include "server/base/text.h"
#include "server/delivery/received.h"
#include "server/message/build.h"
#include "server/message/date.h"
#include "server/message/header.h"
#include "server/message/message_ids.h"

namespace pennypost::delivery {

Verdict HopLimit::judge(const Arrival& mail, Edits& /*edits*/) const {
  const auto most = mail.settings.get(kMaxHops);
  if (mail.received_fields <= most) return Pass{};
  return Refuse{kTooManyHops,
                "Received fields: " + std::to_string(mail.received_fields) + ", MaxHops: " + std::to_string(most)};
}

Verdict HeaderWork::judge(const Arrival& mail, Edits& edits) const {
  const auto& client = mail.client;
  if (client.entry == Entry::system) return Pass{};
  std::string added;
  const auto header = mail.message.header();
  if (client.account) {
    if (!message::find_field(header, "Message-ID")) {
      edits.add_above("Message-ID: " + message::new_message_id(mail.host_name) + "\r\n");
      added += " Message-ID";
    }
    if (!message::find_field(header, "Date")) {
      edits.add_above("Date: " + message::format_date(mail.at, local_zone_minutes(mail.at)) + "\r\n");
      added += " Date";
    }
  }
  if (client.account) {
    edits.add_above(message::field("X-Authenticated-Sender", client.account_name));
    added += " X-Authenticated-Sender";
  }
  if (client.entry == Entry::smtp) {
    edits.add_above(received_field(client, mail.envelope, mail.host_name, mail.at));
    added += " Received";
  }
  return Pass{added.empty() ? added : "added" + added};
}

Verdict Routing::judge(const Arrival& mail, Edits& edits) const {
  std::size_t taken = 0;
  std::string unknown;
  std::string reason;
  for (std::size_t i = 0; i < mail.envelope.recipients.size(); ++i) {
    const auto& address = mail.envelope.recipients[i].address;
    if (edits.has_route(i)) {  // an earlier stage sends it elsewhere
      ++taken;
      if (i < 20) reason += (reason.empty() ? "" : ", ") + printable(address) + " -> redirected";
      continue;
    }
    auto route = router_.route(address);
    if (!route) return Defer{kAddressBookAway, route.error().for_log};
    if (i < 20) {
      reason += reason.empty() ? "" : ", ";
      reason += printable(address) + " -> ";
      switch (route->kind) {
        case Route::Kind::mailbox:
          for (std::size_t k = 0; k < route->accounts.size(); ++k)
            reason += (k == 0 ? "account " : "+") + std::to_string(number(route->accounts[k]));
          break;
        case Route::Kind::outside:
          reason += "out queue";
          break;
        case Route::Kind::discard:
          reason += "discarded";
          break;
        case Route::Kind::unknown:
          reason += "unknown";
          break;
      }
    } else if (i == 20) {
      reason += ", ... (" + std::to_string(mail.envelope.recipients.size()) + " recipients)";
    }
    if (route->kind == Route::Kind::unknown)
      unknown += (unknown.empty() ? "<" : ", <") + printable(address) + ">";
    else
      ++taken;
    edits.route(i, *std::move(route));
  }
  for (auto& copy : edits.copies()) {
    auto route = router_.route(copy.address);
    if (!route) return Defer{kAddressBookAway, route.error().for_log};
    copy.route = *std::move(route);
    copy.route.type = 'F';
    reason += ", copy to " + printable(copy.address) + (copy.route.kind == Route::Kind::unknown ? ": unknown" : "");
  }
  if (unknown.empty()) return Pass{reason};
  // Unknown addresses were refused at RCPT: these have gone since. What is made here has nobody to send it again.
  if (mail.client.entry == Entry::system) return taken > 0 ? Verdict{Pass{reason}} : Verdict{Drop{reason}};
  if (taken == 0) return Refuse{SmtpReply::with(kUnrecognisedRecipient, unknown), reason};
  return Defer{kSomeRecipientsGone, reason};
}

}  // namespace pennypost::delivery
