// The quarantine. Lock order: the folder's row before rows of the quarantine, as everywhere; rows of the quarantine in
// the order of their ids. A release is one statement behind the folder's lock: who comes second finds nothing.
#include "server/store/quarantine.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "server/base/clock.h"
#include "server/base/text.h"
#include "server/store/connection.h"
#include "server/store/database.h"
#include "server/store/delivery_writer.h"
#include "server/store/folder_state.h"
#include "server/store/folders.h"
#include "server/store/message_statements.h"
#include "server/store/quarantine_statements.h"

namespace pennypost::store {

const Sql kInsertQuarantined{"quarantine.insert", R"sql(
    INSERT INTO spamfilter.quarantine (usernumber, bodyid, prefix, created, score, rules, returnpath, sender, fromname,
                                       subject, foldedfrom, foldedsubject, size, recipients)
    SELECT q.owner, q.bodyid, nullif(q.prefix, ''), q.at, q.score, q.rules, q.returnpath,
           coalesce(nullif(b.fromaddr, ''), q.returnpath), b.fromname, b.subject, q.foldedfrom, q.foldedsubject, b.size,
           string_to_array(q.recipients, chr(10))
      FROM unnest($1::integer[], $2::bigint[], $3::bytea[], $4::timestamptz[], $5::double precision[], $6::text[],
                  $7::text[], $8::text[], $9::text[], $10::text[])
             AS q(owner, bodyid, prefix, at, score, rules, returnpath, foldedfrom, foldedsubject, recipients)
      JOIN messages.bodies b ON b.bodyid = q.bodyid)sql"};
const Sql kMarkReported{"quarantine.mark_reported",
                        "SELECT spamfilter.mark_reported($1::integer, $2::bigint, $3::bigint)"};

namespace {

// Behind $13, $14: the last row of the page before. Null: no such condition.
const Sql kList{"quarantine.list", R"sql(
    SELECT q.id, q.usernumber, u.username, q.bodyid, q.created, q.score, q.rules, q.returnpath, q.sender, q.fromname,
           q.subject, q.size, q.recipients, q.seen, q.hidden, q.reported, q.prefix
      FROM spamfilter.quarantine q JOIN users.users u ON u.usernumber = q.usernumber
     WHERE ($1::integer IS NULL OR q.usernumber = $1::integer)
       AND ($2::timestamptz IS NULL OR q.created >= $2::timestamptz)
       AND ($3::timestamptz IS NULL OR q.created < $3::timestamptz)
       AND position($4::text IN q.foldedfrom) > 0
       AND position($5::text IN q.foldedsubject) > 0
       AND (CASE WHEN $7::boolean THEN q.score > $6::double precision ELSE q.score >= $6::double precision END)
       AND (CASE WHEN $9::boolean THEN q.score < $8::double precision ELSE q.score <= $8::double precision END)
       AND (CASE WHEN $11::boolean THEN q.size > $10::double precision ELSE q.size >= $10::double precision END)
       AND (CASE WHEN $13::boolean THEN q.size < $12::double precision ELSE q.size <= $12::double precision END)
       AND ($14::boolean OR NOT q.hidden)
       AND ($15::double precision IS NULL OR (q.score, q.id) > ($15::double precision, $16::bigint))
     ORDER BY q.score, q.id LIMIT $17::integer)sql"};
const Sql kGet{"quarantine.get", R"sql(
    SELECT q.id, q.usernumber, u.username, q.bodyid, q.created, q.score, q.rules, q.returnpath, q.sender, q.fromname,
           q.subject, q.size, q.recipients, q.seen, q.hidden, q.reported, q.prefix
      FROM spamfilter.quarantine q JOIN users.users u ON u.usernumber = q.usernumber
     WHERE q.id = $1::bigint)sql"};
const Sql kMark{"quarantine.mark", R"sql(
    UPDATE spamfilter.quarantine q SET seen = coalesce($2::boolean, q.seen), hidden = coalesce($3::boolean, q.hidden)
      FROM (SELECT id FROM spamfilter.quarantine WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE) l
     WHERE q.id = l.id)sql"};
const Sql kRemove{"quarantine.remove", R"sql(
    DELETE FROM spamfilter.quarantine q
     USING (SELECT id FROM spamfilter.quarantine WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE) l
     WHERE q.id = l.id)sql"};
const Sql kOwner{"quarantine.owner", "SELECT usernumber, score FROM spamfilter.quarantine WHERE id = $1::bigint"};
// $2: the folder, whose row is locked (kLockFolders fails when it is gone). $3: stored_score. The date of the message
// stays that of its arrival.
const Sql kRelease{"quarantine.release", R"sql(
    WITH gone AS (
      DELETE FROM spamfilter.quarantine WHERE id = $1::bigint
      RETURNING bodyid, prefix, created, size + coalesce(length(prefix), 0) AS size),
    grown AS (
      UPDATE messages.folders f SET uidnext = f.uidnext + 1, modseq = f.modseq + 1, count = f.count + 1,
                                    unread = f.unread + 1, size = f.size + g.size
        FROM gone g WHERE f.folderid = $2::bigint RETURNING f.uidnext - 1 AS uid, f.modseq)
    INSERT INTO messages.messages (folderid, uid, bodyid, modseq, internaldate, size, flags, spam, prefix)
    SELECT $2::bigint, f.uid, g.bodyid, f.modseq, g.created, g.size, 0::smallint, $3::double precision, g.prefix FROM gone g, grown f
    RETURNING uid, bodyid, modseq, internaldate, size)sql"};
const Sql kOfSender{"quarantine.of_sender", R"sql(
    SELECT id FROM spamfilter.quarantine
     WHERE (lower(sender) = $1::text OR lower(returnpath) = $1::text) AND id > $2::bigint ORDER BY id LIMIT $3::integer)sql"};
const Sql kSenders{"quarantine.senders", R"sql(
    SELECT address FROM (
      (SELECT DISTINCT lower(sender) AS address FROM spamfilter.quarantine
        WHERE lower(sender) > $1::text ORDER BY 1 LIMIT $2::integer)
      UNION
      (SELECT DISTINCT lower(returnpath) AS address FROM spamfilter.quarantine
        WHERE lower(returnpath) > $1::text ORDER BY 1 LIMIT $2::integer)) s
     ORDER BY address LIMIT $2::integer)sql"};
const Sql kExpire{"quarantine.expire", R"sql(
    DELETE FROM spamfilter.quarantine WHERE id = ANY (ARRAY(
      SELECT id FROM spamfilter.quarantine WHERE created < $1::timestamptz
       ORDER BY created, id LIMIT $2::bigint FOR UPDATE SKIP LOCKED)))sql"};
const Sql kToReport{"quarantine.to_report", R"sql(
    SELECT DISTINCT usernumber FROM spamfilter.quarantine WHERE NOT reported AND usernumber > $1::integer
     ORDER BY usernumber LIMIT $2::integer)sql"};
const Sql kUnreportedCount{"quarantine.unreported_count", R"sql(
    SELECT count(*), coalesce(max(id), 0) FROM spamfilter.quarantine WHERE usernumber = $1::integer AND NOT reported)sql"};
const Sql kUnreported{"quarantine.unreported", R"sql(
    SELECT q.id, q.usernumber, u.username, q.bodyid, q.created, q.score, q.rules, q.returnpath, q.sender, q.fromname,
           q.subject, q.size, q.recipients, q.seen, q.hidden, q.reported, q.prefix
      FROM spamfilter.quarantine q JOIN users.users u ON u.usernumber = q.usernumber
     WHERE q.usernumber = $1::integer AND NOT q.reported ORDER BY q.score, q.id LIMIT $2::integer)sql"};
const Sql kLastReport{"quarantine.last_report", "SELECT lastrun FROM spamfilter.reportruns"};
const Sql kNoteReport{"quarantine.note_report", R"sql(
    UPDATE spamfilter.reportruns SET lastrun = greatest(lastrun, $1::timestamptz))sql"};

Quarantined quarantined_of(const Rows& rows, int i) {
  return {.id = rows.id<QuarantineId>(i, 0),
          .account = rows.id<AccountId>(i, 1),
          .user = rows.string(i, 2),
          .body = rows.id<BodyId>(i, 3),
          .at = rows.time(i, 4),
          .score = rows.real(i, 5),
          .rules = rows.string(i, 6),
          .return_path = rows.string(i, 7),
          .sender = rows.string(i, 8),
          .from_name = rows.string(i, 9),
          .subject = rows.string(i, 10),
          .size = {rows.integer(i, 11)},
          .recipients = rows.texts(i, 12),
          .is_seen = rows.flag(i, 13),
          .is_hidden = rows.flag(i, 14),
          .is_reported = rows.flag(i, 15),
          .prefix = rows.string(i, 16)};
}

std::vector<Quarantined> all_of(const Rows& rows) {
  std::vector<Quarantined> out;
  out.reserve(static_cast<std::size_t>(rows.count()));
  for (int i = 0; i < rows.count(); ++i) out.push_back(quarantined_of(rows, i));
  return out;
}

std::vector<std::int64_t> numbers(std::span<const QuarantineId> ids) {
  std::vector<std::int64_t> out;
  for (const QuarantineId id : ids) out.push_back(number(id));
  return out;
}

constexpr int kReleaseAttempts = 3;  // the inbox may be gone between the look for it and the release

Error not_there() { return error(Kind::not_found, "There is no such message in the quarantine"); }

/// The number that the whole of `text` is, without regard to the locale of the process.
std::optional<double> number_of(std::string_view text) {
  text = trim(text);
  double value = 0;
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

Result<NumberRange> NumberRange::parse(std::string_view text) {
  text = trim(text);
  NumberRange range;
  if (text.empty()) return range;
  const auto wrong = [&] {
    return error(Kind::bad_input, "A number, =a, >a, <a, >=a, <=a or a..b is needed: " + printable(text));
  };
  if (const auto dots = text.find(".."); dots != std::string_view::npos) {
    const auto least = number_of(text.substr(0, dots)), most = number_of(text.substr(dots + 2));
    if (!least || !most) return wrong();
    range.least = *least;
    range.most = *most;
    return range;
  }
  const char sign = text.front();
  const bool has_sign = sign == '<' || sign == '>' || sign == '=';
  const bool or_equal = has_sign && sign != '=' && text.size() > 1 && text[1] == '=';
  const auto value = number_of(text.substr(or_equal ? 2 : has_sign ? 1 : 0));
  if (!value) return wrong();
  if (sign != '<') range.least = *value;
  if (sign != '>') range.most = *value;
  range.without_least = sign == '>' && !or_equal;
  range.without_most = sign == '<' && !or_equal;
  return range;
}

Result<std::vector<Quarantined>> Quarantine::list(const QuarantineFilter& filter) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  std::optional<double> after_score;
  std::int64_t after_id = 0;
  if (filter.after) {
    after_score = filter.after->score;
    after_id = number(filter.after->id);
  }
  auto rows = (*lease)->query(kList, filter.account, filter.from, filter.until, clean_text(filter.sender),
                              clean_text(filter.subject), filter.score.least, filter.score.without_least,
                              filter.score.most, filter.score.without_most, filter.size.least,
                              filter.size.without_least, filter.size.most, filter.size.without_most, filter.with_hidden,
                              after_score, after_id, std::int32_t{std::clamp(filter.most, 0, kQuarantineListed.most)});
  if (!rows) return std::move(rows).error();
  return all_of(*rows);
}

Result<Quarantined> Quarantine::get(QuarantineId id) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kGet, id);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return not_there();
  return quarantined_of(*rows, 0);
}

Result<std::int64_t> Quarantine::mark(std::span<const QuarantineId> ids, std::optional<bool> seen,
                                      std::optional<bool> hidden) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kMark, numbers(ids), seen, hidden);
  if (!rows) return std::move(rows).error();
  return rows->affected();
}

Result<std::int64_t> Quarantine::remove(std::span<const QuarantineId> ids) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kRemove, numbers(ids));
  if (!rows) return std::move(rows).error();
  return rows->affected();
}

Result<void> Quarantine::release(QuarantineId id) {
  for (int attempt = 1; attempt <= kReleaseAttempts; ++attempt) {
    AccountId owner{};
    double score = 0;
    {
      auto lease = database_.lease();
      if (!lease) return std::move(lease).error();
      auto rows = (*lease)->query(kOwner, id);
      if (!rows) return std::move(rows).error();
      if (rows->empty()) return not_there();
      owner = rows->id<AccountId>(0, 0);
      score = stored_score(rows->real(0, 1));
    }
    auto folder = folders_.find(owner, "INBOX");
    if (!folder && folder.error().kind == Kind::not_found) folder = folders_.create(owner, "INBOX");
    if (!folder) return std::move(folder).error();
    auto released = release_into(folder->id, id, score);
    if (released || released.error().kind != Kind::not_found) return released;
  }
  return error(Kind::unavailable, "The inbox goes away again and again");
}

/// Errors: not_found (the message or the folder; nothing has changed).
Result<void> Quarantine::release_into(FolderId inbox, QuarantineId id, double score) {
  FolderChange change;
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    Connection::Batch batch{**lease};
    batch.add(kLockFolders, std::vector<std::int64_t>{number(inbox)});
    batch.add(kRelease, id, inbox, score);
    auto answers = batch.run();
    if (!answers) return std::move(answers).error();
    const auto& rows = answers->back();
    if (rows.empty()) return not_there();
    FolderChange::Row fresh;
    fresh.row.uid = rows.id<Uid>(0, 0);
    fresh.row.body = rows.id<BodyId>(0, 1);
    fresh.row.mod_seq = rows.id<ModSeq>(0, 2);
    fresh.row.internal_date = std::chrono::floor<std::chrono::seconds>(rows.time(0, 3)).time_since_epoch().count();
    fresh.row.size = static_cast<std::uint32_t>(rows.integer(0, 4));
    change.mod_seq = fresh.row.mod_seq;
    change.uid_next = next(fresh.row.uid);
    change.rows.push_back(std::move(fresh));
  }
  states_.publish(inbox, change);
  return {};
}

Result<std::vector<QuarantineId>> Quarantine::of_sender(std::string_view address, QuarantineId after, int most) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kOfSender, clean_text(to_lower(trim(address))), after, std::int32_t{most});
  if (!rows) return std::move(rows).error();
  std::vector<QuarantineId> out;
  for (int i = 0; i < rows->count(); ++i) out.push_back(rows->id<QuarantineId>(i, 0));
  return out;
}

Result<std::vector<std::string>> Quarantine::senders(std::string_view after, int most) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kSenders, clean_text(after), std::int32_t{most});
  if (!rows) return std::move(rows).error();
  std::vector<std::string> out;
  for (int i = 0; i < rows->count(); ++i) out.push_back(rows->string(i, 0));
  return out;
}

Result<std::int64_t> Quarantine::expire(std::int64_t days) {
  constexpr std::int64_t kAtATime = 1000;  // short transactions
  const Timestamp before = now() - std::chrono::hours{24 * days};
  for (std::int64_t removed = 0;;) {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto rows = (*lease)->query(kExpire, before, kAtATime);
    if (!rows) return std::move(rows).error();
    removed += rows->affected();
    if (rows->affected() < kAtATime) return removed;
  }
}

Result<std::vector<AccountId>> Quarantine::accounts_to_report(AccountId after, int most) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kToReport, after, std::int32_t{most});
  if (!rows) return std::move(rows).error();
  std::vector<AccountId> out;
  for (int i = 0; i < rows->count(); ++i) out.push_back(rows->id<AccountId>(i, 0));
  return out;
}

Result<Unreported> Quarantine::unreported(AccountId account) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  Connection::Batch batch{**lease};
  batch.add(kUnreportedCount, account);
  batch.add(kUnreported, account, std::int32_t{kQuarantineReported.most});
  auto answers = batch.run();
  if (!answers) return std::move(answers).error();
  Unreported out;
  out.count = (*answers)[0].integer(0, 0);
  out.upto = (*answers)[0].id<QuarantineId>(0, 1);
  out.first = all_of((*answers)[1]);
  // What came in between the two looks belongs to the next report.
  std::erase_if(out.first, [&](const Quarantined& q) { return number(q.id) > number(out.upto); });
  return out;
}

Result<void> Quarantine::mark_reported(AccountId account, const Unreported& told) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kMarkReported, account, told.upto, told.count);
  if (!rows) return std::move(rows).error();
  return {};
}

Result<Timestamp> Quarantine::last_report() {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kLastReport);
  if (!rows) return std::move(rows).error();
  return rows->empty() ? Timestamp{} : rows->time(0, 0);
}

Result<void> Quarantine::note_report(Timestamp at) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kNoteReport, at);
  if (!rows) return std::move(rows).error();
  return {};
}

}  // namespace pennypost::store
