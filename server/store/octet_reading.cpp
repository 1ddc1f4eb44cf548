// Reading of the octets of messages. A batch is read, the connection is given back, then the sink runs: a client that
// takes its time holds no connection and no transaction. While the sink has one batch, a worker reads the next.
#include <algorithm>
#include <numeric>

#include "server/store/connection.h"
#include "server/store/database.h"
#include "server/store/messages.h"
#include "server/store/octet_batch.h"

namespace pennypost::store {

namespace {

// First chunk of many messages at once.
const Sql kFirstChunks{"reading.first_chunks", R"sql(
    SELECT m.uid, m.bodyid, m.size, m.prefix, c.data
      FROM messages.messages m LEFT JOIN messages.chunks c ON c.bodyid = m.bodyid AND c.chunkno = 0
     WHERE m.folderid = $1::bigint AND m.uid = ANY ($2::bigint[]) AND NOT m.hold)sql"};
const Sql kSizes{"reading.sizes", R"sql(
    SELECT uid, bodyid, size, prefix FROM messages.messages
     WHERE folderid = $1::bigint AND uid = ANY ($2::bigint[]) AND NOT hold)sql"};
const Sql kChunks{"reading.chunks", R"sql(
    SELECT chunkno, data FROM messages.chunks
     WHERE bodyid = $1::bigint AND chunkno BETWEEN $2::integer AND $3::integer ORDER BY chunkno)sql"};
const Sql kBodySize{"reading.body_size", "SELECT size FROM messages.bodies WHERE bodyid = $1::bigint"};

constexpr std::int64_t kBatchOctets = 1024 * 1024;
constexpr std::size_t kBatchMessages = 256;

}  // namespace

void OctetBatch::work() {
  std::vector<std::int64_t> numbers;
  numbers.reserve(uids_.size());
  for (const Uid uid : uids_) numbers.push_back(number(uid));
  auto lease = database_.lease();
  if (!lease) {
    failure_ = std::move(lease).error();
    return;
  }
  auto answer = (*lease)->query(has_chunks() ? kFirstChunks : kSizes, folder_, numbers);
  if (!answer) {
    failure_ = std::move(answer).error();
    return;
  }
  rows_ = std::move(*answer);
  std::int64_t octets = 0;
  order_.reserve(static_cast<std::size_t>(rows_.count()));
  for (int i = 0; i < rows_.count(); ++i) {
    order_.emplace_back(rows_.integer(i, 0), i);
    octets += std::min(rows_.integer(i, 2), kChunk);
  }
  std::ranges::sort(order_);
  if (!rows_.empty()) mean_ = octets / rows_.count();
}

std::optional<int> OctetBatch::row(Uid uid) const {
  const auto found =
      std::ranges::lower_bound(order_, std::int64_t{number(uid)}, {}, &std::pair<std::int64_t, int>::first);
  if (found == order_.end() || found->first != number(uid)) return std::nullopt;
  return found->second;
}

/// One message of a batch that is finished, with what lies beyond its first chunk. False when the sink wants no more.
Result<bool> Messages::give(const OctetBatch& batch, Uid uid, Octets first, Octets most, const PieceSink& sink) {
  const auto row = batch.row(uid);
  if (!row) return true;
  const Rows& rows = batch.rows();
  const auto whole = rows.integer(*row, 2);
  const auto prefix = rows.text(*row, 3);
  const auto begin = std::min(first.count, whole);
  const auto end = most.count > whole - begin ? whole : begin + most.count;
  std::int64_t told = 0;
  bool go_on = true;
  bool any = false;
  const auto tell = [&](std::int64_t at, std::string_view octets_here) {  // `at`: place in the whole message
    const auto from = std::max(begin, at);
    const auto to = std::min(end, at + static_cast<std::int64_t>(octets_here.size()));
    if (from >= to || !go_on) return;
    const auto part = octets_here.substr(static_cast<std::size_t>(from - at), static_cast<std::size_t>(to - from));
    go_on = sink({uid, {end - begin}, {told}, part});
    told += to - from;
    any = true;
  };
  const auto prefix_size = static_cast<std::int64_t>(prefix.size());
  tell(0, prefix);
  if (batch.has_chunks() && go_on) tell(prefix_size, rows.text(*row, 4));
  const auto rest = std::max(begin, batch.has_chunks() ? prefix_size + kChunk : prefix_size);
  if (go_on && rest < end) {
    auto at = rest;
    const auto done =
        read_body(rows.id<BodyId>(*row, 1), {rest - prefix_size}, {end - rest}, [&](std::string_view more) {
          tell(at, more);
          at += static_cast<std::int64_t>(more.size());
          return go_on;
        });
    if (!done) return done.error();
  }
  if (!any && go_on) go_on = sink({uid, {0}, {0}, {}});
  return go_on;
}

Result<void> Messages::fetch_octets(FolderId folder, std::span<const Uid> uids, const PieceSink& sink, Octets first,
                                    Octets most) {
  first.count = std::max<std::int64_t>(first.count, 0);
  most.count = std::max<std::int64_t>(most.count, 0);
  std::size_t step = 1;  // messages of a batch: grows while they are small, so that memory stays bounded
  const auto next_batch = [&]() -> std::shared_ptr<OctetBatch> {
    const auto some = uids.first(std::min(step, uids.size()));
    uids = uids.subspan(some.size());
    if (some.empty()) return nullptr;
    const auto what = first.count < kChunk ? OctetBatch::What::first_chunks : OctetBatch::What::sizes;
    return std::make_shared<OctetBatch>(database_, folder, std::vector(some.begin(), some.end()), what);
  };
  for (auto batch = next_batch(); batch != nullptr;) {
    batch->finish();
    if (batch->failure()) return *batch->failure();
    const auto fitting = static_cast<std::size_t>(kBatchOctets / std::max<std::int64_t>(batch->mean(), 1024));
    step = std::clamp<std::size_t>(fitting, 1, std::min(kBatchMessages, step * 4));
    auto following = next_batch();
    if (following) workers_.begin(following);
    for (const Uid uid : batch->uids()) {
      const auto go_on = give(*batch, uid, first, most, sink);
      if (!go_on) return go_on.error();
      if (!*go_on) return {};
    }
    batch = std::move(following);
  }
  return {};
}

Result<void> Messages::read_body(BodyId body, Octets first, Octets most, const OctetSink& sink) {
  constexpr std::int64_t kAtATime = 4;
  first.count = std::max<std::int64_t>(first.count, 0);
  if (most.count <= 0) return {};
  const auto end = most.count > INT64_MAX - first.count ? INT64_MAX : first.count + most.count;
  auto at = first.count;
  bool found = false;
  bool is_last = false;  // a chunk that is not full is the last one
  while (at < end && !is_last) {
    const auto chunk = at / kChunk;
    const auto last = std::min(chunk + kAtATime - 1, (end - 1) / kChunk);
    Rows rows;
    {
      auto lease = database_.lease();
      if (!lease) return std::move(lease).error();
      auto answer = (*lease)->query(kChunks, body, static_cast<std::int32_t>(std::min<std::int64_t>(chunk, INT32_MAX)),
                                    static_cast<std::int32_t>(std::min<std::int64_t>(last, INT32_MAX)));
      if (!answer) return std::move(answer).error();
      rows = std::move(*answer);
    }
    for (int i = 0; i < rows.count(); ++i) {
      found = true;
      const auto begins = rows.integer(i, 0) * kChunk;
      auto octets = rows.text(i, 1);
      is_last = static_cast<std::int64_t>(octets.size()) < kChunk;
      const auto skip = static_cast<std::size_t>(std::max<std::int64_t>(at - begins, 0));
      if (skip >= octets.size()) continue;
      octets.remove_prefix(skip);
      octets = octets.substr(
          0, static_cast<std::size_t>(std::min<std::int64_t>(end - at, static_cast<std::int64_t>(octets.size()))));
      at += static_cast<std::int64_t>(octets.size());
      if (!sink(octets)) return {};
    }
    if (rows.count() < last - chunk + 1) break;  // the end of the body
  }
  if (!found && first.count == 0) return error(Kind::not_found, "No such message");
  return {};
}

Result<Octets> Messages::body_size(BodyId body) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kBodySize, body);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return error(Kind::not_found, "No such message");
  return Octets{rows->integer(0, 0)};
}

Result<std::string> Messages::body_text(BodyId body, Octets first, Octets most, Octets limit) {
  std::string text;
  bool over = false;
  auto done = read_body(body, first, most, [&](std::string_view octets) {
    over = static_cast<std::int64_t>(text.size() + octets.size()) > limit.count;
    if (!over) text += octets;
    return !over;
  });
  if (!done) return std::move(done).error();
  if (over) return error(Kind::too_large, "The message is too large");
  return text;
}

}  // namespace pennypost::store
