// The way of a message (DESIGN section 3, spec 60 section 1): the list of stages, the runner that writes the trace, and
// the one commit. Needs the store and a spool folder. When anything goes wrong before the commit, nothing is stored and
// the answer is temporary; when the answer is positive, the message is on disk.
#include "server/delivery/pipeline.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/random.h"
#include "server/base/text.h"
#include "server/delivery/history.h"
#include "server/delivery/stages.h"
#include "server/delivery/success_report.h"
#include "server/message/build.h"
#include "server/message/charset.h"
#include "server/message/header.h"
#include "server/message/structure.h"
#include "server/message/summary.h"
#include "server/message/text.h"

namespace pennypost::delivery {
namespace {

constexpr LogEvent kTaken{
    "delivery.taken", Level::info,
    "message {trace} from <{from}> for {recipients} taken, {octets} octets, {mailboxes} mailboxes, {outside} outside"};
constexpr LogEvent kNotTaken{"delivery.not_taken", Level::notice,
                             "message {trace} from <{from}> for {recipients} not taken by {stage}: {reply} ({why})"};
constexpr LogEvent kDropped{"delivery.dropped", Level::notice,
                            "message {trace} from <{from}> dropped by {stage}: {why}"};
constexpr LogEvent kStageFailed{"delivery.stage_failed", Level::error,
                                "stage {stage} failed on message {trace}: {why}"};
constexpr LogEvent kNotCommitted{"delivery.not_committed", Level::error, "message {trace} could not be stored"};

constexpr LogEvent kNoOwnCopy{"delivery.no_own_copy", Level::warning,
                              "limit {limit} passed: further copies of message {trace} get the header of all"};

constexpr auto kAcceptedText = smtp_text(250, {2, 0, 0}, "Message accepted for delivery");
constexpr auto kStageFailedText = smtp_text(451, {4, 3, 0}, "Temporary failure - try again later");
constexpr auto kNoRoom = smtp_text(452, {4, 3, 1}, "Insufficient system storage");
constexpr auto kStoreAway = smtp_text(451, {4, 3, 2}, "Mail system not available - try again later");

/// THE list: its order is the order in which a message is judged (spec 60 section 1.2). What has a place and is not
/// built yet stands as a comment in its place.
std::vector<std::unique_ptr<Stage>> stages_in_order(const Router& router, Judges judges) {
  std::vector<std::unique_ptr<Stage>> list;
  list.push_back(std::make_unique<HopLimit>());
  // SMTP rules, stage 3: what depends on the header (spec 40 section 5)
  // sender checks: SPF, DKIM, DMARC (spec 40 section 13)
  // attachments (spec 60 section 15.1)
  // virus (spec 60 section 15.3)
  for (auto& judge : judges.content) list.push_back(std::move(judge));  // spam rules (spec 10, 11)
  list.push_back(std::make_unique<HeaderWork>());
  list.push_back(std::make_unique<Routing>(router));
  for (auto& judge : judges.per_mailbox) list.push_back(std::move(judge));  // quarantine (spec 11 section 7)
  // per mailbox: message rules, autoresponder, quota notice (spec 60 sections 12, 13)
  // archive, monitoring (spec 60 section 14)
  return list;
}

SmtpReply reply_for(const Error& e) {
  switch (e.kind) {  // no default: a new kind does not compile until it is answered here
    case Kind::disk_full:
      return kNoRoom;
    case Kind::unavailable:
    case Kind::cancelled:
      return kStoreAway;
    case Kind::bad_input:
    case Kind::not_found:
    case Kind::already_exists:
    case Kind::not_permitted:
    case Kind::not_authenticated:
    case Kind::in_use:
    case Kind::over_quota:
    case Kind::too_large:
    case Kind::internal:
      break;
  }
  return kStageFailedText;
}

constexpr std::size_t kMostTracedId =
    900;  // octets of a Message-ID in the trace: an index row of the database is limited

std::string joined(const std::vector<std::string>& parts, std::string_view between) { return join(parts, between); }

/// The ranges of a message that has got `octets` more in front of it.
void shift(message::Message& m, std::string_view raw, std::uint64_t octets) {
  m.raw = raw;
  for (std::size_t i = 0; i < m.tree.parts.size(); ++i) {
    auto& part = m.tree.parts[i];
    if (i > 0) part.header_begin += octets;
    part.body_begin += octets;
    part.end += octets;
  }
}

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

std::string_view word(const Verdict& verdict) {
  static constexpr std::string_view kWords[] = {"pass", "refuse", "defer", "drop", "hold"};
  static_assert(std::size(kWords) == std::variant_size_v<Verdict>);
  return kWords[verdict.index()];
}

const std::string& reason(const Verdict& verdict) {
  return std::visit([](const auto& v) -> const std::string& { return v.reason; }, verdict);
}

store::NewBody describe(const message::Message& m) {
  auto facts = message::summarize(m);
  store::NewBody body;
  body.octets = m.raw;
  body.header_size = {static_cast<std::int64_t>(m.header().size())};
  body.envelope = message::envelope(m);
  body.bodystructure = message::bodystructure(m);
  body.parts = message::encode_parts(m);
  body.subject = std::move(facts.subject);
  body.base_subject = std::move(facts.base_subject);
  body.from_name = std::move(facts.from_name);
  body.from_addr = std::move(facts.from_addr);
  body.reply_to = joined(facts.reply_to, ", ");
  body.to_list = joined(facts.to, ", ");
  if (!facts.cc.empty()) body.to_list += (body.to_list.empty() ? "" : ", ") + joined(facts.cc, ", ");
  body.message_id = std::move(facts.message_id);
  body.in_reply_to = std::move(facts.in_reply_to);
  body.references = joined(facts.references, " ");
  if (facts.date) body.date = facts.date->at;
  body.has_attachments = facts.has_attachments;
  body.search_text = message::search_text(m, message::SearchText::body, kSearchText.most.size());
  std::erase(body.search_text, '\0');  // a decoded part may hold one; text in the database cannot
  return body;
}

/// All the ways that lead to one mailbox: one copy (spec 60 section 20).
struct Pipeline::Copy {
  AccountId account{};
  std::string types;
  std::vector<std::string> originals;
};

/// One message on its way.
struct Pipeline::Run {
  Run(Mail m, const std::string& name, std::shared_ptr<const SettingsSnapshot> s)
      : mail{std::move(m)}, host_name{name}, settings{std::move(s)} {
    trace.trace_id = random_name(12);
  }

  Mail mail;
  const std::string& host_name;
  Timestamp at = now();
  std::shared_ptr<const SettingsSnapshot> settings;
  message::Message message;
  Edits edits;
  bool held = false;
  bool dropped = false;  ///< taken and thrown away by a stage
  std::span<const store::SendResult> results;
  std::optional<store::ReportedQuarantine> reported;
  std::optional<Error> failure;  // of the commit
  store::TraceRecord trace;

  void line(std::string_view stage, std::string_view verdict, std::string why) {
    trace.lines.push_back({now(), std::string{stage}, std::string{verdict}, std::move(why)});
  }
  std::string recipients() const {
    if (mail.envelope.recipients.empty()) return "nobody";
    auto out = "<" + mail.envelope.recipients.front().address + ">";
    if (mail.envelope.recipients.size() > 1)
      out += " and " + std::to_string(mail.envelope.recipients.size() - 1) + " more";
    return out;
  }
  void apply_edits();
};

void Pipeline::Run::apply_edits() {
  auto& content = mail.content;
  const auto header = message.header();
  if (edits.removed().empty() && edits.below().empty()) {
    auto above = edits.above();
    if (above.empty()) return;
    const bool continues = !message.raw.empty() && is_blank(message.raw.front());
    if (header.empty() && !message.raw.empty()) above += "\r\n";  // no header of its own: the text must not become one
    const int moved = content.moved();
    content.replace_front(0, above);
    if (continues || header.empty() || content.moved() != moved)
      message = message::parse(content.octets());
    else
      shift(message, content.octets(), above.size());
    return;
  }
  std::string fresh = edits.above();
  for (const auto& field : message::Fields{header}) {
    const bool goes = std::ranges::any_of(edits.removed(), [&](const std::string& name) { return field.is(name); });
    if (!goes) fresh += field.all;
  }
  if (!fresh.empty() && fresh.back() != '\n') fresh += "\r\n";
  fresh += edits.below();
  fresh += "\r\n";
  content.replace_front(header.size(), fresh);
  message = message::parse(content.octets());
}

Pipeline::Pipeline(store::Store& store, std::string spool, Judges judges)
    : store_{store},
      spool_{std::move(spool)},
      router_{store, std::move(judges.discards)},
      stages_{stages_in_order(router_, std::move(judges))} {
  std::error_code ignored;  // a folder that cannot be made shows when a large message comes, with its reason
  std::filesystem::create_directories(spool_, ignored);
}

Pipeline::~Pipeline() = default;

std::vector<std::string_view> Pipeline::stage_names() const {
  std::vector<std::string_view> names;
  for (const auto& stage : stages_) names.push_back(stage->name());
  return names;
}

Outcome Pipeline::accept(Mail mail, const std::string& host_name) {
  Run run{std::move(mail), host_name, store_.settings().snapshot()};
  return carry(run);
}

/// The way of a message to its end, and its rows in the historical log.
Outcome Pipeline::carry(Run& run) {
  auto outcome = deliver(run);
  if (!run.settings->get(kHistoricalLogging)) return outcome;
  const bool delivered = outcome.is_taken() && !run.dropped;
  const store::TraceLine nothing;
  const auto& last = delivered || run.trace.lines.empty() ? nothing : run.trace.lines.back();
  store_.log_db().record(history_of({run.mail.client, run.mail.envelope, run.message, run.edits, run.at,
                                     run.trace.trace_id, outcome.reply, run.held, last.stage, last.reason},
                                    router_));
  return outcome;
}

Outcome Pipeline::refuse(Run& run, const SmtpReply& reply) {
  const auto& last = run.trace.lines.back();
  log(kNotTaken, {{"trace", run.trace.trace_id},
                  {"from", printable(run.mail.envelope.return_path)},
                  {"recipients", printable(run.recipients())},
                  {"stage", last.stage},
                  {"reply", reply.line()},
                  {"why", last.reason}});
  if (const auto written = store_.trace().write(run.trace); !written)
    log(kNotCommitted, written.error(), {{"trace", run.trace.trace_id}});
  return {reply, run.trace.trace_id};
}

/// What leaves no mail behind: its trace, and the results that came with it.
Outcome Pipeline::without_letters(Run& run) {
  const auto written = run.results.empty() ? store_.trace().write(run.trace) : store_.queue().record(run.results);
  if (written) return {kAcceptedText, run.trace.trace_id};
  log(kNotCommitted, written.error(), {{"trace", run.trace.trace_id}});
  if (run.results.empty()) return {kAcceptedText, run.trace.trace_id};
  return {reply_for(written.error()), run.trace.trace_id};
}

/// A report on its way in the same commit as the message that it is about.
struct Pipeline::Report {
  std::string octets;
  message::Message message;
  store::NewBody body;
  Route route;
};

/// What the sender asked for with NOTIFY=SUCCESS; nothing where nobody asked or nobody can be told.
std::unique_ptr<Pipeline::Report> Pipeline::success_report_of(const Run& run) const {
  const auto& envelope = run.mail.envelope;
  if (envelope.return_path.empty() || run.held || run.mail.client.entry == Entry::system) return nullptr;
  std::vector<const Recipient*> delivered;
  for (std::size_t i = 0; i < envelope.recipients.size(); ++i)
    if (envelope.recipients[i].notify.success && run.edits.routes().at(i).kind == Route::Kind::mailbox)
      delivered.push_back(&envelope.recipients[i]);
  if (delivered.empty()) return nullptr;
  auto route = router_.route(envelope.return_path);
  if (!route || (route->kind != Route::Kind::mailbox && route->kind != Route::Kind::outside)) return nullptr;
  const auto domain = router_.default_domain();
  auto report = std::make_unique<Report>();
  report->octets = success_report(envelope, delivered, run.message.header(), run.host_name,
                                  domain && !domain->empty() ? *domain : run.host_name, run.at);
  report->message = message::parse(report->octets);
  report->body = describe(report->message);
  report->route = *std::move(route);
  return report;
}

Result<store::Letter> Pipeline::report_letter(const Report& report, const Run& run) {
  store::Letter letter;
  letter.body = &report.body;
  for (const auto account : report.route.accounts) {
    const auto folder = folder_of(account, {});
    if (!folder) return folder.error();
    store::MailboxEntry entry;
    entry.folder = *folder;
    entry.internal_date = run.at;
    entry.prefix = message::return_path_field("") + "X-VPOP3-RCPTTYPE: E\r\n" +
                   message::field("X-VPOP3-ORIGRCPT", run.mail.envelope.return_path);
    letter.mailboxes.push_back(std::move(entry));
  }
  if (report.route.kind == Route::Kind::outside) {
    store::QueueEntry out;
    out.sender_ip = "unknown";
    out.subject = report.body.subject;
    out.trace_id = run.trace.trace_id;
    out.recipients.push_back({run.mail.envelope.return_path, "NEVER", {}});  // RFC 3461 section 6.2.5
    letter.queue.push_back(std::move(out));
  }
  return letter;
}

/// The copy of a message for the quarantine of an account.
store::QuarantineEntry Pipeline::quarantined(const Run& run, const store::NewBody& body, const Copy& copy,
                                             std::string prefix) {
  store::QuarantineEntry entry;
  entry.account = copy.account;
  entry.prefix = std::move(prefix);
  entry.at = run.at;
  entry.spam_score = run.edits.spam_score();
  entry.rules = run.edits.spam_rules();
  entry.return_path = run.mail.envelope.return_path;
  entry.folded_from =
      message::fold_case(body.from_name + " <" + (body.from_addr.empty() ? entry.return_path : body.from_addr) + ">");
  entry.folded_subject = message::fold_case(body.subject);
  entry.recipients = copy.originals;
  return entry;
}

/// The copies with a header of their own, as far as the limit goes.
Result<std::map<AccountId, OwnCopy>> Pipeline::own_copies(const Run& run, std::span<const Copy> copies) const {
  std::map<AccountId, OwnCopy> own;
  int bodies = 0;
  for (const auto& copy : copies) {
    const auto* make = run.edits.own_header_of(copy.account);
    if (make == nullptr) continue;
    if (bodies >= kOwnBodies.most) {
      log(kNoOwnCopy, {{"limit", kOwnBodies.name}, {"trace", run.trace.trace_id}});
      break;
    }
    auto made = own_copy(*make, run.message, spool_);
    if (!made) return std::move(made).error();
    if (made->body) ++bodies;
    own.emplace(copy.account, *std::move(made));
  }
  return own;
}

/// Into its folder or the quarantine; `own` are fields of this copy alone.
Result<void> Pipeline::put_copy(const Run& run, const Copy& copy, const std::string& own, store::Letter& letter) {
  auto prefix = message::return_path_field(run.mail.envelope.return_path) + "X-VPOP3-RCPTTYPE: " + copy.types + "\r\n";
  for (const auto& original : copy.originals) prefix += message::field("X-VPOP3-ORIGRCPT", original);
  prefix += own;
  const auto place = run.edits.place_of(copy.account);
  if (place.is_quarantine && !run.held) {
    letter.quarantine.push_back(quarantined(run, *letter.body, copy, std::move(prefix)));
    return {};
  }
  auto folder = folder_of(copy.account, place.folder);
  if (!folder) return std::move(folder).error();
  store::MailboxEntry entry;
  entry.folder = *folder;
  entry.internal_date = run.at;
  entry.is_held = run.held;
  entry.spam_score = run.edits.spam_score();
  entry.prefix = std::move(prefix);
  letter.mailboxes.push_back(std::move(entry));
  return {};
}

/// An entry of the out queue without recipients.
store::QueueEntry Pipeline::queue_entry(const Run& run, const store::NewBody& body) {
  const auto& envelope = run.mail.envelope;
  store::QueueEntry out;
  out.return_path = envelope.return_path;
  out.auth_sender = run.mail.client.account_name;
  out.sender_ip = run.mail.client.address.empty() ? "unknown" : run.mail.client.address;  // spec 60 section 8.1
  out.subject = body.subject;
  out.envelope_id = envelope.envelope_id;
  out.returned = stored(envelope.returns);
  out.is_8bit = envelope.eight_bit;
  out.is_utf8 = envelope.utf8;
  out.hold = run.held ? store::HoldState::held : store::HoldState::none;
  out.trace_id = run.trace.trace_id;
  return out;
}

Outcome Pipeline::deliver(Run& run) {
  auto& envelope = run.mail.envelope;
  run.message = message::parse(run.mail.content.octets());
  int received = 0;
  for (const auto& field : message::Fields{run.message.header()}) {
    if (field.is("Received")) ++received;
    if (field.is("Message-ID") && run.trace.message_id.empty()) {
      const auto id = trim(field.value);
      const bool framed = id.size() > 2 && id.front() == '<' && id.back() == '>';
      run.trace.message_id = printable(framed ? id.substr(1, id.size() - 2) : id, kMostTracedId);
    }
  }
  const Arrival arrival{run.mail.client, envelope,      run.message,   received,
                        run.at,          *run.settings, run.host_name, run.trace.trace_id};
  for (const auto& stage : stages_) {
    Verdict verdict;
    try {
      verdict = stage->judge(arrival, run.edits);
    } catch (const std::exception& e) {  // a library of a stage; the message stays with the client
      log(kStageFailed, {{"stage", stage->name()}, {"trace", run.trace.trace_id}, {"why", e.what()}});
      verdict = Defer{kStageFailedText, e.what()};
    }
    run.line(stage->name(), word(verdict), reason(verdict));
    if (const auto* no = std::get_if<Refuse>(&verdict)) return refuse(run, no->reply);
    if (const auto* later = std::get_if<Defer>(&verdict)) return refuse(run, later->reply);
    if (std::holds_alternative<Hold>(verdict)) run.held = true;
    if (std::holds_alternative<Drop>(verdict)) {
      log(kDropped, {{"trace", run.trace.trace_id},
                     {"from", printable(envelope.return_path)},
                     {"stage", stage->name()},
                     {"why", reason(verdict)}});
      run.dropped = true;
      return without_letters(run);
    }
  }
  run.apply_edits();

  std::vector<Copy> copies;
  store::QueueEntry out;
  for (std::size_t i = 0; i < envelope.recipients.size(); ++i) {
    const auto& recipient = envelope.recipients[i];
    const auto& route = run.edits.routes().at(i);
    if (route.kind == Route::Kind::outside)
      out.recipients.push_back({recipient.address, recipient.notify.text(), recipient.original});
    if (route.kind != Route::Kind::mailbox) continue;
    for (const auto account : route.accounts) {
      auto copy = std::ranges::find(copies, account, &Copy::account);
      if (copy == copies.end()) copy = copies.insert(copies.end(), Copy{account, {}, {}});
      if (copy->types.find(route.type) == std::string::npos) copy->types += route.type;
      copy->originals.push_back(recipient.address);
    }
  }

  std::vector<std::string> copied_out;  // of Copy and Redirect: each an entry of its own in the queue
  for (const auto& extra : run.edits.copies()) {
    if (extra.route.kind == Route::Kind::outside) copied_out.push_back(extra.address);
    if (extra.route.kind != Route::Kind::mailbox) continue;
    for (const auto account : extra.route.accounts)
      if (std::ranges::find(copies, account, &Copy::account) == copies.end())
        copies.push_back({account, std::string(1, extra.route.type), {extra.address}});
  }

  if (copies.empty() && out.recipients.empty() && copied_out.empty()) {
    run.line("store", "drop", "all recipients discard their mail");
    return without_letters(run);
  }
  const auto body = describe(run.message);
  const auto report = success_report_of(run);
  auto own = own_copies(run, copies);
  if (!own) {
    run.line("mailbox", "defer", own.error().for_log);
    return refuse(run, reply_for(own.error()));
  }
  for (int attempt = 0;; ++attempt) {
    store::Delivery delivery;
    store::Letter letter;
    letter.body = &body;
    std::size_t kept_back = 0;
    for (const auto& copy : copies) {
      const auto mine = own->find(copy.account);
      store::Letter of_its_own;
      const bool has_body = mine != own->end() && mine->second.body;
      if (has_body) of_its_own.body = &mine->second.body->stored;
      store::Letter& into = has_body ? of_its_own : letter;
      const auto before = into.quarantine.size();
      const auto put = put_copy(run, copy, mine == own->end() ? std::string{} : mine->second.prefix, into);
      if (!put) {
        run.line("mailbox", "defer", put.error().for_log);
        return refuse(run, reply_for(put.error()));
      }
      kept_back += into.quarantine.size() - before;
      if (has_body) delivery.letters.push_back(std::move(of_its_own));
    }
    if (!out.recipients.empty()) {
      auto entry = queue_entry(run, body);
      entry.recipients = out.recipients;
      letter.queue.push_back(std::move(entry));
    }
    for (const auto& address : copied_out) {
      auto entry = queue_entry(run, body);
      entry.prefix = message::field(kLoopField, address);
      entry.recipients.push_back({address, "NEVER", {}});
      letter.queue.push_back(std::move(entry));
    }
    delivery.trace = run.trace;
    delivery.trace.lines.push_back({now(), "store", "pass",
                                    std::to_string(copies.size() - kept_back) + " mailboxes, " +
                                        (kept_back > 0 ? std::to_string(kept_back) + " quarantined, " : "") +
                                        std::to_string(out.recipients.size() + copied_out.size()) + " outside"});
    if (delivery.trace.message_id.empty() && body.message_id.size() > 2)
      delivery.trace.message_id = printable(body.message_id.substr(1, body.message_id.size() - 2), kMostTracedId);
    delivery.send_results.assign(run.results.begin(), run.results.end());
    delivery.reported = run.reported;
    if (!letter.mailboxes.empty() || !letter.quarantine.empty() || !letter.queue.empty())
      delivery.letters.push_back(std::move(letter));
    if (report) {
      auto reported = report_letter(*report, run);
      if (!reported) {
        run.line("report", "defer", reported.error().for_log);
        return refuse(run, reply_for(reported.error()));
      }
      delivery.letters.push_back(*std::move(reported));
    }
    const auto done = store_.writer().deliver(delivery);
    if (done) break;
    if (done.error().kind == Kind::not_found && attempt == 0) {  // an inbox that we remembered is gone with its account
      forget_folders();
      continue;
    }
    log(kNotCommitted, done.error(), {{"trace", run.trace.trace_id}});
    run.failure = done.error();
    run.line("store", "defer", done.error().for_log);
    return refuse(run, reply_for(done.error()));
  }
  log(kTaken, {{"trace", run.trace.trace_id},
               {"from", printable(envelope.return_path)},
               {"recipients", printable(run.recipients())},
               {"octets", body.octets.size()},
               {"mailboxes", copies.size()},
               {"outside", out.recipients.size() + copied_out.size()}});
  return {kAcceptedText, run.trace.trace_id};
}

Result<void> Pipeline::submit_generated(std::string_view return_path, std::span<const std::string> recipients,
                                        std::string_view octets, std::span<const store::SendResult> results) {
  Generated mail;
  mail.return_path = return_path;
  mail.recipients.assign(recipients.begin(), recipients.end());
  mail.octets = octets;
  mail.results = results;
  return submit_generated(mail);
}

Result<void> Pipeline::submit_generated(const Generated& generated) {
  const auto settings = store_.settings().snapshot();
  const auto host_name = settings->get(kHostName);
  Mail mail;
  mail.client.entry = Entry::system;
  mail.envelope.return_path = generated.return_path;
  for (const auto& address : generated.recipients) mail.envelope.recipients.push_back({address, {}, {}});
  mail.content = Content::of(generated.octets);
  Run run{std::move(mail), host_name, settings};
  run.results = generated.results;
  run.reported = generated.reported;
  if (generated.to_account)
    for (std::size_t i = 0; i < generated.recipients.size(); ++i)
      run.edits.route(i, {Route::Kind::mailbox, {*generated.to_account}});
  const auto outcome = carry(run);
  if (run.failure) return *std::move(run.failure);
  if (!outcome.is_taken()) {
    const auto& last = run.trace.lines.back();
    return error(outcome.reply.is_temporary() ? Kind::unavailable : Kind::not_permitted, outcome.reply.text,
                 last.stage + ": " + last.reason);
  }
  return {};
}

Result<std::vector<store::StoredEntry>> Pipeline::append(std::span<Append> messages) {
  std::vector<store::NewBody> bodies;
  bodies.reserve(messages.size());
  store::Delivery delivery;
  for (auto& one : messages) {
    bodies.push_back(describe(message::parse(one.content.octets())));
    store::Letter letter;
    letter.body = &bodies.back();
    store::MailboxEntry entry;
    entry.folder = one.folder;
    entry.flags = one.flags;
    entry.keywords = one.keywords;
    entry.internal_date = one.internal_date;
    letter.mailboxes.push_back(std::move(entry));
    delivery.letters.push_back(std::move(letter));
  }
  auto done = store_.writer().deliver(delivery);
  if (!done) return std::move(done).error();
  std::vector<store::StoredEntry> out;
  for (auto& letter : done->letters) out.push_back(letter.mailboxes.at(0));
  return out;
}

Result<FolderId> Pipeline::folder_of(AccountId account, const std::string& name) {
  const bool inbox = name.empty();
  if (inbox) {
    const std::lock_guard lock{mutex_};
    if (const auto known = inboxes_.find(number(account)); known != inboxes_.end()) return known->second;
  }
  auto found = store_.folders().find(account, inbox ? "INBOX" : name);
  if (!found && found.error().kind == Kind::not_found) found = store_.folders().create(account, inbox ? "INBOX" : name);
  if (!found) return std::move(found).error();
  if (inbox) {
    const std::lock_guard lock{mutex_};
    inboxes_[number(account)] = found->id;
  }
  return found->id;
}

void Pipeline::forget_folders() {
  const std::lock_guard lock{mutex_};
  inboxes_.clear();
}

}  // namespace pennypost::delivery
