// One attempt for the messages of one destination. Needs the store (bodies, results), the resolver and the pipeline
// (reports). A result that cannot be written is tried again until it can: letting it go would send the message twice.
// Sources: RFC 5321 4.2.5, 4.5.4, 5.1; RFC 3461; spec 30 section 7.5 (a row that vanishes), spec 60 sections 7 and 8.
#include "server/transport/sender.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "server/base/clock.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/transport/session.h"
#include "server/transport/smtp_answer.h"

namespace pennypost::transport {
namespace {

constexpr LogEvent kDelivered{"transport.delivered", Level::info,
                              "message {trace} to <{to}> taken by {server}: {reply}"};
constexpr LogEvent kDeferred{"transport.deferred", Level::notice,
                             "message {trace} to <{to}> waits, {server} said: {reply}"};
constexpr LogEvent kFailed{"transport.failed", Level::notice,
                           "message {trace} to <{to}> failed for good, {server} said: {reply}"};
constexpr LogEvent kNotRecorded{"transport.not_recorded", Level::error,
                                "the results of message {trace} could not be written, trying again"};
constexpr LogEvent kReportRefused{"transport.report_refused", Level::warning,
                                  "the report about message {trace} was refused here; its sender is not told"};
constexpr LogEvent kNoReport{"transport.double_bounce", Level::notice,
                             "message {trace} has nobody to report its failure to"};
constexpr LogEvent kOriginalGone{"transport.original_gone", Level::warning,
                                 "message {trace} could not be read for its report"};

constexpr std::string_view kMailerDaemon = "Mailer_Daemon";

bool is_too_many_recipients(const SmtpReply& reply) {  // RFC 5321 4.5.3.1.10: send the rest right away
  return reply.code == 452 && (reply.enhanced.none() || reply.enhanced == Enhanced{4, 5, 3});
}

}  // namespace

Sender::Sender(delivery::Pipeline& pipeline, dns::Resolver& resolver, std::shared_ptr<net::TlsClient> tls,
               SenderOptions options)
    : pipeline_{pipeline},
      store_{pipeline.store()},
      resolver_{resolver},
      tls_{std::move(tls)},
      options_{std::move(options)} {}

void Sender::cut_off() {
  const std::lock_guard lock{mutex_};
  for (net::Connection* connection : open_) connection->cut_off();
}

void Sender::work(Task task, const SendRules& rules) {
  Exchangers exchangers;
  if (!rules.relays.empty()) {
    exchangers = relay_exchangers(resolver_, rules, options_.dns_wait);
  } else {
    exchangers = exchangers_of(resolver_, task.destination, options_.direct_port, {rules.own_name, options_.is_ours},
                               options_.dns_wait);
  }
  const auto history = store_.settings().get(kHistoricalLogging) ? std::make_shared<store::HistorySession>() : nullptr;
  const Timestamp began = now();
  Session session{*this, rules, std::move(exchangers)};
  for (store::QueuedMessage& message : task.messages) {
    Attempt attempt{message, {}, now(), history};
    for (const store::QueuedRecipient& recipient : message.recipients) attempt.pending.push_back(&recipient);
    try_message(attempt, session, rules);
  }
  if (!history) return;
  store_.log_db().record(
      store::SessionRecord{history, began, std::chrono::round<Seconds>(now() - began),
                           rules.relays.empty() ? store::SessionType::client_direct : store::SessionType::client_relay,
                           session.has_failed() ? in_words(session.failure()) : std::string{},
                           session.server().empty() ? task.destination : session.server()});
}

void Sender::try_message(Attempt& attempt, Session& session, const SendRules& rules) {
  while (!attempt.pending.empty()) {
    SmtpClient* const client = stopping_ ? nullptr : session.ready();
    if (stopping_) {
      release(attempt);
      return;
    }
    std::vector<Done> done;
    if (client == nullptr) {
      const SmtpReply& reply = session.failure();
      const auto sent = reply.is_permanent() ? store::Sent::failed : store::Sent::deferred;
      for (const auto* recipient : attempt.pending) {
        done.push_back({recipient, {sent, reply, true}, session.server(), false});
      }
      attempt.pending.clear();
      record(attempt.message, done, attempt.started, rules);
      record_history(attempt, done);
      return;
    }
    const std::size_t count = std::min(attempt.pending.size(), static_cast<std::size_t>(rules.recipients_most));
    const std::vector<const store::QueuedRecipient*> chunk{
        attempt.pending.begin(), attempt.pending.begin() + static_cast<std::ptrdiff_t>(count)};
    const auto outcomes = client->send(transaction_of(attempt.message, chunk));
    const bool server_reports = client->extensions().dsn;
    const bool any_taken =
        std::ranges::any_of(outcomes, [](const auto& o) { return o.sent == store::Sent::delivered; });
    bool was_decided = true;
    std::vector<const store::QueuedRecipient*> again;
    for (std::size_t i = 0; i < count; ++i) {
      if (!outcomes[i].was_tried) was_decided = false;
      if (!outcomes[i].was_tried || (any_taken && is_too_many_recipients(outcomes[i].reply))) {
        again.push_back(chunk[i]);
      } else {
        done.push_back({chunk[i], outcomes[i], session.server(), server_reports});
      }
    }
    attempt.pending.erase(attempt.pending.begin(), attempt.pending.begin() + static_cast<std::ptrdiff_t>(count));
    attempt.pending.insert(attempt.pending.end(), again.begin(), again.end());
    session.after(was_decided);
    if (done.empty()) continue;
    record(attempt.message, done, attempt.started, rules);
    record_history(attempt, done);
  }
}

Transaction Sender::transaction_of(const store::QueuedMessage& message,
                                   std::span<const store::QueuedRecipient* const> recipients) {
  Transaction out;
  out.return_path = message.return_path;
  out.recipients = recipients;
  out.size = message.size;
  out.is_8bit = message.is_8bit;
  out.is_utf8 = message.is_utf8;
  out.returned = message.returned;
  out.envelope_id = message.envelope_id;
  out.octets = [this, &message](const std::function<bool(std::string_view)>& sink) -> Result<void> {
    const Octets body = message.size - Octets{static_cast<std::int64_t>(message.prefix.size())};
    if (!message.prefix.empty() && !sink(message.prefix)) return {};
    Octets given;
    bool wanted = true;
    auto read = store_.messages().read_body(message.body, {0}, body, [&](std::string_view piece) {
      given += Octets{static_cast<std::int64_t>(piece.size())};
      wanted = sink(piece);
      return wanted;
    });
    if (!read) return read;
    if (wanted && given != body) return error(Kind::not_found, "The message is not there as a whole any more");
    return {};
  };
  return out;
}

/// What was sent or not, as rows of the historical log (spec 60 section 17.3: recipients S).
void Sender::record_history(const Attempt& attempt, const std::vector<Done>& done) {
  if (!attempt.history) return;
  store::MessageRecord record;
  record.session = attempt.history;
  record.subject = attempt.message.subject;
  record.from = attempt.message.return_path;
  record.auth_sender = attempt.message.auth_sender;
  record.size = attempt.message.size;
  record.at = attempt.started;
  record.time = now() - attempt.started;
  record.trace_id = attempt.message.trace_id;
  bool any_sent = false;
  for (const Done& one : done) {
    if (one.outcome.reply.is_positive()) any_sent = true;
    record.recipients.push_back({one.recipient->address, store::RecipientType::sent, in_words(one.outcome.reply)});
  }
  if (!any_sent && !done.empty()) record.error = in_words(done.front().outcome.reply);
  store_.log_db().record(std::move(record));
}

void Sender::release(const Attempt& attempt) {
  std::vector<store::SendResult> results;
  for (const auto* recipient : attempt.pending) {
    store::SendResult result;
    result.recipient = recipient->id;
    result.sent = store::Sent::released;
    result.started = attempt.started;
    result.next_try = now();
    results.push_back(std::move(result));
  }
  // Should this fail, the claim ends with the process all the same.
  if (const auto done = store_.queue().record(results); !done) {
    log(kNotRecorded, done.error(), {{"trace", attempt.message.trace_id}});
  }
}

void Sender::record(const store::QueuedMessage& message, const std::vector<Done>& done, Timestamp started,
                    const SendRules& rules) {
  const Timestamp at = now();
  const RetryRules retry = retry_rules(*store_.settings().snapshot());
  std::vector<store::SendResult> results;
  std::vector<ReportLine> failures;
  std::vector<ReportLine> delays;
  std::vector<ReportLine> relayed;
  store::TraceRecord trace{message.trace_id, {}, {}};
  for (const Done& one : done) {
    const store::QueuedRecipient& recipient = *one.recipient;
    const ReportLine line{&recipient, one.outcome.reply, one.server};
    const std::string said = in_words(one.outcome.reply);
    store::SendResult result;
    result.recipient = recipient.id;
    result.sent = one.outcome.sent;
    result.server = one.server;
    result.status = status_text(one.outcome.reply.enhanced);
    result.started = started;
    const LogEvent* event = &kFailed;
    switch (one.outcome.sent) {
      case store::Sent::delivered:
      case store::Sent::relayed:
      case store::Sent::expanded:
        event = &kDelivered;
        if (wants(recipient, "SUCCESS") && !one.server_reports) {
          result.sent = store::Sent::relayed;
          relayed.push_back(line);
        }
        break;
      case store::Sent::deferred:
      case store::Sent::released:
        result.error = said;
        if (is_given_up(retry, message, recipient, at)) {
          result.sent = store::Sent::failed;
          failures.push_back(line);
          break;
        }
        event = &kDeferred;
        result.next_try = next_try(retry, message, recipient, at);
        if (is_warning_due(retry, message, recipient, at)) {
          result.warning_sent = true;
          delays.push_back(line);
        }
        break;
      case store::Sent::failed:
        result.error = said;
        failures.push_back(line);
        break;
    }
    log(*event, {{"trace", message.trace_id},
                 {"to", printable(recipient.address)},
                 {"server", one.server.empty() ? std::string{"nobody"} : one.server},
                 {"reply", said}});
    const std::string_view verdict = event == &kDelivered ? "delivered" : event == &kDeferred ? "deferred" : "failed";
    trace.lines.push_back(
        {at, "send", std::string{verdict}, fmt::format("<{}> {}: {}", printable(recipient.address), one.server, said)});
    results.push_back(std::move(result));
  }
  std::erase_if(failures, [&](const ReportLine& line) { return !wants(*line.recipient, "FAILURE"); });
  if (message.return_path.empty()) {  // nobody to tell (RFC 5321 6.1)
    if (!failures.empty()) log(kNoReport, {{"trace", message.trace_id}});
    failures.clear();
    relayed.clear();
  }

  std::vector<std::string> reports;
  const auto report = [&](ReportEvent event, const std::vector<ReportLine>& lines) {
    if (lines.empty()) return;
    ReportFacts facts;
    facts.own_name = rules.own_name;
    const auto domain = pipeline_.router().default_domain();
    facts.from = fmt::format("{}@{}", kMailerDaemon, domain && !domain->empty() ? *domain : rules.own_name);
    facts.now = at;
    facts.retried_until = message.created + retry.lifetime;
    facts.returned = returned_content(event, message);
    const std::string original = original_of(message, facts.returned);
    facts.original = original;
    reports.push_back(delivery_report(event, message, lines, facts));
  };
  report(ReportEvent::relayed, relayed);
  report(ReportEvent::delayed, delays);
  report(ReportEvent::failed, failures);

  // All reports but the last go before the results: a crash in between repeats a report, it loses none.
  for (std::size_t i = 0; i + 1 < reports.size(); ++i) write(message, reports[i], {});
  write(message, reports.empty() ? std::string_view{} : std::string_view{reports.back()}, results);
  if (!trace.trace_id.empty()) {
    if (const auto kept = store_.trace().write(trace); !kept) {
      log(kNotRecorded, kept.error(), {{"trace", message.trace_id}});  // the trace alone: not worth waiting for
    }
  }
}

/// Writes results, with the report in the same commit when there is one.
void Sender::write(const store::QueuedMessage& message, std::string_view report,
                   const std::vector<store::SendResult>& results) {
  const std::vector<std::string> to{message.return_path};
  bool with_report = !report.empty();
  while (true) {
    auto written = with_report ? pipeline_.submit_generated("", to, report, results) : store_.queue().record(results);
    if (written) return;
    if (with_report && written.error().kind == Kind::not_permitted) {
      log(kReportRefused, written.error(), {{"trace", message.trace_id}});
      if (results.empty()) return;
      with_report = false;
      continue;
    }
    log(kNotRecorded, written.error(), {{"trace", message.trace_id}});
    const auto until = std::chrono::steady_clock::now() + options_.record_again;
    while (std::chrono::steady_clock::now() < until) {
      if (stopping_) return;  // the claim ends with the process; at worst the message goes twice
      std::this_thread::sleep_for(Milliseconds{100});
    }
  }
}

std::string Sender::original_of(const store::QueuedMessage& message, message::ReturnContent content) {
  Octets most = message.size;
  if (content == message::ReturnContent::headers) {
    const auto columns = store_.messages().body_columns(message.body, [&](const store::Fetched& facts) {
      most = facts.header_size;
      return true;
    });
    if (!columns) {
      log(kOriginalGone, columns.error(), {{"trace", message.trace_id}});
      return message.prefix;
    }
    most = std::min(most, Octets{kHeaderValue.most});
  }
  auto text = store_.messages().body_text(message.body, {0}, most, kReportedOriginal.most + 1_MiB);
  if (!text) {
    log(kOriginalGone, text.error(), {{"trace", message.trace_id}});
    return message.prefix;
  }
  return message.prefix + *text;
}

}  // namespace pennypost::transport
