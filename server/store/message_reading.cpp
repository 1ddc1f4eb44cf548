// Reading of stored columns, in batches of bounded memory (octets: octet_reading.cpp). A batch is read, the connection
// is given back, then the sink runs: a client that takes its time holds no connection and no transaction.
#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "server/store/connection.h"
#include "server/store/database.h"
#include "server/store/messages.h"
#include "server/store/search_bits.h"

namespace pennypost::store {

namespace {

// $3 is the bit mask of Columns; what is not asked for is not read from its page.
const Sql kFetch{"reading.fetch", R"sql(
    SELECT m.uid, m.bodyid, m.size, coalesce(length(m.prefix), 0), b.headersize,
           CASE WHEN $3::integer & 1 <> 0 THEN b.envelope END,
           CASE WHEN $3::integer & 2 <> 0 THEN b.bodystructure END,
           CASE WHEN $3::integer & 4 <> 0 THEN b.parts END,
           CASE WHEN $3::integer & 24 <> 0 THEN m.prefix END,
           CASE WHEN $3::integer & 32 <> 0 THEN b.subject END, CASE WHEN $3::integer & 32 <> 0 THEN b.basesubject END,
           CASE WHEN $3::integer & 32 <> 0 THEN b.fromname END, CASE WHEN $3::integer & 32 <> 0 THEN b.fromaddr END,
           CASE WHEN $3::integer & 32 <> 0 THEN b.tolist END, CASE WHEN $3::integer & 32 <> 0 THEN b.replyto END,
           CASE WHEN $3::integer & 32 <> 0 THEN b.messageid END, CASE WHEN $3::integer & 32 <> 0 THEN b.inreplyto END,
           CASE WHEN $3::integer & 32 <> 0 THEN b.refs END, CASE WHEN $3::integer & 32 <> 0 THEN b.messagetime END,
           b.attachments,
           CASE WHEN $3::integer & 64 <> 0 THEN coalesce(m.uidl,
             (SELECT f.uidvalidity FROM messages.folders f WHERE f.folderid = m.folderid) || '-' || m.uid) END,
           m.spam,
           CASE WHEN $3::integer & 16 <> 0 THEN (SELECT substr(c.data, 1, b.headersize::integer)
             FROM messages.chunks c WHERE c.bodyid = m.bodyid AND c.chunkno = 0) END
      FROM messages.messages m JOIN messages.bodies b ON b.bodyid = m.bodyid
     WHERE m.folderid = $1::bigint AND m.uid = ANY ($2::bigint[]) AND NOT m.hold)sql"};
const Sql kBody{"reading.body", R"sql(
    SELECT 0::bigint, b.bodyid, b.size, 0, b.headersize, b.envelope, b.bodystructure, b.parts, NULL::bytea,
           b.subject, b.basesubject, b.fromname, b.fromaddr, b.tolist, b.replyto, b.messageid, b.inreplyto, b.refs,
           b.messagetime, b.attachments, NULL::text, 0::real,
           (SELECT substr(c.data, 1, b.headersize::integer) FROM messages.chunks c WHERE c.bodyid = b.bodyid AND c.chunkno = 0)
      FROM messages.bodies b WHERE b.bodyid = $1::bigint)sql"};
const Sql kMaildrop{"reading.maildrop", R"sql(
    SELECT m.uid, m.size, coalesce(m.uidl, f.uidvalidity || '-' || m.uid)
      FROM messages.messages m JOIN messages.folders f ON f.folderid = m.folderid
     WHERE m.folderid = $1::bigint AND NOT m.hold ORDER BY m.uid)sql"};
// $3 to $6: the probes of the needle, null when it is too short for any (search_bits.h). The text, which lies elsewhere
// and compressed, is read only where all their bits are set.
const Sql kSearchText{"reading.search_text", R"sql(
    SELECT m.uid, b.searchtext IS NULL
      FROM messages.messages m JOIN messages.bodies b ON b.bodyid = m.bodyid
     WHERE m.folderid = $1::bigint AND NOT m.hold
       AND (b.searchtext IS NULL OR (
            ($3::integer IS NULL OR b.searchbits IS NULL OR (
             get_bit(b.searchbits, $3::integer & (8 * octet_length(b.searchbits) - 1)) = 1 AND
             get_bit(b.searchbits, $4::integer & (8 * octet_length(b.searchbits) - 1)) = 1 AND
             get_bit(b.searchbits, $5::integer & (8 * octet_length(b.searchbits) - 1)) = 1 AND
             get_bit(b.searchbits, $6::integer & (8 * octet_length(b.searchbits) - 1)) = 1))
            AND position($2::text IN b.searchtext) > 0))
     ORDER BY m.uid)sql"};

constexpr std::size_t kFetchBatch = 512;
constexpr std::size_t kHeaderBatch = 128;

std::vector<std::int64_t> numbers_of(std::span<const Uid> uids) {
  std::vector<std::int64_t> out;
  out.reserve(uids.size());
  for (const Uid uid : uids) out.push_back(number(uid));
  return out;
}

Fetched fetched_of(const Rows& r, int i, Columns columns, std::string& header) {
  Fetched f;
  f.uid = r.id<Uid>(i, 0);
  f.body = r.id<BodyId>(i, 1);
  f.size = {r.integer(i, 2)};
  f.prefix_size = {r.integer(i, 3)};
  f.header_size = {r.integer(i, 4)};
  f.envelope = r.text(i, 5);
  f.bodystructure = r.text(i, 6);
  f.parts = r.text(i, 7);
  f.prefix = r.text(i, 8);
  f.subject = r.text(i, 9);
  f.base_subject = r.text(i, 10);
  f.from_name = r.text(i, 11);
  f.from_addr = r.text(i, 12);
  f.to_list = r.text(i, 13);
  f.reply_to = r.text(i, 14);
  f.message_id = r.text(i, 15);
  f.in_reply_to = r.text(i, 16);
  f.references = r.text(i, 17);
  f.date = r.time_or_none(i, 18);
  f.has_attachments = r.flag(i, 19);
  f.uidl = r.text(i, 20);
  f.spam_score = r.real(i, 21);
  if (has(columns, Columns::header)) {
    if (f.prefix.empty()) {
      f.header = r.text(i, 22);
    } else {
      header.assign(f.prefix);
      header += r.text(i, 22);
      f.header = header;
    }
  }
  return f;
}

}  // namespace

Result<void> Messages::fetch(FolderId folder, std::span<const Uid> uids, Columns columns, const FetchedSink& sink) {
  // The parameter says which columns; 24: a header needs the prefix too.
  const auto mask = static_cast<std::int32_t>(columns);
  const std::size_t step = has(columns, Columns::header) ? kHeaderBatch : kFetchBatch;
  std::string header;
  std::vector<std::pair<std::int64_t, int>> order;
  while (!uids.empty()) {
    const auto batch = uids.first(std::min(step, uids.size()));
    uids = uids.subspan(batch.size());
    Rows rows;
    {
      auto lease = database_.lease();
      if (!lease) return std::move(lease).error();
      auto answer = (*lease)->query(kFetch, folder, numbers_of(batch), mask);
      if (!answer) return std::move(answer).error();
      rows = std::move(*answer);
    }
    order.clear();
    for (int i = 0; i < rows.count(); ++i) order.emplace_back(rows.integer(i, 0), i);
    std::sort(order.begin(), order.end());
    for (const Uid uid : batch) {
      const auto it = std::lower_bound(order.begin(), order.end(), std::pair{std::int64_t{number(uid)}, -1});
      if (it == order.end() || it->first != number(uid)) continue;
      if (!sink(fetched_of(rows, it->second, columns, header))) return {};
    }
  }
  return {};
}

Result<void> Messages::body_columns(BodyId body, const FetchedSink& sink) {
  Rows rows;
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto answer = (*lease)->query(kBody, body);
    if (!answer) return std::move(answer).error();
    rows = std::move(*answer);
  }
  if (rows.empty()) return error(Kind::not_found, "No such message");
  std::string header;
  sink(fetched_of(rows, 0, Columns::header, header));
  return {};
}

Result<std::vector<MaildropEntry>> Messages::maildrop(FolderId folder) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kMaildrop, folder);
  if (!rows) return std::move(rows).error();
  std::vector<MaildropEntry> all;
  all.reserve(static_cast<std::size_t>(rows->count()));
  for (int i = 0; i < rows->count(); ++i)
    all.push_back({rows->id<Uid>(i, 0), {rows->integer(i, 1)}, rows->string(i, 2)});
  return all;
}

Result<Messages::Found> Messages::search_text(FolderId folder, std::string_view needle) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  std::array<std::optional<std::int32_t>, kProbes> probes;
  if (const auto made = search_probes(needle)) std::ranges::copy(*made, probes.begin());
  auto rows = (*lease)->query(kSearchText, folder, needle, probes[0], probes[1], probes[2], probes[3]);
  if (!rows) return std::move(rows).error();
  Found found;
  for (int i = 0; i < rows->count(); ++i)
    (rows->flag(i, 1) ? found.unindexed : found.matching).push_back(rows->id<Uid>(i, 0));
  return found;
}

}  // namespace pennypost::store
