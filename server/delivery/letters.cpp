// What a message leaves behind (see the header): one copy a mailbox, however many ways lead there (spec 60 section 20).
// Needs what the stages said in the edits of the run. A folder or a spool file that cannot be had is an error of the
// whole message: nothing of it is stored.
#include "server/delivery/letters.h"

#include <algorithm>

#include "server/base/clock.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/delivery/describe.h"
#include "server/delivery/success_report.h"
#include "server/message/build.h"
#include "server/message/charset.h"

namespace pennypost::delivery {
namespace {

constexpr LogEvent kNoOwnCopy{"delivery.no_own_copy", Level::warning,
                              "limit {limit} passed: further copies of message {trace} get the header of all"};

store::ReturnOption stored(Return r) {
  switch (r) {
    case Return::full:
      return store::ReturnOption::full;
    case Return::headers:
      return store::ReturnOption::headers;
    case Return::not_given:
      break;
  }
  return store::ReturnOption::unset;
}

}  // namespace

/// A report on its way in the same commit as the message that it is about.
struct Letters::Report {
  std::string octets;
  message::Message message;
  store::NewBody body;
  Route route;
};

/// What the sender asked for with NOTIFY=SUCCESS; nothing where nobody asked or nobody can be told.
std::unique_ptr<Letters::Report> Letters::success_report_of(const Router& router) const {
  const auto& envelope = run_.mail.envelope;
  if (envelope.return_path.empty() || run_.held || run_.mail.client.entry == Entry::system) return nullptr;
  std::vector<const Recipient*> delivered;
  for (std::size_t i = 0; i < envelope.recipients.size(); ++i)
    if (envelope.recipients[i].notify.success && run_.edits.routes().at(i).kind == Route::Kind::mailbox)
      delivered.push_back(&envelope.recipients[i]);
  if (delivered.empty()) return nullptr;
  auto route = router.route(envelope.return_path);
  if (!route || (route->kind != Route::Kind::mailbox && route->kind != Route::Kind::outside)) return nullptr;
  const auto domain = router.default_domain();
  auto report = std::make_unique<Report>();
  report->octets = success_report(envelope, delivered, run_.message.header(), run_.host_name,
                                  domain && !domain->empty() ? *domain : run_.host_name, run_.at);
  report->message = message::parse(report->octets);
  report->body = delivery::describe(report->message);
  report->route = *std::move(route);
  return report;
}

Result<store::Letter> Letters::report_letter(MailboxFolders& folders) const {
  store::Letter letter;
  letter.body = &report_->body;
  for (const auto account : report_->route.accounts) {
    const auto folder = folders.of(account, {});
    if (!folder) return folder.error();
    store::MailboxEntry entry;
    entry.folder = *folder;
    entry.internal_date = run_.at;
    entry.prefix = message::return_path_field("") + "X-VPOP3-RCPTTYPE: E\r\n" +
                   message::field("X-VPOP3-ORIGRCPT", run_.mail.envelope.return_path);
    letter.mailboxes.push_back(std::move(entry));
  }
  if (report_->route.kind == Route::Kind::outside) {
    store::QueueEntry out;
    out.sender_ip = "unknown";
    out.subject = report_->body.subject;
    out.trace_id = run_.trace.trace_id;
    out.recipients.push_back({run_.mail.envelope.return_path, "NEVER", {}});  // RFC 3461 section 6.2.5
    letter.queue.push_back(std::move(out));
  }
  return letter;
}

/// The copy of a message for the quarantine of an account.
store::QuarantineEntry Letters::quarantined(const store::NewBody& body, const Copy& copy, std::string prefix) const {
  store::QuarantineEntry entry;
  entry.account = copy.account;
  entry.prefix = std::move(prefix);
  entry.at = run_.at;
  entry.spam_score = run_.edits.spam_score();
  entry.rules = run_.edits.spam_rules();
  entry.return_path = run_.mail.envelope.return_path;
  entry.folded_from =
      message::fold_case(body.from_name + " <" + (body.from_addr.empty() ? entry.return_path : body.from_addr) + ">");
  entry.folded_subject = message::fold_case(body.subject);
  entry.recipients = copy.originals;
  return entry;
}

/// The copies with a header of their own, as far as the limit goes.
Result<void> Letters::own_copies(const std::string& spool) {
  int bodies = 0;
  bool any_without = false;
  for (const auto& copy : copies_) {
    const auto* make = run_.edits.own_header_of(copy.account);
    if (make == nullptr) continue;
    auto made = own_copy(*make, run_.message, spool, bodies < kOwnBodies.most);
    if (!made) return std::move(made).error();
    auto& own = *made;
    if (own && own->body) ++bodies;
    any_without |= !own;
    if (own) own_.emplace(copy.account, *std::move(own));
  }
  if (any_without) log(kNoOwnCopy, {{"limit", kOwnBodies.name}, {"trace", run_.trace.trace_id}});
  return {};
}

/// Into its folder or the quarantine; `own` are fields of this copy alone.
Result<void> Letters::put_copy(const Copy& copy, const std::string& own, MailboxFolders& folders,
                               store::Letter& letter) const {
  auto prefix = message::return_path_field(run_.mail.envelope.return_path) + "X-VPOP3-RCPTTYPE: " + copy.types + "\r\n";
  for (const auto& original : copy.originals) prefix += message::field("X-VPOP3-ORIGRCPT", original);
  prefix += own;
  const auto place = run_.edits.place_of(copy.account);
  if (place.is_quarantine && !run_.held) {
    letter.quarantine.push_back(quarantined(*letter.body, copy, std::move(prefix)));
    return {};
  }
  auto folder = folders.of(copy.account, place.folder);
  if (!folder) return std::move(folder).error();
  store::MailboxEntry entry;
  entry.folder = *folder;
  entry.internal_date = run_.at;
  entry.is_held = run_.held;
  entry.spam_score = run_.edits.spam_score();
  entry.prefix = std::move(prefix);
  letter.mailboxes.push_back(std::move(entry));
  return {};
}

/// An entry of the out queue without recipients.
store::QueueEntry Letters::queue_entry() const {
  const auto& envelope = run_.mail.envelope;
  store::QueueEntry out;
  out.return_path = envelope.return_path;
  out.auth_sender = run_.mail.client.account_name;
  out.sender_ip = run_.mail.client.address.empty() ? "unknown" : run_.mail.client.address;  // spec 60 section 8.1
  out.subject = body_.subject;
  out.envelope_id = envelope.envelope_id;
  out.returned = stored(envelope.returns);
  out.is_8bit = envelope.eight_bit;
  out.is_utf8 = envelope.utf8;
  out.hold = run_.held ? store::HoldState::held : store::HoldState::none;
  out.trace_id = run_.trace.trace_id;
  return out;
}

/// What a script sends outside.
store::QueueEntry Letters::queue_entry_of(const ExtraCopy& extra) const {
  auto out = queue_entry();
  out.prefix = message::field(kLoopField, extra.address);
  const bool is_reported = !extra.failures_to.empty();
  if (is_reported) {  // another sends it now: what the first sender asked for (RFC 3461) is not passed on
    out.return_path = extra.failures_to;
    out.envelope_id.clear();
    out.returned = store::ReturnOption::full;
  }
  out.recipients.push_back({extra.address, is_reported ? "" : "NEVER", {}});
  return out;
}

Letters::Letters(const Run& run) : run_{run} {
  const auto& recipients = run.mail.envelope.recipients;
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    const auto& recipient = recipients[i];
    const auto& route = run.edits.routes().at(i);
    if (route.kind == Route::Kind::outside)
      out_.push_back({recipient.address, recipient.notify.text(), recipient.original});
    if (route.kind != Route::Kind::mailbox) continue;
    for (const auto account : route.accounts) {
      auto copy = std::ranges::find(copies_, account, &Copy::account);
      if (copy == copies_.end()) copy = copies_.insert(copies_.end(), Copy{account, {}, {}});
      if (copy->types.find(route.type) == std::string::npos) copy->types += route.type;
      copy->originals.push_back(recipient.address);
    }
  }
  for (const auto& extra : run.edits.copies()) {
    if (extra.route.kind == Route::Kind::outside) copied_out_.push_back(&extra);
    if (extra.route.kind != Route::Kind::mailbox) continue;
    for (const auto account : extra.route.accounts)
      if (std::ranges::find(copies_, account, &Copy::account) == copies_.end())
        copies_.push_back({account, std::string(1, extra.route.type), {extra.address}});
  }
}

Letters::~Letters() = default;

Result<void> Letters::describe(const Router& router, const std::string& spool) {
  body_ = delivery::describe(run_.message);
  report_ = success_report_of(router);
  return own_copies(spool);
}

Result<store::Delivery> Letters::delivery(MailboxFolders& folders) const {
  store::Delivery delivery;
  store::Letter letter;
  letter.body = &body_;
  std::size_t kept_back = 0;
  for (const auto& copy : copies_) {
    const auto mine = own_.find(copy.account);
    const bool has_body = mine != own_.end() && mine->second.body;
    store::Letter of_its_own;
    if (has_body) of_its_own.body = &mine->second.body->stored;
    store::Letter& into = has_body ? of_its_own : letter;
    const auto before = into.quarantine.size();
    const auto put = put_copy(copy, mine == own_.end() ? std::string{} : mine->second.prefix, folders, into);
    if (!put) return put.error();
    kept_back += into.quarantine.size() - before;
    if (has_body) delivery.letters.push_back(std::move(of_its_own));
  }
  if (!out_.empty()) {
    auto entry = queue_entry();
    entry.recipients = out_;
    letter.queue.push_back(std::move(entry));
  }
  for (const ExtraCopy* extra : copied_out_) letter.queue.push_back(queue_entry_of(*extra));
  delivery.trace = run_.trace;
  delivery.trace.lines.push_back({now(), "store", "pass",
                                  std::to_string(copies_.size() - kept_back) + " mailboxes, " +
                                      (kept_back > 0 ? std::to_string(kept_back) + " quarantined, " : "") +
                                      std::to_string(outside()) + " outside"});
  delivery.send_results.assign(run_.results.begin(), run_.results.end());
  delivery.reported = run_.reported;
  if (!letter.mailboxes.empty() || !letter.quarantine.empty() || !letter.queue.empty())
    delivery.letters.push_back(std::move(letter));
  if (report_) {
    auto reported = report_letter(folders);
    if (!reported) return std::move(reported).error();
    delivery.letters.push_back(*std::move(reported));
  }
  return delivery;
}

}  // namespace pennypost::delivery
