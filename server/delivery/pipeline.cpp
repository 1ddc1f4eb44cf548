// The way of a message (DESIGN section 3, spec 60 section 1): the list of stages, the runner that writes the trace, and
// the one commit. Needs the store and a spool folder. When anything goes wrong before the commit, nothing is stored and
// the answer is temporary; when the answer is positive, the message is on disk.
#include "server/delivery/pipeline.h"

#include <filesystem>
#include <system_error>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/delivery/describe.h"
#include "server/delivery/history.h"
#include "server/delivery/letters.h"
#include "server/delivery/run.h"
#include "server/delivery/stages.h"
#include "server/message/header.h"

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

}  // namespace

std::string_view word(const Verdict& verdict) {
  static constexpr std::string_view kWords[] = {"pass", "refuse", "defer", "drop", "hold"};
  static_assert(std::size(kWords) == std::variant_size_v<Verdict>);
  return kWords[verdict.index()];
}

const std::string& reason(const Verdict& verdict) {
  return std::visit([](const auto& v) -> const std::string& { return v.reason; }, verdict);
}

Pipeline::Pipeline(store::Store& store, std::string spool, Judges judges)
    : store_{store},
      spool_{std::move(spool)},
      router_{store, std::move(judges.discards)},
      folders_{store},
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

Outcome Pipeline::deliver(Run& run) {
  auto& envelope = run.mail.envelope;
  run.message = message::parse(run.mail.content.octets());
  int received = 0;
  for (const auto& field : message::Fields{run.message.header()}) {
    if (field.is("Received")) ++received;
    if (field.is("Message-ID")) run.know_message_id(field.value);
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
  return commit(run);
}

Outcome Pipeline::commit(Run& run) {
  Letters letters{run};
  if (letters.empty()) {
    run.line("store", "drop", "all recipients discard their mail");
    return without_letters(run);
  }
  const auto defer = [&](std::string_view stage, const Error& e) {
    run.line(stage, "defer", e.for_log);
    return refuse(run, reply_for(e));
  };
  if (const auto described = letters.describe(router_, spool_); !described) return defer("mailbox", described.error());
  run.know_message_id(letters.body().message_id);
  for (int attempt = 0;; ++attempt) {
    const auto delivery = letters.delivery(folders_);
    if (!delivery) return defer("mailbox", delivery.error());
    const auto done = store_.writer().deliver(*delivery);
    if (done) break;
    if (done.error().kind == Kind::not_found && attempt == 0) {  // an inbox that we remembered is gone with its account
      folders_.forget();
      continue;
    }
    log(kNotCommitted, done.error(), {{"trace", run.trace.trace_id}});
    run.failure = done.error();
    return defer("store", done.error());
  }
  log(kTaken, {{"trace", run.trace.trace_id},
               {"from", printable(run.mail.envelope.return_path)},
               {"recipients", printable(run.recipients())},
               {"octets", letters.body().octets.size()},
               {"mailboxes", letters.mailboxes()},
               {"outside", letters.outside()}});
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

}  // namespace pennypost::delivery
