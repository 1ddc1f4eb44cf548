// The writer and the reader of schema logdb. Needs the database; while it is away records wait in memory up to
// kHistoryWaiting, and those that wait when the server is killed are lost: the log is for reports, the trace is for
// proof. A batch that the database will not have (its tables were changed) is left out, so that it cannot stand in the
// way of those behind it. Sources: spec 30 section 9, spec 60 section 17.3.
#include "server/store/log_db.h"

#include <algorithm>
#include <map>

#include "server/base/log.h"
#include "server/base/text.h"
#include "server/store/connection.h"
#include "server/store/database.h"

namespace pennypost::store {
namespace {

constexpr LogEvent kLeftOut{"store.history_left_out", Level::warning,
                            "the historical log has left out {records} records: {why}"};
constexpr LogEvent kAway{"store.history_waits", Level::warning,
                         "the historical log cannot be written, {records} records wait: {reason}"};

const Sql kMessageNumbers{"log_db.message_numbers", R"sql(
    SELECT nextval('logdb.messages_msgid_seq') FROM generate_series(1, $1::int))sql"};
const Sql kSessionNumbers{"log_db.session_numbers", R"sql(
    SELECT nextval('logdb.sessions_sessid_seq') FROM generate_series(1, $1::int))sql"};
const Sql kSessions{"log_db.sessions", R"sql(
    INSERT INTO logdb.sessions (sessid, datetime, duration, sesstype, errorcode, name)
    SELECT id, at AT TIME ZONE 'UTC', duration, type, error, name
      FROM unnest($1::bigint[], $2::timestamptz[], $3::int[], $4::text[], $5::text[], $6::text[])
           AS r(id, at, duration, type, error, name))sql"};
const Sql kMessages{"log_db.messages", R"sql(
    INSERT INTO logdb.messages (msgid, sessid, subject, fromaddr, authsender, size, datetime, spam, triggeredrule,
                                errorcode, processtime, traceid)
    SELECT id, session, subject, sender, auth, size, at AT TIME ZONE 'UTC', spam, rule, error, seconds, trace
      FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[],
                  $8::boolean[], $9::text[], $10::text[], $11::double precision[], $12::text[])
           AS r(id, session, subject, sender, auth, size, at, spam, rule, error, seconds, trace))sql"};
const Sql kRecipients{"log_db.recipients", R"sql(
    INSERT INTO logdb.recipients (msgid, name, rcpttype, result)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]))sql"};
const Sql kRules{"log_db.rules", R"sql(
    INSERT INTO logdb.spamrules (msgid, name, testpattern, testmatch, score)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::double precision[]))sql"};
const Sql kAttachments{"log_db.attachments", R"sql(
    INSERT INTO logdb.attachments (msgid, name, contenttype, size)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]))sql"};
// What a crash of the database takes away of the last moment is not worth a wait for the disk.
const Sql kAsynchronous{"log_db.asynchronous", "SELECT set_config('synchronous_commit', 'off', true)"};

const Sql kFind{"log_db.find", R"sql(
    SELECT m.msgid, m.sessid, coalesce(s.sesstype::text, ''), coalesce(s.name, ''), m.subject, m.fromaddr, m.authsender,
           m.size, m.datetime AT TIME ZONE 'UTC', m.spam, m.triggeredrule, m.errorcode, m.processtime, m.traceid
      FROM logdb.messages m LEFT JOIN logdb.sessions s ON s.sessid = m.sessid AND m.sessid <> 0
     WHERE m.datetime >= $1::timestamptz AT TIME ZONE 'UTC' AND m.datetime < $2::timestamptz AT TIME ZONE 'UTC'
       AND ($3::text = '' OR strpos(lower(m.fromaddr), lower($3::text)) > 0
                          OR strpos(lower(m.authsender), lower($3::text)) > 0)
       AND ($4::text = '' OR EXISTS (SELECT FROM logdb.recipients r
                                      WHERE r.msgid = m.msgid AND strpos(lower(r.name), lower($4::text)) > 0))
       AND ($5::boolean IS NULL OR m.spam = $5::boolean)
     ORDER BY m.msgid DESC LIMIT $6::int)sql"};
const Sql kFindRecipients{"log_db.find_recipients", R"sql(
    SELECT msgid, name, rcpttype::text, result FROM logdb.recipients WHERE msgid = ANY ($1::bigint[]) ORDER BY rcptid)sql"};
const Sql kFindRules{"log_db.find_rules", R"sql(
    SELECT msgid, name, testpattern, testmatch, score FROM logdb.spamrules WHERE msgid = ANY ($1::bigint[])
     ORDER BY spamruleid)sql"};
const Sql kFindAttachments{"log_db.find_attachments", R"sql(
    SELECT msgid, name, contenttype, size FROM logdb.attachments WHERE msgid = ANY ($1::bigint[]) ORDER BY attachid)sql"};

// No ORDER BY: the block range index finds old rows, or that there are none, without reading the rest.
const Sql kPruneMessages{"log_db.prune_messages", R"sql(
    WITH old AS (DELETE FROM logdb.messages WHERE msgid IN (
                   SELECT msgid FROM logdb.messages
                    WHERE datetime < (now() AT TIME ZONE 'UTC') - make_interval(days => $1::int) LIMIT $2::int)
                 RETURNING msgid),
         recipients AS (DELETE FROM logdb.recipients WHERE msgid IN (SELECT msgid FROM old)),
         rules AS (DELETE FROM logdb.spamrules WHERE msgid IN (SELECT msgid FROM old)),
         attachments AS (DELETE FROM logdb.attachments WHERE msgid IN (SELECT msgid FROM old))
    SELECT count(*) FROM old)sql"};
const Sql kPruneSessions{"log_db.prune_sessions", R"sql(
    DELETE FROM logdb.sessions WHERE sessid IN (
      SELECT sessid FROM logdb.sessions
       WHERE datetime < (now() AT TIME ZONE 'UTC') - make_interval(days => $1::int) LIMIT $2::int))sql"};

constexpr std::size_t kBatch = 1'000;            // records of one transaction
constexpr Octets kBatchOctets{4 * 1024 * 1024};  // and about its size
constexpr std::int64_t kRecordOctets = 300;      // of a record besides its texts
constexpr std::int64_t kRowOctets = 100;         // of a recipient, a rule, an attachment besides its texts
constexpr std::chrono::minutes kTellAgain{1};

/// Cuts to kHistoryText without leaving half a character; gives what is left in octets.
std::int64_t shorten(std::string& text) {
  if (const auto most = kHistoryText.most.size(); text.size() > most) {
    std::size_t end = most;
    while (end > most - 4 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    text.shrink_to_fit();
  }
  return static_cast<std::int64_t>(text.size());
}

std::string letter(auto type) { return std::string(1, static_cast<char>(type)); }

/// The error will pass by itself: the records can wait for it.
bool passes(Kind kind) { return kind == Kind::unavailable || kind == Kind::cancelled || kind == Kind::disk_full; }

}  // namespace

LogDb::LogDb(Database& database, LogDbOptions options) : database_{database}, options_{options} {}
LogDb::~LogDb() { stop(); }

void LogDb::record(MessageRecord message) {
  constexpr auto most = static_cast<std::size_t>(kHistoryRows.most);
  if (message.rules.size() > most) message.rules.resize(most);
  if (message.attachments.size() > most) message.attachments.resize(most);
  std::int64_t octets = kRecordOctets;
  for (std::string* text : {&message.subject, &message.from, &message.auth_sender, &message.triggered_rule,
                            &message.error, &message.trace_id})
    octets += shorten(*text);
  for (auto& one : message.recipients) octets += kRowOctets + shorten(one.address) + shorten(one.result);
  for (auto& one : message.rules) octets += kRowOctets + shorten(one.name) + shorten(one.pattern) + shorten(one.match);
  for (auto& one : message.attachments) octets += kRowOctets + shorten(one.name) + shorten(one.type);
  put(std::move(message), octets);
}

void LogDb::record(SessionRecord session) {
  const std::int64_t octets = kRecordOctets + shorten(session.error) + shorten(session.name);
  put(std::move(session), octets);
}

void LogDb::put(Record record, std::int64_t octets) {
  {
    const std::lock_guard lock{mutex_};
    if (!stopping_ && octets_ + octets <= options_.waiting.count) {
      waiting_.push_back({std::move(record), octets});
      octets_ += octets;
      if (!writer_.joinable()) writer_ = std::thread{[this] { run(); }};
      if (waiting_.size() != 1 && waiting_.size() != kBatch) return;
      changed_.notify_one();
      return;
    }
  }
  leave_out(1, kHistoryWaiting.name);
}

void LogDb::leave_out(std::size_t records, std::string_view why) {
  std::uint64_t untold = 0;
  {
    const std::lock_guard lock{mutex_};
    left_out_ += records;
    const auto at = std::chrono::steady_clock::now();
    if (told_ > 0 && at - told_at_ < kTellAgain) return;
    untold = left_out_ - told_;
    told_ = left_out_;
    told_at_ = at;
  }
  log(kLeftOut, {{"records", untold}, {"why", why}});
}

void LogDb::run() {
  bool is_away = false;
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    changed_.wait_for(lock, options_.gather, [this] { return stopping_ || waiting_.size() >= kBatch; });
    std::vector<Waiting> batch;
    std::int64_t octets = 0;
    while (!waiting_.empty() && batch.size() < kBatch && octets < kBatchOctets.count) {
      octets += waiting_.front().octets;
      batch.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    writing_ = true;
    lock.unlock();
    const auto written = write(batch);
    const bool again = !written && passes(written.error().kind);
    if (!written && !again) leave_out(batch.size(), written.error().for_log);
    lock.lock();
    writing_ = false;
    if (!again || stopping_) {
      octets_ -= octets;
      is_away = false;
      if (again) {  // the server stops while the database is away
        const std::size_t lost = batch.size() + waiting_.size();
        waiting_.clear();
        octets_ = 0;
        lock.unlock();
        leave_out(lost, written.error().for_log);
        lock.lock();
      }
      settled_.notify_all();
      continue;
    }
    for (auto one = batch.rbegin(); one != batch.rend(); ++one) waiting_.push_front(std::move(*one));
    if (!is_away) {
      const std::size_t count = waiting_.size();
      lock.unlock();
      log(kAway, written.error(), {{"records", count}});
      lock.lock();
    }
    is_away = true;
    changed_.wait_for(lock, options_.again, [this] { return stopping_; });
  }
}

Result<void> LogDb::write(std::vector<Waiting>& batch) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();

  std::vector<MessageRecord*> messages;
  std::vector<SessionRecord*> ended;
  std::vector<HistorySession*> unnumbered;
  for (auto& one : batch) {
    std::shared_ptr<HistorySession>* session = nullptr;
    if (auto* message = std::get_if<MessageRecord>(&one.record)) {
      messages.push_back(message);
      session = &message->session;
    } else {
      ended.push_back(&std::get<SessionRecord>(one.record));
      session = &ended.back()->session;
      if (!*session) *session = std::make_shared<HistorySession>();
    }
    if (*session && (*session)->sessid_ == 0) unnumbered.push_back(session->get());
  }
  std::ranges::sort(unnumbered);
  unnumbered.erase(std::ranges::unique(unnumbered).begin(), unnumbered.end());
  Connection::Batch asking{**lease};
  asking.add(kMessageNumbers, static_cast<std::int32_t>(messages.size()));
  asking.add(kSessionNumbers, static_cast<std::int32_t>(unnumbered.size()));
  auto numbers = asking.run();
  if (!numbers) return std::move(numbers).error();
  std::vector<std::int64_t> message_ids;
  for (int i = 0; i < numbers->at(0).count(); ++i) message_ids.push_back(numbers->at(0).integer(i, 0));
  for (std::size_t i = 0; i < unnumbered.size(); ++i)
    unnumbered[i]->sessid_ = numbers->at(1).integer(static_cast<int>(i), 0);

  Connection::Batch statements{**lease};
  statements.add(kAsynchronous);
  if (!ended.empty()) {
    std::vector<std::int64_t> ids;
    std::vector<Timestamp> times;
    std::vector<std::int32_t> durations;
    std::vector<std::string> types;
    std::vector<std::string_view> errors, names;
    for (const auto* s : ended) {
      ids.push_back(s->session->sessid_);
      times.push_back(s->began);
      durations.push_back(static_cast<std::int32_t>(std::clamp<Seconds::rep>(s->duration.count(), 0, INT32_MAX)));
      types.push_back(letter(s->type));
      errors.emplace_back(s->error);
      names.emplace_back(s->name);
    }
    statements.add(kSessions, ids, times, durations, types, errors, names);
  }
  if (!messages.empty()) {
    std::vector<std::int64_t> sessions, sizes;
    std::vector<std::string_view> subjects, senders, auths, rules, errors, traces;
    std::vector<Timestamp> times;
    std::vector<bool> spam;
    std::vector<double> seconds;
    struct {
      std::vector<std::int64_t> ids;
      std::vector<std::string_view> names, results;
      std::vector<std::string> types;
    } recipients;
    struct {
      std::vector<std::int64_t> ids;
      std::vector<std::string_view> names, patterns, matches;
      std::vector<double> scores;
    } hits;
    struct {
      std::vector<std::int64_t> ids, sizes;
      std::vector<std::string_view> names, types;
    } attachments;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const auto& m = *messages[i];
      sessions.push_back(m.session ? m.session->sessid_ : 0);
      subjects.emplace_back(m.subject);
      senders.emplace_back(m.from);
      auths.emplace_back(m.auth_sender);
      sizes.push_back(m.size.count);
      times.push_back(m.at);
      spam.push_back(m.spam);
      rules.emplace_back(m.triggered_rule);
      errors.emplace_back(m.error);
      seconds.push_back(std::chrono::duration<double>(m.time).count());
      traces.emplace_back(m.trace_id);
      for (const auto& one : m.recipients) {
        recipients.ids.push_back(message_ids[i]);
        recipients.names.emplace_back(one.address);
        recipients.types.push_back(letter(one.type));
        recipients.results.emplace_back(one.result);
      }
      for (const auto& one : m.rules) {
        hits.ids.push_back(message_ids[i]);
        hits.names.emplace_back(one.name);
        hits.patterns.emplace_back(one.pattern);
        hits.matches.emplace_back(one.match);
        hits.scores.push_back(one.score);
      }
      for (const auto& one : m.attachments) {
        attachments.ids.push_back(message_ids[i]);
        attachments.names.emplace_back(one.name);
        attachments.types.emplace_back(one.type);
        attachments.sizes.push_back(one.size.count);
      }
    }
    statements.add(kMessages, message_ids, sessions, subjects, senders, auths, sizes, times, spam, rules, errors,
                   seconds, traces);
    if (!recipients.ids.empty())
      statements.add(kRecipients, recipients.ids, recipients.names, recipients.types, recipients.results);
    if (!hits.ids.empty()) statements.add(kRules, hits.ids, hits.names, hits.patterns, hits.matches, hits.scores);
    if (!attachments.ids.empty())
      statements.add(kAttachments, attachments.ids, attachments.names, attachments.types, attachments.sizes);
  }
  if (auto done = statements.run(); !done) return std::move(done).error();
  return {};
}

bool LogDb::settle(Milliseconds most) {
  std::unique_lock lock{mutex_};
  return settled_.wait_for(lock, most, [this] { return waiting_.empty() && !writing_; });
}

std::uint64_t LogDb::left_out() const {
  const std::lock_guard lock{mutex_};
  return left_out_;
}

void LogDb::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  if (writer_.joinable()) writer_.join();
}

Result<std::vector<LoggedMessage>> LogDb::find(const HistoryQuery& query) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  constexpr Timestamp kLast{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}};
  auto rows = (*lease)->query(kFind, query.from.value_or(Timestamp{}), query.to.value_or(kLast), query.sender,
                              query.recipient, query.spam, std::int32_t{query.most});
  if (!rows) return std::move(rows).error();
  std::vector<LoggedMessage> found;
  std::vector<std::int64_t> ids;
  std::map<std::int64_t, std::size_t> places;
  for (int i = 0; i < rows->count(); ++i) {
    LoggedMessage one;
    one.id = rows->integer(i, 0);
    one.session_id = rows->integer(i, 1);
    one.session_type = rows->string(i, 2);
    one.session_name = rows->string(i, 3);
    one.seconds = rows->real(i, 12);
    auto& m = one.message;
    m.subject = rows->string(i, 4);
    m.from = rows->string(i, 5);
    m.auth_sender = rows->string(i, 6);
    m.size = {rows->integer(i, 7)};
    m.at = rows->time(i, 8);
    m.spam = rows->flag(i, 9);
    m.triggered_rule = rows->string(i, 10);
    m.error = rows->string(i, 11);
    m.time = std::chrono::round<std::chrono::microseconds>(std::chrono::duration<double>(one.seconds));
    m.trace_id = rows->string(i, 13);
    ids.push_back(one.id);
    places[one.id] = found.size();
    found.push_back(std::move(one));
  }
  const auto message_of = [&](const Rows& r, int i) -> MessageRecord& {
    return found[places.at(r.integer(i, 0))].message;
  };
  auto recipients = (*lease)->query(kFindRecipients, ids);
  if (!recipients) return std::move(recipients).error();
  for (int i = 0; i < recipients->count(); ++i) {
    const auto type = recipients->text(i, 2);
    message_of(*recipients, i)
        .recipients.push_back({recipients->string(i, 1), static_cast<RecipientType>(type.empty() ? ' ' : type.front()),
                               recipients->string(i, 3)});
  }
  auto rules = (*lease)->query(kFindRules, ids);
  if (!rules) return std::move(rules).error();
  for (int i = 0; i < rules->count(); ++i)
    message_of(*rules, i).rules.push_back(
        {rules->string(i, 1), rules->string(i, 2), rules->string(i, 3), rules->real(i, 4)});
  auto attachments = (*lease)->query(kFindAttachments, ids);
  if (!attachments) return std::move(attachments).error();
  for (int i = 0; i < attachments->count(); ++i)
    message_of(*attachments, i)
        .attachments.push_back({attachments->string(i, 1), attachments->string(i, 2), {attachments->integer(i, 3)}});
  return found;
}

Result<std::int64_t> LogDb::prune(std::int64_t days, int most) {
  if (days <= 0) return std::int64_t{0};
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto messages = (*lease)->query(kPruneMessages, static_cast<std::int32_t>(days), std::int32_t{most});
  if (!messages) return std::move(messages).error();
  auto sessions = (*lease)->query(kPruneSessions, static_cast<std::int32_t>(days), std::int32_t{most});
  if (!sessions) return std::move(sessions).error();
  return messages->integer(0, 0) + sessions->affected();
}

}  // namespace pennypost::store
