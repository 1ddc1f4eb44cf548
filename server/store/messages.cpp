// Changes of what is in folders. Each public function is one transaction: first the folder rows are locked (in the
// order of their ids, by messages.lock_folders), then come set-based statements that raise modseq, keep the counters
// and give back what the folder states need. Reading is in message_reading.cpp. Sources: RFC 3501 6.4.3-6.4.7, RFC
// 4315, RFC 6851, RFC 7162; spec 50 sections 3.6 and 4.2 (held messages are in no client's sight).
#include "server/store/messages.h"

#include <algorithm>

#include "server/base/log.h"
#include "server/store/connection.h"
#include "server/store/database.h"
#include "server/store/folder_state.h"
#include "server/store/message_statements.h"
#include "server/store/news.h"

namespace pennypost::store {

const Sql kLockFolders{"messages.lock_folders",
                       "SELECT folderid, uidvalidity, uidnext, modseq FROM messages.lock_folders($1::bigint[])"};

namespace {

// The ranges come first and the rows of each through the index, whatever the planner believes of the sizes: OFFSET 0
// keeps it from turning the join round and reading the whole folder (seen on tables without statistics). $2, $3: first
// and last of ranges. $4: 0 add, 1 remove, 2 replace. $5 system flags, $6 keywords, $7 unchanged since or null.
const Sql kStoreFlags{"messages.store_flags", R"sql(
    WITH target AS MATERIALIZED (
      SELECT m.uid, m.flags, coalesce(m.keywords, '{}') AS keywords, m.modseq
        FROM unnest($2::bigint[], $3::bigint[]) AS r(first, last)
        CROSS JOIN LATERAL (
               SELECT * FROM messages.messages x
                WHERE x.folderid = $1::bigint AND x.uid BETWEEN r.first AND r.last OFFSET 0) m
       WHERE NOT m.hold AND ($7::bigint IS NULL OR m.modseq <= $7::bigint)),
    fresh AS (
      SELECT uid, flags AS old, keywords AS oldwords,
             (CASE $4::smallint WHEN 0 THEN flags | $5::smallint WHEN 1 THEN flags & ~ $5::smallint
                                ELSE $5::smallint END)::smallint AS flags,
             CASE WHEN $4::smallint = 2 THEN $6::text[]
                  WHEN cardinality($6::text[]) = 0 THEN keywords
                  WHEN $4::smallint = 0 THEN keywords || ARRAY(SELECT w FROM unnest($6::text[]) w
                    WHERE lower(w) NOT IN (SELECT lower(k) FROM unnest(keywords) k))
                  ELSE ARRAY(SELECT k FROM unnest(keywords) WITH ORDINALITY AS u(k, place)
                    WHERE lower(k) NOT IN (SELECT lower(w) FROM unnest($6::text[]) w) ORDER BY place) END AS words
        FROM target),
    todo AS MATERIALIZED (SELECT * FROM fresh WHERE flags <> old OR words <> oldwords),
    bumped AS (
      UPDATE messages.folders f SET modseq = f.modseq + 1, unread = f.unread + t.unread
        FROM (SELECT count(*) AS n, coalesce(sum((old & 1) - (flags & 1)), 0) AS unread FROM todo) t
       WHERE f.folderid = $1::bigint AND t.n > 0 RETURNING f.modseq)
    UPDATE messages.messages m SET flags = t.flags, keywords = nullif(t.words, '{}'), modseq = b.modseq
      FROM todo t, bumped b WHERE m.folderid = $1::bigint AND m.uid = t.uid
    RETURNING m.uid, m.bodyid, m.modseq, m.internaldate, m.size, m.flags, m.keywords)sql"};
// What a click on a flag is: system flags alone, added ($4 false) or removed. The keywords stay, and all that the
// statement above does for them costs half its time.
const Sql kStoreSystemFlags{"messages.store_system_flags", R"sql(
    WITH todo AS MATERIALIZED (
      SELECT m.uid, m.flags AS old, fresh.flags
        FROM unnest($2::bigint[], $3::bigint[]) AS r(first, last)
        CROSS JOIN LATERAL (
               SELECT x.uid, x.flags FROM messages.messages x
                WHERE x.folderid = $1::bigint AND x.uid BETWEEN r.first AND r.last AND NOT x.hold
                  AND ($6::bigint IS NULL OR x.modseq <= $6::bigint) OFFSET 0) m
        CROSS JOIN LATERAL (
               SELECT CASE WHEN $4::boolean THEN m.flags & ~ $5::smallint ELSE m.flags | $5::smallint END AS flags) fresh
       WHERE fresh.flags <> m.flags),
    bumped AS (
      UPDATE messages.folders f SET modseq = f.modseq + 1, unread = f.unread + t.unread
        FROM (SELECT count(*) AS n, coalesce(sum((old & 1) - (flags & 1)), 0) AS unread FROM todo) t
       WHERE f.folderid = $1::bigint AND t.n > 0 RETURNING f.modseq)
    UPDATE messages.messages m SET flags = t.flags, modseq = b.modseq
      FROM todo t, bumped b WHERE m.folderid = $1::bigint AND m.uid = t.uid
    RETURNING m.uid, m.bodyid, m.modseq, m.internaldate, m.size, m.flags, m.keywords)sql"};
const Sql kModified{"messages.modified", R"sql(
    SELECT m.uid FROM unnest($2::bigint[], $3::bigint[]) AS r(first, last)
      CROSS JOIN LATERAL (
               SELECT * FROM messages.messages x
                WHERE x.folderid = $1::bigint AND x.uid BETWEEN r.first AND r.last OFFSET 0) m
     WHERE NOT m.hold AND m.modseq > $4::bigint ORDER BY m.uid)sql"};
const Sql kUids{"messages.uids", R"sql(
    SELECT m.uid FROM unnest($2::bigint[], $3::bigint[]) AS r(first, last)
      CROSS JOIN LATERAL (
               SELECT * FROM messages.messages x
                WHERE x.folderid = $1::bigint AND x.uid BETWEEN r.first AND r.last OFFSET 0) m
     WHERE NOT m.hold ORDER BY m.uid)sql"};
// $4: the folder that gets the copies. UIDL strings stay behind: POP3 wants them unique in a maildrop.
const Sql kCopy{"messages.copy", R"sql(
    WITH source AS MATERIALIZED (
      SELECT m.*, row_number() OVER (ORDER BY m.uid) AS place
        FROM unnest($2::bigint[], $3::bigint[]) AS r(first, last)
        CROSS JOIN LATERAL (
               SELECT * FROM messages.messages x
                WHERE x.folderid = $1::bigint AND x.uid BETWEEN r.first AND r.last OFFSET 0) m
       WHERE NOT m.hold),
    grown AS (
      UPDATE messages.folders f SET uidnext = f.uidnext + t.n, modseq = f.modseq + 1, count = f.count + t.n,
                                    unread = f.unread + t.unread, size = f.size + t.size
        FROM (SELECT count(*) AS n, count(*) FILTER (WHERE flags & 1 = 0) AS unread, coalesce(sum(size), 0) AS size
                FROM source) t
       WHERE f.folderid = $4::bigint AND t.n > 0 RETURNING f.uidnext - t.n AS firstuid, f.modseq)
    INSERT INTO messages.messages (folderid, uid, bodyid, modseq, internaldate, size, flags, spam, keywords, prefix)
    SELECT $4::bigint, g.firstuid + s.place - 1, s.bodyid, g.modseq, s.internaldate, s.size, s.flags, s.spam, s.keywords, s.prefix
      FROM source s, grown g ORDER BY s.place
    RETURNING uid, bodyid, modseq, internaldate, size, flags, keywords)sql"};
// $4: only those that carry \Deleted.
const Sql kRemove{"messages.remove", R"sql(
    WITH gone AS (
      DELETE FROM messages.messages m
       WHERE m.folderid = $1::bigint AND NOT m.hold AND m.uid = ANY (ARRAY(
             SELECT y.uid FROM unnest($2::bigint[], $3::bigint[]) AS r(first, last) CROSS JOIN LATERAL (
               SELECT x.uid FROM messages.messages x
                WHERE x.folderid = $1::bigint AND x.uid BETWEEN r.first AND r.last OFFSET 0) y))
         AND (NOT $4::boolean OR m.flags & 8 <> 0)
      RETURNING m.uid, m.flags, m.size),
    shrunk AS (
      UPDATE messages.folders f SET modseq = f.modseq + 1, count = f.count - t.n, unread = f.unread - t.unread,
                                    size = f.size - t.size
        FROM (SELECT count(*) AS n, count(*) FILTER (WHERE flags & 1 = 0) AS unread, coalesce(sum(size), 0) AS size
                FROM gone) t
       WHERE f.folderid = $1::bigint AND t.n > 0 RETURNING f.modseq)
    INSERT INTO messages.expunged (folderid, modseq, uid)
    SELECT $1::bigint, s.modseq, g.uid FROM gone g, shrunk s
    RETURNING uid, modseq)sql"};
const Sql kHold{"messages.hold", R"sql(
    WITH held AS (
      UPDATE messages.messages m SET hold = true
       WHERE m.folderid = $1::bigint AND NOT m.hold AND m.uid = ANY (ARRAY(
             SELECT y.uid FROM unnest($2::bigint[], $3::bigint[]) AS r(first, last) CROSS JOIN LATERAL (
               SELECT x.uid FROM messages.messages x
                WHERE x.folderid = $1::bigint AND x.uid BETWEEN r.first AND r.last OFFSET 0) y))
      RETURNING m.uid, m.flags, m.size),
    shrunk AS (
      UPDATE messages.folders f SET modseq = f.modseq + 1, count = f.count - t.n, unread = f.unread - t.unread,
                                    size = f.size - t.size
        FROM (SELECT count(*) AS n, count(*) FILTER (WHERE flags & 1 = 0) AS unread, coalesce(sum(size), 0) AS size
                FROM held) t
       WHERE f.folderid = $1::bigint AND t.n > 0 RETURNING f.modseq)
    INSERT INTO messages.expunged (folderid, modseq, uid)
    SELECT $1::bigint, s.modseq, h.uid FROM held h, shrunk s
    RETURNING uid, modseq)sql"};
// Clients were told that the old UID is gone, so a released message gets a new one.
const Sql kRelease{"messages.release", R"sql(
    WITH held AS MATERIALIZED (
      SELECT uid, flags, size, row_number() OVER (ORDER BY uid) AS place
        FROM messages.messages WHERE folderid = $1::bigint AND hold),
    grown AS (
      UPDATE messages.folders f SET uidnext = f.uidnext + t.n, modseq = f.modseq + 1, count = f.count + t.n,
                                    unread = f.unread + t.unread, size = f.size + t.size
        FROM (SELECT count(*) AS n, count(*) FILTER (WHERE flags & 1 = 0) AS unread, coalesce(sum(size), 0) AS size
                FROM held) t
       WHERE f.folderid = $1::bigint AND t.n > 0 RETURNING f.uidnext - t.n AS firstuid, f.modseq)
    UPDATE messages.messages m SET hold = false, uid = g.firstuid + h.place - 1, modseq = g.modseq
      FROM held h, grown g WHERE m.folderid = $1::bigint AND m.uid = h.uid
    RETURNING m.uid, m.bodyid, m.modseq, m.internaldate, m.size, m.flags, m.keywords)sql"};
// The lock of one folder for a change of flags, the same row lock as kLockFolders without its look at the UIDs left. A
// flag is not a message (docs/decisions.md): the commit does not wait for the disk.
const Sql kLockForFlags{"messages.lock_for_flags", R"sql(
    SELECT modseq, set_config('synchronous_commit', 'off', true)
      FROM messages.folders WHERE folderid = $1::bigint FOR UPDATE)sql"};

const Sql kOrphans{"messages.orphans", R"sql(
    DELETE FROM messages.orphans WHERE ctid = ANY (ARRAY(SELECT ctid FROM messages.orphans LIMIT $1::bigint FOR UPDATE SKIP LOCKED))
    RETURNING bodyid)sql"};
// Locks what may go, so that nobody can refer to it any more (messages.keep_bodies); the next statement looks again.
const Sql kLockBodies{"messages.lock_bodies", R"sql(
    SELECT bodyid FROM messages.bodies WHERE bodyid = ANY ($1::bigint[]) ORDER BY bodyid FOR UPDATE)sql"};
const Sql kSweep{"messages.sweep", R"sql(
    WITH gone AS (
      DELETE FROM messages.bodies b WHERE b.bodyid = ANY ($1::bigint[])
         AND NOT EXISTS (SELECT FROM messages.messages m WHERE m.bodyid = b.bodyid)
         AND NOT EXISTS (SELECT FROM outqueue.outmessages q WHERE q.bodyid = b.bodyid)
         AND NOT EXISTS (SELECT FROM messages.outgoing o WHERE o.bodyid = b.bodyid)
         AND NOT EXISTS (SELECT FROM spamfilter.quarantine s WHERE s.bodyid = b.bodyid)
      RETURNING b.bodyid)
    DELETE FROM messages.chunks c USING gone g WHERE c.bodyid = g.bodyid RETURNING c.bodyid, c.chunkno)sql"};

struct Ranges {
  std::vector<std::int64_t> first;
  std::vector<std::int64_t> last;
  explicit Ranges(const UidSet& set) {
    for (const auto& r : set.ranges()) {
      first.push_back(number(r.first));
      last.push_back(number(r.last));
    }
  }
};

std::vector<std::int64_t> lock_order(FolderId a, FolderId b) {
  std::vector<std::int64_t> ids{number(a), number(b)};
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::vector<FolderChange::Row> rows_of(const Rows& rows) {
  std::vector<FolderChange::Row> out;
  out.reserve(static_cast<std::size_t>(rows.count()));
  for (int i = 0; i < rows.count(); ++i) {
    FolderChange::Row r;
    r.row.uid = rows.id<Uid>(i, 0);
    r.row.body = rows.id<BodyId>(i, 1);
    r.row.mod_seq = rows.id<ModSeq>(i, 2);
    r.row.internal_date = std::chrono::floor<std::chrono::seconds>(rows.time(i, 3)).time_since_epoch().count();
    r.row.size = static_cast<std::uint32_t>(rows.integer(i, 4));
    r.row.flags = Flags{static_cast<std::uint16_t>(rows.integer(i, 5))};
    if (!rows.is_null(i, 6)) r.keywords = rows.texts(i, 6);
    out.push_back(std::move(r));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.row.uid < b.row.uid; });
  return out;
}

std::vector<Uid> uids_of(const Rows& rows) {
  std::vector<Uid> out;
  out.reserve(static_cast<std::size_t>(rows.count()));
  for (int i = 0; i < rows.count(); ++i) out.push_back(rows.id<Uid>(i, 0));
  std::sort(out.begin(), out.end());
  return out;
}

Error folder_gone(Error why) {
  if (why.kind == Kind::not_found) why.for_client = "No such folder";
  return why;
}

// What a copy or move has done, from the answers of kUids and kCopy.
void fill(Moved& moved, const Rows& before, const Rows& after) {
  const auto sources = uids_of(before);
  moved.rows = rows_of(after);
  for (std::size_t i = 0; i < std::min(sources.size(), moved.rows.size()); ++i)
    moved.uids.emplace_back(sources[i], moved.rows[i].row.uid);
  if (!moved.rows.empty()) moved.to_mod_seq = moved.rows.front().row.mod_seq;
}

UidValidity validity_in(const Rows& locked, FolderId folder) {
  for (int i = 0; i < locked.count(); ++i)
    if (locked.id<FolderId>(i, 0) == folder) return locked.id<UidValidity>(i, 1);
  return {};
}

}  // namespace

Result<Moved> move_in(Transaction& tx, FolderId from, const UidSet& uids, FolderId to) {
  const Ranges ranges{uids};
  Connection::Batch batch{tx.connection()};
  batch.add(kLockFolders, lock_order(from, to));
  batch.add(kUids, from, ranges.first, ranges.last);
  batch.add(kCopy, from, ranges.first, ranges.last, to);
  auto answers = batch.run();
  if (!answers) return folder_gone(std::move(answers).error());
  Moved moved;
  moved.to_validity = validity_in((*answers)[0], to);
  fill(moved, (*answers)[1], (*answers)[2]);
  if (moved.uids.empty()) return moved;
  // Exactly those that have been copied: in one folder the copies themselves may lie in the ranges.
  std::vector<Uid> sources;
  for (const auto& [source, copy] : moved.uids) sources.push_back(source);
  const Ranges old{UidSet{sources}};
  auto removed = tx.query(kRemove, from, old.first, old.last, false);
  if (!removed) return std::move(removed).error();
  if (!removed->empty()) moved.from_mod_seq = removed->id<ModSeq>(0, 1);
  return moved;
}

Result<FlagsStored> Messages::store_flags(FolderId folder, const UidSet& uids, const FlagChange& change,
                                          std::optional<ModSeq> unchanged_since) {
  const Ranges ranges{uids};
  FolderChange done;
  FlagsStored stored;
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    std::optional<std::int64_t> since;
    if (unchanged_since) since = static_cast<std::int64_t>(number(*unchanged_since));
    Connection::Batch batch{**lease};
    batch.add(kLockForFlags, folder);
    if (since) batch.add(kModified, folder, ranges.first, ranges.last, *since);
    const auto flags = static_cast<std::int16_t>(change.flags.bits);
    if (change.keywords.empty() && change.op != FlagOp::replace) {
      batch.add(kStoreSystemFlags, folder, ranges.first, ranges.last, change.op == FlagOp::remove, flags, since);
    } else {
      batch.add(kStoreFlags, folder, ranges.first, ranges.last, static_cast<std::int16_t>(change.op), flags,
                change.keywords, since);
    }
    auto answers = batch.run();
    if (!answers) return folder_gone(std::move(answers).error());
    if ((*answers)[0].empty()) return folder_gone(error(Kind::not_found, "", "messages: a folder is gone"));
    stored.mod_seq = (*answers)[0].id<ModSeq>(0, 0);
    if (since) stored.modified = uids_of((*answers)[1]);
    done.rows = rows_of(answers->back());
  }
  if (done.rows.empty()) return stored;
  done.mod_seq = done.rows.front().row.mod_seq;
  stored.mod_seq = done.mod_seq;
  for (const auto& r : done.rows) stored.changed.push_back(r.row.uid);
  states_.publish(folder, done);
  return stored;
}

Result<Copied> Messages::copy(FolderId from, const UidSet& uids, FolderId to) {
  const Ranges ranges{uids};
  Moved moved;
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    Connection::Batch batch{**lease};
    batch.add(kLockFolders, lock_order(from, to));
    batch.add(kUids, from, ranges.first, ranges.last);
    batch.add(kCopy, from, ranges.first, ranges.last, to);
    auto answers = batch.run();
    if (!answers) return folder_gone(std::move(answers).error());
    moved.to_validity = validity_in((*answers)[0], to);
    fill(moved, (*answers)[1], (*answers)[2]);
  }
  if (!moved.rows.empty())
    states_.publish(to, {moved.to_mod_seq, next(moved.rows.back().row.uid), std::move(moved.rows), {}});
  return Copied{moved.to_validity, std::move(moved.uids)};
}

Result<Copied> Messages::move(FolderId from, const UidSet& uids, FolderId to) {
  Moved moved;
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto tx = Transaction::begin(**lease);
    if (!tx) return std::move(tx).error();
    auto done = move_in(*tx, from, uids, to);
    if (!done) return std::move(done).error();
    moved = std::move(*done);
    if (auto committed = tx->commit(); !committed) return std::move(committed).error();
  }
  if (!moved.rows.empty()) {
    states_.publish(to, {moved.to_mod_seq, next(moved.rows.back().row.uid), std::move(moved.rows), {}});
    std::vector<Uid> sources;
    for (const auto& [source, copy] : moved.uids) sources.push_back(source);
    states_.publish(from, {moved.from_mod_seq, Uid{0}, {}, std::move(sources)});
  }
  return Copied{moved.to_validity, std::move(moved.uids)};
}

namespace {

// Runs kRemove or kHold. Gives the UIDs that clients lose.
Result<std::vector<Uid>> take_away(Database& database, FolderStates& states, const Sql& sql, FolderId folder,
                                   const UidSet& uids, std::optional<bool> only_deleted) {
  if (uids.empty()) return std::vector<Uid>{};
  const Ranges ranges{uids};
  FolderChange change;
  {
    auto lease = database.lease();
    if (!lease) return std::move(lease).error();
    Connection::Batch batch{**lease};
    batch.add(kLockFolders, std::vector<std::int64_t>{number(folder)});
    if (only_deleted) {
      batch.add(sql, folder, ranges.first, ranges.last, *only_deleted);
    } else {
      batch.add(sql, folder, ranges.first, ranges.last);
    }
    auto answers = batch.run();
    if (!answers) return folder_gone(std::move(answers).error());
    const auto& rows = answers->back();
    change.removed = uids_of(rows);
    if (!rows.empty()) change.mod_seq = rows.id<ModSeq>(0, 1);
  }
  if (!change.removed.empty()) states.publish(folder, change);
  return std::move(change.removed);
}

}  // namespace

Result<std::vector<Uid>> Messages::expunge(FolderId folder, const UidSet* only) {
  return take_away(database_, states_, kRemove, folder, only == nullptr ? UidSet::all() : *only, true);
}

Result<std::vector<Uid>> Messages::remove(FolderId folder, const UidSet& uids) {
  return take_away(database_, states_, kRemove, folder, uids, false);
}

Result<std::int64_t> Messages::hold(FolderId folder, const UidSet& uids) {
  auto gone = take_away(database_, states_, kHold, folder, uids, std::nullopt);
  if (!gone) return std::move(gone).error();
  return static_cast<std::int64_t>(gone->size());
}

Result<std::int64_t> Messages::release(FolderId folder) {
  FolderChange change;
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    Connection::Batch batch{**lease};
    batch.add(kLockFolders, std::vector<std::int64_t>{number(folder)});
    batch.add(kRelease, folder);
    auto answers = batch.run();
    if (!answers) return folder_gone(std::move(answers).error());
    change.rows = rows_of(answers->back());
  }
  const auto count = static_cast<std::int64_t>(change.rows.size());
  if (count == 0) return count;
  change.mod_seq = change.rows.front().row.mod_seq;
  change.uid_next = next(change.rows.back().row.uid);
  states_.publish(folder, change);
  return count;
}

namespace {

struct Swept {
  std::int64_t looked_at = 0;
  std::int64_t removed = 0;
};

Result<Swept> sweep_some(Database& database, std::size_t most) {
  auto lease = database.lease();
  if (!lease) return std::move(lease).error();
  auto tx = Transaction::begin(**lease);
  if (!tx) return std::move(tx).error();
  auto orphans = tx->query(kOrphans, static_cast<std::int64_t>(most));
  if (!orphans) return std::move(orphans).error();
  Swept done{orphans->count(), 0};
  if (orphans->empty()) return done;
  std::vector<std::int64_t> ids;
  for (int i = 0; i < orphans->count(); ++i) ids.push_back(orphans->integer(i, 0));
  if (auto locked = tx->query(kLockBodies, ids); !locked) return std::move(locked).error();
  auto swept = tx->query(kSweep, ids);
  if (!swept) return std::move(swept).error();
  if (auto committed = tx->commit(); !committed) return std::move(committed).error();
  for (int i = 0; i < swept->count(); ++i) done.removed += swept->integer(i, 1) == 0 ? 1 : 0;
  return done;
}

}  // namespace

Result<std::int64_t> Messages::sweep(std::size_t most) {
  constexpr std::size_t kAtATime = 200;  // short transactions
  std::int64_t removed = 0;
  for (std::size_t looked_at = 0; looked_at < most;) {
    auto some = sweep_some(database_, std::min(kAtATime, most - looked_at));
    if (!some) return std::move(some).error();
    removed += some->removed;
    looked_at += static_cast<std::size_t>(some->looked_at);
    if (some->looked_at == 0) break;
  }
  return removed;
}

}  // namespace pennypost::store
