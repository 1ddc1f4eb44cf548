// The writing of deliveries. A caller puts its delivery into a line; up to kWriters of the callers at a time take what
// stands there (a batch) and write it in one pipelined transaction, so that one commit and one wait for the disk serve
// many. The order inside: bodies and chunks (new rows, no lock), then the folder rows in one statement in the order of
// their ids, entries, quarantine, queue, results, trace, commit. When a batch of several fails and the connection lives
// (so nothing was stored), each is written alone and fails alone. When the connection is lost nobody knows: all get
// `unavailable`.
#include "server/store/delivery_writer.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/store/connection.h"
#include "server/store/database.h"
#include "server/store/folder_state.h"
#include "server/store/message_statements.h"
#include "server/store/news.h"
#include "server/store/out_queue_statements.h"
#include "server/store/quarantine_statements.h"
#include "server/store/search_bits.h"
#include "server/store/trace_statements.h"

namespace pennypost::store {

double stored_score(double score) {
  constexpr double kMost = std::numeric_limits<float>::max();
  if (!(std::abs(score) >= static_cast<double>(std::numeric_limits<float>::min()))) return 0;  // NaN too
  return std::clamp(score, -kMost, kMost);
}

namespace {

constexpr LogEvent kAlone{"store.batch_failed", Level::warning,
                          "{count} deliveries could not be written together, each is written alone: {reason}"};

const Sql kBodyIds{"delivery.body_ids",
                   "SELECT nextval('messages.bodies_bodyid_seq') FROM generate_series(1, $1::integer)"};
const Sql kQueueIds{"delivery.queue_ids",
                    "SELECT nextval('outqueue.outmessages_msgid_seq') FROM generate_series(1, $1::integer)"};
const Sql kInsertBody{"delivery.body", R"sql(
    INSERT INTO messages.bodies (bodyid, size, headersize, envelope, bodystructure, parts, subject, basesubject, fromname,
                                 fromaddr, tolist, replyto, messageid, inreplyto, refs, messagetime, attachments, searchtext, searchbits)
    VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bytea, $5::bytea, $6::bytea, $7::text, $8::text, $9::text, $10::text,
            $11::text, $12::text, $13::text, $14::text, $15::text, $16::timestamptz, $17::boolean, nullif($18::text, ''), nullif($19::bytea, '')))sql"};
const Sql kInsertChunk{"delivery.chunk", R"sql(
    INSERT INTO messages.chunks (bodyid, chunkno, data) VALUES ($1::bigint, $2::integer, $3::bytea))sql"};
const Sql kKeepBodies{"delivery.keep_bodies", "SELECT messages.keep_bodies($1::bigint[])"};
// The size of an entry is that of its body and prefix; UIDs go up in the order of the arrays.
const Sql kInsertEntries{"delivery.entries", R"sql(
    WITH entry AS MATERIALIZED (
      SELECT e.folderid, e.bodyid, e.internaldate, e.flags, e.hold, e.spam, nullif(string_to_array(e.words, ' '), '{}') AS keywords,
             nullif(e.uidl, '') AS uidl, nullif(e.prefix, '') AS prefix, b.size + length(e.prefix) AS size, e.place
        FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::smallint[], $5::boolean[], $6::double precision[],
                    $7::text[], $8::text[], $9::bytea[]) WITH ORDINALITY
               AS e(folderid, bodyid, internaldate, flags, hold, spam, words, uidl, prefix, place)
        JOIN messages.bodies b ON b.bodyid = e.bodyid),
    grown AS (
      UPDATE messages.folders f SET uidnext = f.uidnext + t.n, modseq = f.modseq + 1, count = f.count + t.count,
                                    unread = f.unread + t.unread, size = f.size + t.size
        FROM (SELECT folderid, count(*) AS n, count(*) FILTER (WHERE NOT hold) AS count,
                     count(*) FILTER (WHERE NOT hold AND flags & 1 = 0) AS unread,
                     coalesce(sum(size) FILTER (WHERE NOT hold), 0) AS size
                FROM entry GROUP BY folderid) t
       WHERE f.folderid = t.folderid RETURNING f.folderid, f.uidnext - t.n AS firstuid, f.modseq)
    INSERT INTO messages.messages (folderid, uid, bodyid, modseq, internaldate, size, flags, hold, spam, keywords, uidl, prefix)
    SELECT e.folderid, g.firstuid + row_number() OVER (PARTITION BY e.folderid ORDER BY e.place) - 1, e.bodyid, g.modseq,
           e.internaldate, e.size, e.flags, e.hold, e.spam, e.keywords, e.uidl, e.prefix
      FROM entry e JOIN grown g ON g.folderid = e.folderid
    RETURNING folderid, uid, modseq, size)sql"};
const Sql kInsertQueued{"delivery.queued", R"sql(
    INSERT INTO outqueue.outmessages (msgid, senderip, authsender, returnpath, subject, hold, helduntil, priority, size,
                                      bodyid, prefix, envid, ret, is8bit, isutf8, traceid)
    SELECT $1::bigint, $2::text, $3::text, $4::text, $5::text, $6::smallint, $7::timestamptz, $8::integer,
           b.size + length($10::bytea), $9::bigint, nullif($10::bytea, ''), $11::text, $12::smallint, $13::boolean,
           $14::boolean, $15::text
      FROM messages.bodies b WHERE b.bodyid = $9::bigint)sql"};
const Sql kInsertRecipients{"delivery.recipients", R"sql(
    INSERT INTO outqueue.outrecipients (msgid, addr, notify, orcpt)
    SELECT $1::bigint, r.addr, r.notify, r.orcpt FROM unnest($2::text[], $3::text[], $4::text[]) AS r(addr, notify, orcpt))sql"};

constexpr int kWriters = 2;
constexpr std::size_t kBatchMost = 64;                  // deliveries of one transaction
constexpr std::int64_t kBatchOctets = 8 * 1024 * 1024;  // of bodies: nobody waits long behind another's attachments
constexpr std::size_t kChunk = 256 * 1024;              // as in message_reading.cpp
constexpr int kIdsAtOnce = 256;

// Ids taken from a sequence ahead of their use, so that rows that refer to each other go out in one round trip.
class IdStock {
 public:
  explicit IdStock(const Sql& more) : more_{more} {}
  Result<void> reserve(Connection& connection, std::size_t wanted) {
    const std::lock_guard lock{mutex_};
    while (ids_.size() < wanted) {
      auto rows = connection.query(more_, static_cast<std::int32_t>(kIdsAtOnce));
      if (!rows) return std::move(rows).error();
      for (int i = 0; i < rows->count(); ++i) ids_.push_back(rows->integer(i, 0));
    }
    return {};
  }
  Result<std::vector<std::int64_t>> take(Connection& connection, std::size_t count) {
    for (;;) {
      if (auto done = reserve(connection, count); !done) return std::move(done).error();
      const std::lock_guard lock{mutex_};
      if (ids_.size() < count) continue;  // another writer was quicker
      std::vector<std::int64_t> taken(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(count));
      ids_.erase(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(count));
      return taken;
    }
  }

 private:
  const Sql& more_;
  std::mutex mutex_;
  std::deque<std::int64_t> ids_;
};

std::int64_t octets_of(const Delivery& d) {
  std::int64_t n = 0;
  for (const auto& letter : d.letters)
    if (letter.body != nullptr) n += static_cast<std::int64_t>(letter.body->octets.size());
  return n;
}

std::string joined(const Keywords& words) {
  std::string out;
  for (const auto& word : words) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

std::string_view truncated(std::string_view text, std::size_t most) { return text.substr(0, most); }

struct Waiting {
  const Delivery* delivery = nullptr;
  std::optional<Result<Delivered>> answer;
  std::condition_variable done;
};

}  // namespace

struct DeliveryWriter::Impl {
  Impl(Database& d, FolderStates& s, News& n) : database{d}, states{s}, news{n} {}
  Database& database;
  FolderStates& states;
  News& news;
  IdStock body_ids{kBodyIds};
  IdStock queue_ids{kQueueIds};
  std::mutex mutex;
  std::deque<Waiting*> line;
  int writers = 0;

  std::vector<Waiting*> take_batch() {
    std::vector<Waiting*> batch;
    std::int64_t octets = 0;
    while (!line.empty() && batch.size() < kBatchMost) {
      const auto more = octets_of(*line.front()->delivery);
      if (!batch.empty() && octets + more > kBatchOctets) break;
      octets += more;
      batch.push_back(line.front());
      line.pop_front();
    }
    return batch;
  }

  void write(const std::vector<Waiting*>& batch);
  Result<void> attempt(const std::vector<Waiting*>& batch, bool& is_open);
};

namespace {

// What one batch sends and what it learns from the answers.
class BatchWork {
 public:
  BatchWork(Connection& connection, IdStock& body_ids, IdStock& queue_ids)
      : connection_{connection}, body_ids_{body_ids}, queue_ids_{queue_ids} {}

  Result<void> write(const std::vector<Waiting*>& batch) {
    if (auto done = number_everything(batch); !done) return done;
    if (auto begun = connection_.pipeline_begin(); !begun) return begun;
    auto sent = send(batch);
    auto answers = connection_.pipeline_end();
    if (!answers) return std::move(answers).error();
    if (!sent) return sent;  // cannot be: a failed send is an error of the end
    return read(*answers, batch);
  }

  std::vector<Delivered> results;
  std::vector<std::pair<FolderId, FolderChange>> changes;
  bool has_queued = false;

 private:
  Result<void> number_everything(const std::vector<Waiting*>& batch) {
    std::size_t bodies = 0;
    std::size_t queued = 0;
    for (const auto* w : batch)
      for (const auto& letter : w->delivery->letters) {
        bodies += letter.body != nullptr ? 1 : 0;
        queued += letter.queue.size();
      }
    if (bodies > 0) {
      auto ids = body_ids_.take(connection_, bodies);
      if (!ids) return std::move(ids).error();
      new_bodies_ = std::move(*ids);
    }
    if (queued > 0) {
      auto ids = queue_ids_.take(connection_, queued);
      if (!ids) return std::move(ids).error();
      new_queued_ = std::move(*ids);
      has_queued = true;
    }
    return {};
  }

  Result<void> send_body(std::int64_t id, const NewBody& b) {
    auto done = connection_.pipeline_send(
        kInsertBody,
        Params::of(id, static_cast<std::int64_t>(b.octets.size()), b.header_size.count, Bytes{b.envelope},
                   Bytes{b.bodystructure}, Bytes{b.parts}, b.subject, truncated(b.base_subject, 4000), b.from_name,
                   b.from_addr, b.to_list, b.reply_to, b.message_id, b.in_reply_to, b.references, b.date,
                   b.has_attachments, b.search_text, Bytes{search_bits(b.search_text)}));
    std::int32_t number = 0;
    for (auto rest = b.octets; done && (number == 0 || !rest.empty()); ++number) {
      Params params;
      params.add(id);
      params.add(number);
      params.add(BorrowedBytes{rest.substr(0, kChunk)});
      done = connection_.pipeline_send(kInsertChunk, params);
      rest.remove_prefix(std::min(kChunk, rest.size()));
      ++answers_before_entries_;
    }
    ++answers_before_entries_;
    return done;
  }

  Result<void> send(const std::vector<Waiting*>& batch) {
    std::size_t next_body = 0;
    std::size_t next_queued = 0;
    std::vector<std::int64_t> kept;
    std::vector<std::int64_t> folder, body;
    std::vector<Timestamp> date;
    std::vector<std::int16_t> flags;
    std::vector<bool> hold;
    std::vector<double> spam;
    std::vector<std::string> words;
    std::vector<std::string_view> uidl;
    std::vector<Bytes> prefix;
    const auto today = now();
    for (const auto* w : batch) {
      auto& result = results.emplace_back();
      for (const auto& letter : w->delivery->letters) {
        auto& out = result.letters.emplace_back();
        if (letter.body != nullptr) {
          const auto id = new_bodies_[next_body++];
          out.body = static_cast<BodyId>(id);
          if (auto done = send_body(id, *letter.body); !done) return done;
        } else {
          out.body = letter.existing.value_or(BodyId{});
          kept.push_back(number(out.body));
        }
        for (const auto& entry : letter.mailboxes) {
          folder.push_back(number(entry.folder));
          body.push_back(number(out.body));
          date.push_back(entry.internal_date == Timestamp{} ? today : entry.internal_date);
          flags.push_back(static_cast<std::int16_t>(entry.flags.bits));
          hold.push_back(entry.is_held);
          spam.push_back(stored_score(entry.spam_score));
          words.push_back(joined(entry.keywords));
          uidl.emplace_back(entry.uidl);
          prefix.push_back(Bytes{entry.prefix});
        }
      }
    }
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    if (!kept.empty()) {
      ++answers_before_entries_;
      if (auto done = connection_.pipeline_send(kKeepBodies, Params::of(kept)); !done) return done;
    }
    if (!folder.empty()) {
      has_entries_ = true;
      auto locks = folder;
      std::sort(locks.begin(), locks.end());
      locks.erase(std::unique(locks.begin(), locks.end()), locks.end());
      if (auto done = connection_.pipeline_send(kLockFolders, Params::of(locks)); !done) return done;
      const auto params = Params::of(folder, body, date, flags, hold, spam, words, uidl, prefix);
      if (auto done = connection_.pipeline_send(kInsertEntries, params); !done) return done;
    }
    if (auto done = send_quarantined(batch); !done) return done;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto& delivery = *batch[i]->delivery;
      if (delivery.reported) {
        const auto& told = *delivery.reported;
        if (auto done = connection_.pipeline_send(kMarkReported, Params::of(told.account, told.upto, told.count));
            !done)
          return done;
      }
      for (std::size_t l = 0; l < delivery.letters.size(); ++l)
        for (const auto& entry : delivery.letters[l].queue) {
          const auto id = new_queued_[next_queued++];
          results[i].letters[l].queue.push_back(static_cast<QueueId>(id));
          if (auto done = send_queued(id, results[i].letters[l].body, entry); !done) return done;
        }
      if (!delivery.send_results.empty()) {
        auto params = result_params(delivery.send_results);
        if (auto done = connection_.pipeline_send(kLockQueued, Params::of(params.ids)); !done) return done;
        if (auto done = connection_.pipeline_send(kRecordResults, params.record); !done) return done;
        if (auto done = connection_.pipeline_send(kFinishMessages, Params::of(params.ids)); !done) return done;
      }
      if (!delivery.trace.lines.empty())
        if (auto done = connection_.pipeline_send(kTraceWrite, trace_params(delivery.trace)); !done) return done;
    }
    return {};
  }

  Result<void> send_quarantined(const std::vector<Waiting*>& batch) {
    std::vector<std::int32_t> owner;
    std::vector<std::int64_t> body;
    std::vector<Bytes> prefix;
    std::vector<Timestamp> at;
    std::vector<double> score;
    std::vector<std::string_view> rules, return_path, from, subject;
    std::vector<std::string> recipients;
    for (std::size_t i = 0; i < batch.size(); ++i)
      for (std::size_t l = 0; l < batch[i]->delivery->letters.size(); ++l)
        for (const auto& entry : batch[i]->delivery->letters[l].quarantine) {
          owner.push_back(number(entry.account));
          body.push_back(number(results[i].letters[l].body));
          prefix.push_back(Bytes{entry.prefix});
          at.push_back(entry.at == Timestamp{} ? now() : entry.at);
          score.push_back(stored_score(entry.spam_score));
          rules.emplace_back(entry.rules);
          return_path.emplace_back(entry.return_path);
          from.emplace_back(entry.folded_from);
          subject.emplace_back(entry.folded_subject);
          std::string all;
          for (const auto& recipient : entry.recipients) all += (all.empty() ? "" : "\n") + recipient;
          recipients.push_back(std::move(all));
        }
    if (owner.empty()) return {};
    return connection_.pipeline_send(
        kInsertQuarantined, Params::of(owner, body, prefix, at, score, rules, return_path, from, subject, recipients));
  }

  Result<void> send_queued(std::int64_t id, BodyId body, const QueueEntry& e) {
    if (auto done = connection_.pipeline_send(
            kInsertQueued, Params::of(id, e.sender_ip.empty() ? "unknown" : e.sender_ip.c_str(), e.auth_sender,
                                      e.return_path, e.subject, e.hold, e.held_until, std::int32_t{e.priority}, body,
                                      Bytes{e.prefix}, e.envelope_id, e.returned, e.is_8bit, e.is_utf8, e.trace_id));
        !done)
      return done;
    std::vector<std::string_view> address, notify, original;
    for (const auto& r : e.recipients) {
      address.emplace_back(r.address);
      notify.emplace_back(r.notify);
      original.emplace_back(r.original_recipient);
    }
    return connection_.pipeline_send(kInsertRecipients, Params::of(id, address, notify, original));
  }

  // Gives each entry its UID: the rows of one folder in ascending order are its entries in the order of the batch.
  Result<void> read(const std::vector<Rows>& answers, const std::vector<Waiting*>& batch) {
    if (!has_entries_) return {};
    const auto& locked = answers[answers_before_entries_];
    const auto& stored = answers[answers_before_entries_ + 1];
    struct Row {
      std::int64_t folder, uid, mod_seq, size;
    };
    std::vector<Row> rows;
    for (int i = 0; i < stored.count(); ++i)
      rows.push_back({stored.integer(i, 0), stored.integer(i, 1), stored.integer(i, 2), stored.integer(i, 3)});
    std::sort(rows.begin(), rows.end(),
              [](const Row& a, const Row& b) { return std::tie(a.folder, a.uid) < std::tie(b.folder, b.uid); });
    std::map<std::int64_t, std::size_t> next_row;
    std::map<std::int64_t, UidValidity> validity;
    for (int i = 0; i < locked.count(); ++i) validity[locked.integer(i, 0)] = locked.id<UidValidity>(i, 1);
    for (std::size_t i = 0; i < rows.size(); ++i) next_row.emplace(rows[i].folder, i);
    std::map<std::int64_t, FolderChange> by_folder;
    for (std::size_t i = 0; i < batch.size(); ++i)
      for (std::size_t l = 0; l < batch[i]->delivery->letters.size(); ++l) {
        auto& out = results[i].letters[l];
        for (const auto& entry : batch[i]->delivery->letters[l].mailboxes) {
          const auto at = next_row.find(number(entry.folder));
          if (at == next_row.end() || at->second >= rows.size() || rows[at->second].folder != number(entry.folder))
            return error(Kind::internal, "Internal error", "database: an entry got no UID");
          const auto& row = rows[at->second++];
          const auto uid = static_cast<Uid>(row.uid);
          const auto mod_seq = static_cast<ModSeq>(row.mod_seq);
          out.mailboxes.push_back({entry.folder, uid, validity[row.folder], mod_seq});
          auto& change = by_folder[row.folder];
          change.mod_seq = mod_seq;
          change.uid_next = next(uid);
          if (entry.is_held) continue;
          FolderChange::Row fresh;
          fresh.row.body = out.body;
          fresh.row.mod_seq = mod_seq;
          fresh.row.uid = uid;
          fresh.row.size = static_cast<std::uint32_t>(row.size);
          fresh.row.flags = entry.flags;
          const auto date = entry.internal_date == Timestamp{} ? now() : entry.internal_date;
          fresh.row.internal_date = std::chrono::floor<std::chrono::seconds>(date).time_since_epoch().count();
          fresh.keywords = entry.keywords;
          change.rows.push_back(std::move(fresh));
        }
      }
    for (auto& [folder, change] : by_folder) changes.emplace_back(static_cast<FolderId>(folder), std::move(change));
    return {};
  }

  Connection& connection_;
  IdStock& body_ids_;
  IdStock& queue_ids_;
  std::vector<std::int64_t> new_bodies_;
  std::vector<std::int64_t> new_queued_;
  std::size_t answers_before_entries_ = 0;
  bool has_entries_ = false;
};

}  // namespace

// `is_open`: the connection lives, so an error means that nothing was stored.
Result<void> DeliveryWriter::Impl::attempt(const std::vector<Waiting*>& batch, bool& is_open) {
  auto lease = database.lease();
  is_open = false;
  if (!lease) return std::move(lease).error();
  BatchWork work{**lease, body_ids, queue_ids};
  auto done = work.write(batch);
  is_open = (*lease)->is_open();
  if (!done) return done;
  for (const auto& [folder, change] : work.changes) states.publish(folder, change);
  if (work.has_queued) news.queue_changed();
  const std::lock_guard lock{mutex};
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i]->answer.emplace(std::move(work.results[i]));
  return {};
}

void DeliveryWriter::Impl::write(const std::vector<Waiting*>& batch) {
  bool is_open = false;
  auto done = attempt(batch, is_open);
  if (done) return;
  if (batch.size() > 1 && is_open) {
    log(kAlone, done.error(), {{"count", batch.size()}});
    for (auto* one : batch)
      if (auto alone = attempt({one}, is_open); !alone) {
        const std::lock_guard lock{mutex};
        one->answer.emplace(std::move(alone).error());
      }
    return;
  }
  const std::lock_guard lock{mutex};
  for (auto* one : batch) one->answer.emplace(done.error());
}

DeliveryWriter::DeliveryWriter(Database& database, FolderStates& states, News& news)
    : impl_{std::make_unique<Impl>(database, states, news)} {}
DeliveryWriter::~DeliveryWriter() = default;

Result<Delivered> DeliveryWriter::deliver(const Delivery& delivery) {
  for (const auto& letter : delivery.letters)
    if ((letter.body != nullptr) == letter.existing.has_value())
      return error(Kind::internal, "Internal error", "a letter needs a new body or a stored one");
  Impl& me = *impl_;
  Waiting mine;
  mine.delivery = &delivery;
  std::unique_lock lock{me.mutex};
  me.line.push_back(&mine);
  for (;;) {
    if (mine.answer) return std::move(*mine.answer);
    const bool in_line = std::find(me.line.begin(), me.line.end(), &mine) != me.line.end();
    if (!in_line || me.writers >= kWriters) {
      mine.done.wait(lock);
      continue;
    }
    ++me.writers;
    const auto batch = me.take_batch();
    lock.unlock();
    me.write(batch);
    lock.lock();
    --me.writers;
    for (auto* one : batch)
      if (one != &mine) one->done.notify_one();
    if (!me.line.empty()) me.line.front()->done.notify_one();  // the next writer
  }
}

}  // namespace pennypost::store
