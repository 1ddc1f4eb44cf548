// The out queue. Claims are marked in the rows (busy, busyowner); an owner lives as long as its advisory lock does, so
// the claims of a killed process are free at once. Results lock the message rows first (ascending), then the
// recipients: two senders that finish the last two recipients of a message both see it. Sources: spec 30 section 7,
// spec 60 section 7.6.
#include "server/store/out_queue.h"

#include <algorithm>

#include "server/store/connection.h"
#include "server/store/database.h"
#include "server/store/news.h"
#include "server/store/out_queue_statements.h"

namespace pennypost::store {

const Sql kLockQueued{"out_queue.lock", R"sql(
    SELECT msgid FROM outqueue.outmessages
     WHERE msgid IN (SELECT msgid FROM outqueue.outrecipients WHERE id = ANY ($1::bigint[])) ORDER BY msgid FOR UPDATE)sql"};
// $2: 1 delivered, 2 deferred, 3 failed, 4 released, 5 relayed, 6 expanded.
const Sql kRecordResults{"out_queue.record", R"sql(
    WITH x AS (
      SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                           $7::timestamptz[], $8::boolean[])
                 AS t(id, sent, server, error, status, started, nexttry, warned)),
    attempt AS (
      INSERT INTO outqueue.sendattempts (msgid, recipientid, addr, server, starttime, result)
      SELECT r.msgid, r.id, r.addr, x.server, x.started, CASE WHEN x.error = '' THEN 'OK' ELSE x.error END
        FROM x JOIN outqueue.outrecipients r ON r.id = x.id WHERE x.sent <> 4)
    UPDATE outqueue.outrecipients r
       SET busy = false, busyowner = 0,
           latestsend = CASE WHEN x.sent = 4 THEN r.latestsend ELSE x.started END,
           latestsendserver = CASE WHEN x.sent = 4 THEN r.latestsendserver ELSE x.server END,
           latesterror = CASE WHEN x.sent = 4 AND x.error = '' THEN r.latesterror ELSE x.error END,
           lateststatus = CASE WHEN x.sent = 4 THEN r.lateststatus ELSE x.status END,
           numsends = r.numsends + CASE WHEN x.sent = 4 THEN 0 ELSE 1 END,
           nexttry = coalesce(x.nexttry, r.nexttry),
           forceretry = r.forceretry AND x.sent = 4,
           forcelasttry = r.forcelasttry AND x.sent = 4,
           warningsent = r.warningsent OR x.warned,
           failedtime = CASE WHEN x.sent = 3 THEN now() END,
           succeededtime = CASE WHEN x.sent IN (1, 5, 6) THEN now() END
      FROM x WHERE r.id = x.id)sql"};
const Sql kFinishMessages{"out_queue.finish", R"sql(
    UPDATE outqueue.outmessages m SET finishedtime = now()
     WHERE m.msgid IN (SELECT msgid FROM outqueue.outrecipients WHERE id = ANY ($1::bigint[])) AND m.finishedtime IS NULL
       AND NOT EXISTS (SELECT FROM outqueue.outrecipients r
                        WHERE r.msgid = m.msgid AND r.failedtime IS NULL AND r.succeededtime IS NULL))sql"};

namespace {

// Processes that live: each holds an advisory lock of class 'PNYP' (database.cpp).
#define PENNYPOST_ALIVE                                                          \
  "alive AS MATERIALIZED (SELECT l.objid::bigint AS process FROM pg_locks l "    \
  "WHERE l.locktype = 'advisory' AND l.classid = 1347311952 AND l.objsubid = 2 " \
  "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())) "
#define PENNYPOST_OPEN                                                           \
  "m.finishedtime IS NULL AND r.failedtime IS NULL AND r.succeededtime IS NULL " \
  "AND (NOT r.busy OR r.busyowner NOT IN (SELECT process FROM alive)) "

// SKIP LOCKED: many processes claim, none waits for another.
const Sql kClaim{"out_queue.claim", "WITH " PENNYPOST_ALIVE R"sql(, due AS (
      SELECT r.id FROM outqueue.outrecipients r JOIN outqueue.outmessages m ON m.msgid = r.msgid
       WHERE )sql" PENNYPOST_OPEN R"sql(
         AND (r.nexttry <= now() OR r.forceretry)
         AND (m.hold = 0 OR (m.hold = 2 AND m.helduntil <= now()))
       ORDER BY m.priority, m.msgid, r.id LIMIT $1::bigint FOR UPDATE OF r SKIP LOCKED)
    UPDATE outqueue.outrecipients r SET busy = true, busyowner = $2::integer FROM due WHERE r.id = due.id
    RETURNING r.msgid, r.id, r.addr, r.notify, r.orcpt, r.numsends, r.forcelasttry, r.warningsent, r.busy, r.latesterror,
              r.latestsendserver, r.lateststatus, r.latestsend, r.nexttry, r.failedtime, r.succeededtime)sql"};
const Sql kNextDue{"out_queue.next_due", "WITH " PENNYPOST_ALIVE R"sql(
    SELECT min(greatest(CASE WHEN r.forceretry THEN now() ELSE r.nexttry END,
                        CASE WHEN m.hold = 2 THEN m.helduntil END))
      FROM outqueue.outrecipients r JOIN outqueue.outmessages m ON m.msgid = r.msgid
     WHERE )sql" PENNYPOST_OPEN R"sql( AND m.hold <> 1)sql"};

#define PENNYPOST_MESSAGE_COLUMNS                                                                                \
  "m.msgid, m.bodyid, m.size, m.prefix, m.returnpath, m.authsender, m.senderip, m.subject, m.envid, m.traceid, " \
  "m.ret, "                                                                                                      \
  "m.is8bit, m.isutf8, m.priority, m.hold, m.helduntil, m.created, m.finishedtime "

const Sql kMessages{"out_queue.messages", "SELECT " PENNYPOST_MESSAGE_COLUMNS R"sql(
      FROM outqueue.outmessages m WHERE m.msgid = ANY ($1::bigint[]))sql"};

// $1 id or 0, $2 sender pattern, $3 recipient pattern, $4 address of the client, $5 finished ones too.
#define PENNYPOST_FILTER                                                                                         \
  "($1::bigint = 0 OR m.msgid = $1::bigint) "                                                                    \
  "AND ($2::text = '' OR m.returnpath ILIKE $2::text OR m.authsender ILIKE $2::text) "                           \
  "AND ($3::text = '' OR EXISTS (SELECT FROM outqueue.outrecipients x WHERE x.msgid = m.msgid AND x.addr ILIKE " \
  "$3::text)) "                                                                                                  \
  "AND ($4::text = '' OR m.senderip = $4::text) AND ($5::boolean OR m.finishedtime IS NULL) "

const Sql kList{"out_queue.list",
                "SELECT " PENNYPOST_MESSAGE_COLUMNS "FROM outqueue.outmessages m WHERE " PENNYPOST_FILTER
                "ORDER BY m.msgid LIMIT $6::bigint"};
const Sql kRecipients{"out_queue.recipients", R"sql(
    SELECT msgid, id, addr, notify, orcpt, numsends, forcelasttry, warningsent, busy, latesterror, latestsendserver,
           lateststatus, latestsend, nexttry, failedtime, succeededtime
      FROM outqueue.outrecipients WHERE msgid = ANY ($1::bigint[]) ORDER BY msgid, id)sql"};
const Sql kWaiting{"out_queue.waiting", "SELECT count(*) FROM outqueue.outmessages WHERE finishedtime IS NULL"};
const Sql kFlush{"out_queue.flush", R"sql(
    UPDATE outqueue.outrecipients r SET nexttry = least(r.nexttry, now()), forceretry = true
      FROM outqueue.outmessages m
     WHERE m.msgid = r.msgid AND r.failedtime IS NULL AND r.succeededtime IS NULL AND )sql" PENNYPOST_FILTER};
const Sql kLastTry{"out_queue.last_try", R"sql(
    UPDATE outqueue.outrecipients r SET nexttry = least(r.nexttry, now()), forceretry = true, forcelasttry = true
      FROM outqueue.outmessages m
     WHERE m.msgid = r.msgid AND r.failedtime IS NULL AND r.succeededtime IS NULL AND )sql" PENNYPOST_FILTER};
const Sql kHold{"out_queue.hold",
                "UPDATE outqueue.outmessages m SET hold = 1, helduntil = NULL WHERE m.hold <> 1 AND " PENNYPOST_FILTER};
const Sql kRelease{
    "out_queue.release",
    "UPDATE outqueue.outmessages m SET hold = 0, helduntil = NULL WHERE m.hold <> 0 AND " PENNYPOST_FILTER};
const Sql kRemove{"out_queue.remove", "DELETE FROM outqueue.outmessages m WHERE " PENNYPOST_FILTER};
const Sql kPrune{"out_queue.prune", R"sql(
    DELETE FROM outqueue.outmessages WHERE finishedtime < now() - make_interval(secs => $1::double precision))sql"};
const Sql kPruneAttempts{"out_queue.prune_attempts", R"sql(
    DELETE FROM outqueue.sendattempts WHERE starttime < now() - make_interval(secs => $1::double precision))sql"};

QueuedRecipient recipient_of(const Rows& r, int i) {
  QueuedRecipient q;
  q.id = r.id<OutRecipientId>(i, 1);
  q.address = r.string(i, 2);
  q.notify = r.string(i, 3);
  q.original_recipient = r.string(i, 4);
  q.attempts = static_cast<int>(r.integer(i, 5));
  q.is_last_try = r.flag(i, 6);
  q.is_warned = r.flag(i, 7);
  q.is_busy = r.flag(i, 8);
  q.latest_error = r.string(i, 9);
  q.latest_server = r.string(i, 10);
  q.status = r.string(i, 11);
  q.latest_try = r.time_or_none(i, 12);
  q.next_try = r.time_or_none(i, 13);
  q.failed = r.time_or_none(i, 14);
  q.succeeded = r.time_or_none(i, 15);
  return q;
}

QueuedMessage message_of(const Rows& r, int i) {
  QueuedMessage m;
  m.id = r.id<QueueId>(i, 0);
  m.body = r.id<BodyId>(i, 1);
  m.size = {r.integer(i, 2)};
  m.prefix = r.string(i, 3);
  m.return_path = r.string(i, 4);
  m.auth_sender = r.string(i, 5);
  m.sender_ip = r.string(i, 6);
  m.subject = r.string(i, 7);
  m.envelope_id = r.string(i, 8);
  m.trace_id = r.string(i, 9);
  m.returned = r.id<ReturnOption>(i, 10);
  m.is_8bit = r.flag(i, 11);
  m.is_utf8 = r.flag(i, 12);
  m.priority = static_cast<int>(r.integer(i, 13));
  m.hold = r.id<HoldState>(i, 14);
  m.held_until = r.time_or_none(i, 15);
  m.created = r.time(i, 16);
  m.finished = r.time_or_none(i, 17);
  return m;
}

// `*` and `?` to LIKE's wildcards.
std::string like(std::string_view pattern) {
  std::string out;
  for (const char c : pattern) {
    if (c == '*') {
      out += '%';
    } else if (c == '?') {
      out += '_';
    } else {
      if (c == '%' || c == '_' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

Params filter_params(const QueueFilter& f) {
  return Params::of(f.id ? number(*f.id) : std::int64_t{0}, like(f.sender), like(f.recipient), f.sender_ip,
                    f.with_finished);
}

Result<std::int64_t> change(Database& database, const Sql& sql, const QueueFilter& filter) {
  auto lease = database.lease();
  if (!lease) return std::move(lease).error();
  auto done = (*lease)->run(sql, filter_params(filter));
  if (!done) return std::move(done).error();
  return done->affected();
}

}  // namespace

ResultParams result_params(std::span<const SendResult> results) {
  ResultParams out;
  std::vector<std::int16_t> sent;
  std::vector<std::string_view> server;
  std::vector<std::string_view> why;
  std::vector<std::string_view> status;
  std::vector<Timestamp> started;
  std::vector<std::optional<Timestamp>> next_try;
  std::vector<bool> warned;
  for (const auto& r : results) {
    out.ids.push_back(number(r.recipient));
    sent.push_back(number(r.sent));
    server.emplace_back(r.server);
    why.emplace_back(r.error);
    status.emplace_back(r.status);
    started.push_back(r.started);
    next_try.push_back(r.next_try);
    warned.push_back(r.warning_sent);
  }
  out.record = Params::of(out.ids, sent, server, why, status, started, next_try, warned);
  return out;
}

Result<std::vector<QueuedMessage>> OutQueue::claim(std::size_t most) {
  auto owner = database_.process_number();
  if (!owner) return std::move(owner).error();
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto tx = Transaction::begin(**lease);
  if (!tx) return std::move(tx).error();
  auto rows = tx->query(kClaim, static_cast<std::int64_t>(most), *owner);
  if (!rows) return std::move(rows).error();
  std::vector<QueuedMessage> claimed;
  if (!rows->empty()) {
    std::vector<std::int64_t> ids;
    for (int i = 0; i < rows->count(); ++i) ids.push_back(rows->integer(i, 0));
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    auto messages = tx->query(kMessages, ids);
    if (!messages) return std::move(messages).error();
    for (int i = 0; i < messages->count(); ++i) claimed.push_back(message_of(*messages, i));
    std::sort(claimed.begin(), claimed.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    for (int i = 0; i < rows->count(); ++i) {
      const auto id = rows->id<QueueId>(i, 0);
      const auto it =
          std::lower_bound(claimed.begin(), claimed.end(), id, [](const auto& m, QueueId q) { return m.id < q; });
      if (it != claimed.end() && it->id == id) it->recipients.push_back(recipient_of(*rows, i));
    }
    for (auto& m : claimed)
      std::sort(m.recipients.begin(), m.recipients.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    std::stable_sort(claimed.begin(), claimed.end(),
                     [](const auto& a, const auto& b) { return a.priority < b.priority; });
  }
  if (auto done = tx->commit(); !done) return std::move(done).error();
  return claimed;
}

Result<std::optional<Timestamp>> OutQueue::next_due() {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kNextDue);
  if (!rows) return std::move(rows).error();
  return rows->time_or_none(0, 0);
}

Result<void> OutQueue::record(std::span<const SendResult> results) {
  if (results.empty()) return {};
  auto params = result_params(results);
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  Connection::Batch batch{**lease};
  batch.add(kLockQueued, params.ids);
  batch.add_params(kRecordResults, std::move(params.record));
  batch.add(kFinishMessages, params.ids);
  auto done = batch.run();
  if (!done) return std::move(done).error();
  return {};
}

Result<std::vector<QueuedMessage>> OutQueue::list(const QueueFilter& filter, std::size_t most) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto params = filter_params(filter);
  params.add(static_cast<std::int64_t>(most));
  auto messages = (*lease)->run(kList, params);
  if (!messages) return std::move(messages).error();
  std::vector<QueuedMessage> all;
  std::vector<std::int64_t> ids;
  for (int i = 0; i < messages->count(); ++i) {
    all.push_back(message_of(*messages, i));
    ids.push_back(number(all.back().id));
  }
  auto rows = (*lease)->query(kRecipients, ids);
  if (!rows) return std::move(rows).error();
  for (int i = 0; i < rows->count(); ++i) {
    const auto id = rows->id<QueueId>(i, 0);
    const auto it = std::lower_bound(all.begin(), all.end(), id, [](const auto& m, QueueId q) { return m.id < q; });
    if (it != all.end() && it->id == id) it->recipients.push_back(recipient_of(*rows, i));
  }
  return all;
}

Result<std::int64_t> OutQueue::waiting() {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kWaiting);
  if (!rows) return std::move(rows).error();
  return rows->integer(0, 0);
}

Result<std::int64_t> OutQueue::flush(const QueueFilter& filter) {
  auto done = change(database_, kFlush, filter);
  if (done) news_.queue_changed();
  return done;
}

Result<std::int64_t> OutQueue::last_try(const QueueFilter& filter) {
  auto done = change(database_, kLastTry, filter);
  if (done) news_.queue_changed();
  return done;
}

Result<std::int64_t> OutQueue::hold(const QueueFilter& filter) { return change(database_, kHold, filter); }

Result<std::int64_t> OutQueue::release(const QueueFilter& filter) {
  auto done = change(database_, kRelease, filter);
  if (done) news_.queue_changed();
  return done;
}

Result<std::int64_t> OutQueue::remove(const QueueFilter& filter) { return change(database_, kRemove, filter); }

Result<std::int64_t> OutQueue::prune(Seconds age) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto done = (*lease)->query(kPrune, static_cast<double>(age.count()));
  if (!done) return std::move(done).error();
  auto attempts = (*lease)->query(kPruneAttempts, static_cast<double>(age.count()));
  if (!attempts) return std::move(attempts).error();
  return done->affected();
}

}  // namespace pennypost::store
