// The row of a message in the historical log, made only when that is switched on. Needs nothing but what the runner
// knows; recipients of a message that was refused before the routing are looked up once more, and count as ours when
// the address book is away.
#include "server/delivery/history.h"

#include <algorithm>

#include "server/base/clock.h"
#include "server/base/text.h"
#include "server/message/encoded_words.h"
#include "server/message/header.h"
#include "server/message/text.h"

namespace pennypost::delivery {
namespace {

std::string subject_of(const message::Message& message) {
  const auto field = message::find_field(message.header(), "Subject");
  if (!field) return {};
  const auto value = field->value.substr(0, kHistoryText.most.size() * 4);  // encoded words are longer than their text
  return message::decode_words(value, is_ascii(value) ? std::string{} : message::first_charset(message));
}

store::RecipientType type_of(Route::Kind kind) {
  switch (kind) {
    case Route::Kind::outside:
      return store::RecipientType::remote;
    case Route::Kind::unknown:
      return store::RecipientType::unknown;
    case Route::Kind::mailbox:
    case Route::Kind::discard:
      break;
  }
  return store::RecipientType::normal;
}

/// Of each copy once: a list's members may have theirs in different places.
std::string copies_of(const Route& route, const Ended& mail) {
  std::vector<std::string> places;
  for (const auto account : route.accounts) {
    const auto place = mail.edits.place_of(account);
    std::string word = place.is_quarantine ? "quarantined" : mail.held ? "held" : "delivered";
    if (!place.folder.empty()) word += " to " + place.folder;
    if (std::ranges::find(places, word) == places.end()) places.push_back(std::move(word));
  }
  return join(places, ", ");
}

std::string result_of(const Route& route, const Ended& mail) {
  if (!mail.reply.is_positive()) return mail.reply.line();
  if (!mail.stage.empty()) return "dropped by " + std::string{mail.stage};
  if (!route.redirected_to.empty())
    return "redirected to " + route.redirected_to +
           (route.kind == Route::Kind::mailbox ? ", " + copies_of(route, mail) : std::string{});
  switch (route.kind) {
    case Route::Kind::mailbox:
      return copies_of(route, mail);
    case Route::Kind::outside:
      return mail.held ? "held" : "queued";
    case Route::Kind::discard:
      return "discarded";
    case Route::Kind::unknown:
      break;
  }
  return "unknown";
}

}  // namespace

store::MessageRecord history_of(const Ended& mail, const Router& router) {
  store::MessageRecord record;
  record.session = mail.client.history;
  record.subject = subject_of(mail.message);
  record.from = mail.envelope.return_path;
  record.auth_sender = mail.client.account_name;
  record.size = {static_cast<std::int64_t>(mail.message.raw.size())};
  record.at = mail.at;
  record.spam = mail.edits.is_spam();
  record.trace_id = mail.trace_id;
  record.time = now() - mail.at;
  if (!mail.reply.is_positive()) record.error = mail.reply.line() + " ";
  if (!mail.stage.empty()) record.error += "(" + std::string{mail.stage} + ": " + std::string{mail.reason} + ")";
  const auto& recipients = mail.envelope.recipients;
  record.recipients.reserve(recipients.size() + mail.envelope.refused.size());
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    Route route{Route::Kind::mailbox, {}};
    if (i < mail.edits.routes().size()) {
      route = mail.edits.routes()[i];
    } else if (auto found = router.route(recipients[i].address)) {
      route = *std::move(found);
    }
    record.recipients.push_back({recipients[i].address, type_of(route.kind), result_of(route, mail)});
  }
  for (const auto& copy : mail.edits.copies())
    record.recipients.push_back({copy.address, type_of(copy.route.kind), result_of(copy.route, mail)});
  for (const auto& refused : mail.envelope.refused)
    record.recipients.push_back({refused.address, store::RecipientType::unknown, refused.reply});
  for (const auto& hit : mail.edits.hits()) record.rules.push_back({hit.rule, hit.pattern, hit.match, hit.score});
  for (auto& file : message::attachments(mail.message)) {
    if (record.attachments.size() >= static_cast<std::size_t>(kHistoryRows.most)) break;
    record.attachments.push_back(
        {std::move(file.name), std::move(file.type), {static_cast<std::int64_t>(file.octets)}});
  }
  return record;
}

}  // namespace pennypost::delivery
