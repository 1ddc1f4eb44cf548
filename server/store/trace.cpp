// The trace of messages: one row an event with its lines as arrays; people read the view pennypost.tracelines.
#include "server/store/trace.h"

#include "server/base/clock.h"
#include "server/store/connection.h"
#include "server/store/database.h"
#include "server/store/trace_statements.h"

namespace pennypost::store {

const Sql kTraceWrite{"trace.write", R"sql(
    INSERT INTO pennypost.trace (at, traceid, messageid, times, stages, verdicts, reasons)
    VALUES (coalesce(($3::timestamptz[])[1], now()), $1::text, $2::text, $3::timestamptz[], $4::text[], $5::text[], $6::text[]))sql"};

namespace {

const Sql kFind{"trace.find", R"sql(
    SELECT traceid, messageid, l.at, l.stage, l.verdict, l.reason
      FROM pennypost.trace t, unnest(t.times, t.stages, t.verdicts, t.reasons) WITH ORDINALITY
                                AS l(at, stage, verdict, reason, place)
     WHERE t.traceid = $1::text OR t.traceid IN (SELECT traceid FROM pennypost.trace WHERE messageid = $1::text AND messageid <> '')
     ORDER BY t.traceid, t.at, l.place)sql"};
const Sql kPrune{"trace.prune", R"sql(
    DELETE FROM pennypost.trace WHERE at < now() - make_interval(secs => $1::double precision))sql"};
// A trace line lost in a crash costs nothing that was promised.
const Sql kAsynchronous{"trace.asynchronous", "SELECT set_config('synchronous_commit', 'off', true)"};

std::string_view bare(std::string_view id) {
  if (id.size() >= 2 && id.front() == '<' && id.back() == '>') id = id.substr(1, id.size() - 2);
  return id;
}

}  // namespace

Params trace_params(const TraceRecord& record) {
  std::vector<Timestamp> times;
  std::vector<std::string_view> stages;
  std::vector<std::string_view> verdicts;
  std::vector<std::string_view> reasons;
  for (const auto& line : record.lines) {
    times.push_back(line.at == Timestamp{} ? now() : line.at);
    stages.emplace_back(line.stage);
    verdicts.emplace_back(line.verdict);
    reasons.emplace_back(line.reason);
  }
  return Params::of(record.trace_id, bare(record.message_id), times, stages, verdicts, reasons);
}

Result<void> Trace::write(const TraceRecord& record) {
  if (record.lines.empty()) return {};
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  Connection::Batch batch{**lease};
  batch.add(kAsynchronous);
  batch.add_params(kTraceWrite, trace_params(record));
  auto done = batch.run();
  if (!done) return std::move(done).error();
  return {};
}

Result<std::vector<TraceRecord>> Trace::find(std::string_view id) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kFind, bare(id));
  if (!rows) return std::move(rows).error();
  std::vector<TraceRecord> found;
  for (int i = 0; i < rows->count(); ++i) {
    if (found.empty() || found.back().trace_id != rows->text(i, 0))
      found.push_back({rows->string(i, 0), rows->string(i, 1), {}});
    if (found.back().message_id.empty()) found.back().message_id = rows->string(i, 1);
    found.back().lines.push_back({rows->time(i, 2), rows->string(i, 3), rows->string(i, 4), rows->string(i, 5)});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.lines.front().at < b.lines.front().at; });
  return found;
}

Result<std::int64_t> Trace::prune(Seconds age) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto done = (*lease)->query(kPrune, static_cast<double>(age.count()));
  if (!done) return std::move(done).error();
  return done->affected();
}

}  // namespace pennypost::store
