// One connection to PostgreSQL through libpq: binary parameters and results, statements prepared at their first use on
// the connection, pipelines. A lost connection is `unavailable`; what was under way is rolled back by the server.
// Sources: PostgreSQL documentation, chapters "libpq" (34.5 pipeline mode), "Frontend/Backend Protocol" and appendix A
// (SQLSTATE).
#include "server/store/connection.h"

#include <bit>
#include <cstring>

#include <endian.h>
#include <poll.h>

namespace pennypost::store {

namespace {

constexpr Oid kBool = 16, kBytea = 17, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25, kFloat8 = 701,
              kTimestamptz = 1184;
constexpr Oid kBoolArray = 1000, kByteaArray = 1001, kInt2Array = 1005, kInt4Array = 1007, kTextArray = 1009,
              kInt8Array = 1016, kFloat8Array = 1022, kTimestamptzArray = 1185;
constexpr std::int64_t kEpoch2000 = 946'684'800'000'000;  // PostgreSQL counts microseconds from 2000-01-01

// Every statement of ours goes from a few keys through indexes to a few rows, and is planned once a connection. Without
// statistics (fresh tables, arrays as parameters) the planner guesses thousands of rows and reads whole tables instead:
// a flag cost 2 ms of a folder of 7,000 and grew with it.
constexpr const char* kPlanning =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; "
    "SET enable_mergejoin = off; SET enable_material = off; SET jit = off";

// The last four let a server that has vanished from the network be noticed in a minute; a Unix socket knows none of
// them.
constexpr const char* kConnectWords =
    " client_encoding=UTF8 application_name=pennypost keepalives_idle=20 keepalives_interval=10 keepalives_count=3 "
    "tcp_user_timeout=60000";

std::vector<const Sql*>& registry() {
  static std::vector<const Sql*> all;
  return all;
}

void put16(std::string& out, std::int16_t v) {
  const auto big = htobe16(static_cast<std::uint16_t>(v));
  out.append(reinterpret_cast<const char*>(&big), 2);
}
void put32(std::string& out, std::int32_t v) {
  const auto big = htobe32(static_cast<std::uint32_t>(v));
  out.append(reinterpret_cast<const char*>(&big), 4);
}
void put64(std::string& out, std::int64_t v) {
  const auto big = htobe64(static_cast<std::uint64_t>(v));
  out.append(reinterpret_cast<const char*>(&big), 8);
}

std::int64_t to_postgres(Timestamp t) { return t.time_since_epoch().count() - kEpoch2000; }

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c != 0 && c < 0x80) {
      ++i;
      continue;
    }
    std::size_t more = 0;
    std::uint32_t least = 0;
    std::uint32_t code = 0;
    if (c >= 0xC2 && c <= 0xDF) {
      more = 1, least = 0x80, code = c & 0x1FU;
    } else if (c >= 0xE0 && c <= 0xEF) {
      more = 2, least = 0x800, code = c & 0x0FU;
    } else if (c >= 0xF0 && c <= 0xF4) {
      more = 3, least = 0x10000, code = c & 0x07U;
    } else {
      return false;
    }
    if (i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      const auto d = static_cast<unsigned char>(text[i + k]);
      if ((d & 0xC0U) != 0x80U) return false;
      code = (code << 6U) | (d & 0x3FU);
    }
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    i += more + 1;
  }
  return true;
}

// The head of a one-dimensional array (array_send in the server): dimensions, null flag, element type, count, lower
// bound.
std::string array_head(Oid element, std::size_t count, bool has_nulls = false) {
  std::string out;
  put32(out, count == 0 ? 0 : 1);
  put32(out, has_nulls ? 1 : 0);
  put32(out, static_cast<std::int32_t>(element));
  if (count != 0) {
    put32(out, static_cast<std::int32_t>(count));
    put32(out, 1);
  }
  return out;
}

}  // namespace

Sql::Sql(const char* name, const char* text) : name_{name}, text_{text} { registry().push_back(this); }

const std::vector<const Sql*>& Sql::all() { return registry(); }

std::string clean_text(std::string_view text) {
  if (is_utf8(text)) return std::string{text};
  std::string out;
  out.reserve(text.size());
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t length = 1;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0xF0) {
      length = 4;
    } else if (c >= 0xE0) {
      length = 3;
    } else if (c >= 0xC0) {
      length = 2;
    }
    const auto one = text.substr(i, length);
    if (one.size() == length && is_utf8(one)) {
      out += one;
      i += length;
    } else {
      out += '?';
      ++i;
    }
  }
  return out;
}

// ---- parameters

void Params::push(Oid type, std::string_view octets) {
  slots_.push_back({data_.size(), static_cast<int>(octets.size()), nullptr, false});
  data_ += octets;
  types_.push_back(type);
}

void Params::add_null(Oid type) {
  slots_.push_back({0, 0, nullptr, true});
  types_.push_back(type);
}

void Params::add(bool v) { push(kBool, std::string_view{v ? "\1" : "\0", 1}); }
void Params::add(std::int16_t v) {
  std::string s;
  put16(s, v);
  push(kInt2, s);
}
void Params::add(std::int32_t v) {
  std::string s;
  put32(s, v);
  push(kInt4, s);
}
void Params::add(std::int64_t v) {
  std::string s;
  put64(s, v);
  push(kInt8, s);
}
void Params::add(double v) {
  std::string s;
  put64(s, std::bit_cast<std::int64_t>(v));
  push(kFloat8, s);
}
void Params::add(std::string_view v) {
  if (is_utf8(v)) {
    push(kText, v);
  } else {
    push(kText, clean_text(v));
  }
}
void Params::add(Bytes v) { push(kBytea, v.octets); }
void Params::add(BorrowedBytes v) {
  slots_.push_back({0, static_cast<int>(v.octets.size()), v.octets.empty() ? "" : v.octets.data(), false});
  types_.push_back(kBytea);
}
void Params::add(Timestamp v) {
  std::string s;
  put64(s, to_postgres(v));
  push(kTimestamptz, s);
}
void Params::add(const std::vector<std::int16_t>& v) {
  auto s = array_head(kInt2, v.size());
  for (const auto x : v) put32(s, 2), put16(s, x);
  push(kInt2Array, s);
}
void Params::add(const std::vector<std::int32_t>& v) {
  auto s = array_head(kInt4, v.size());
  for (const auto x : v) put32(s, 4), put32(s, x);
  push(kInt4Array, s);
}
void Params::add(const std::vector<std::int64_t>& v) {
  auto s = array_head(kInt8, v.size());
  s.reserve(s.size() + v.size() * 12);
  for (const auto x : v) put32(s, 8), put64(s, x);
  push(kInt8Array, s);
}
void Params::add(const std::vector<double>& v) {
  auto s = array_head(kFloat8, v.size());
  for (const auto x : v) put32(s, 8), put64(s, std::bit_cast<std::int64_t>(x));
  push(kFloat8Array, s);
}
void Params::add(const std::vector<bool>& v) {
  auto s = array_head(kBool, v.size());
  for (const bool x : v) put32(s, 1), s += (x ? '\1' : '\0');
  push(kBoolArray, s);
}
void Params::add(const std::vector<std::string>& v) { add(std::vector<std::string_view>(v.begin(), v.end())); }
void Params::add(const std::vector<std::string_view>& v) {
  auto s = array_head(kText, v.size());
  for (const auto& x : v) {
    const auto clean = clean_text(x);
    put32(s, static_cast<std::int32_t>(clean.size()));
    s += clean;
  }
  push(kTextArray, s);
}
void Params::add(const std::vector<Bytes>& v) {
  auto s = array_head(kBytea, v.size());
  for (const auto& x : v) put32(s, static_cast<std::int32_t>(x.octets.size())), s += x.octets;
  push(kByteaArray, s);
}
void Params::add(const std::vector<Timestamp>& v) {
  auto s = array_head(kTimestamptz, v.size());
  for (const auto x : v) put32(s, 8), put64(s, to_postgres(x));
  push(kTimestamptzArray, s);
}
void Params::add(const std::vector<std::optional<Timestamp>>& v) {
  auto s = array_head(kTimestamptz, v.size(), true);
  for (const auto& x : v) {
    if (x) {
      put32(s, 8);
      put64(s, to_postgres(*x));
    } else {
      put32(s, -1);
    }
  }
  push(kTimestamptzArray, s);
}

// ---- rows

std::int64_t Rows::affected() const {
  const char* text = PQcmdTuples(result_.get());
  return *text == 0 ? 0 : std::atoll(text);
}

std::int64_t Rows::integer(int row, int column) const {
  const char* p = PQgetvalue(result_.get(), row, column);
  switch (PQgetlength(result_.get(), row, column)) {
    case 8: {
      std::uint64_t v = 0;
      std::memcpy(&v, p, 8);
      return static_cast<std::int64_t>(be64toh(v));
    }
    case 4: {
      std::uint32_t v = 0;
      std::memcpy(&v, p, 4);
      return static_cast<std::int32_t>(be32toh(v));
    }
    case 2: {
      std::uint16_t v = 0;
      std::memcpy(&v, p, 2);
      return static_cast<std::int16_t>(be16toh(v));
    }
    default:
      return 0;
  }
}

bool Rows::flag(int row, int column) const {
  return PQgetlength(result_.get(), row, column) == 1 && *PQgetvalue(result_.get(), row, column) != 0;
}

double Rows::real(int row, int column) const {
  const auto bits = integer(row, column);
  if (PQgetlength(result_.get(), row, column) == 4)
    return static_cast<double>(std::bit_cast<float>(static_cast<std::int32_t>(bits)));
  return std::bit_cast<double>(bits);
}

Timestamp Rows::time(int row, int column) const {
  return is_null(row, column) ? Timestamp{} : Timestamp{std::chrono::microseconds{integer(row, column) + kEpoch2000}};
}

std::optional<Timestamp> Rows::time_or_none(int row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  return time(row, column);
}

std::vector<std::string> Rows::texts(int row, int column) const {
  std::vector<std::string> out;
  const auto raw = text(row, column);
  const auto at = [&raw](std::size_t i) {
    std::uint32_t v = 0;
    if (i + 4 <= raw.size()) std::memcpy(&v, raw.data() + i, 4);
    return static_cast<std::int32_t>(be32toh(v));
  };
  if (raw.size() < 20 || at(0) != 1) return out;
  const auto count = at(12);
  std::size_t i = 20;
  for (std::int32_t n = 0; n < count; ++n) {
    const auto length = at(i);
    i += 4;
    if (length < 0) continue;
    out.emplace_back(raw.substr(std::min(i, raw.size()), static_cast<std::size_t>(length)));
    i += static_cast<std::size_t>(length);
  }
  return out;
}

// ---- errors

Error database_error(std::string_view state, std::string_view message, std::string_view statement) {
  std::string for_log = "database: ";
  for_log += statement;
  for_log += ": ";
  for_log += state;
  for_log += ' ';
  for_log += message;
  while (!for_log.empty() && (for_log.back() == '\n' || for_log.back() == ' ')) for_log.pop_back();
  for (char& c : for_log)
    if (c == '\n') c = ' ';
  const auto is = [&state](std::string_view start) { return state.starts_with(start); };
  if (is("53100") || message.find("No space left on device") != std::string_view::npos)
    return error(Kind::disk_full, "No room for the message, try again later", std::move(for_log));
  if (state.empty() || is("08") || is("57P") || is("53") || is("25006") || is("58") || is("XX001"))
    return error(Kind::unavailable, "The message store is not available, try again later", std::move(for_log));
  if (is("40") || is("55P03"))
    return error(Kind::unavailable, "The message store is busy, try again later", std::move(for_log));
  if (is("57014"))
    return error(Kind::unavailable, "The message store took too long, try again later", std::move(for_log));
  if (is("23505")) return error(Kind::already_exists, "It exists already", std::move(for_log));
  if (is("23503")) return error(Kind::not_found, "It does not exist", std::move(for_log));
  if (is("P0002")) return error(Kind::not_found, "It does not exist any more", std::move(for_log));
  if (is("PP002")) return error(Kind::already_exists, "The quarantine has changed meanwhile", std::move(for_log));
  if (is("PP001")) return error(Kind::too_large, "The folder has no room for more messages", std::move(for_log));
  return error(Kind::internal, "Internal error", std::move(for_log));
}

Error Connection::failure(const PGresult* result, const char* statement) const {
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  std::string text = message != nullptr ? message : PQerrorMessage(connection_.get());
  if (result != nullptr)
    if (const char* detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL))
      text += std::string{" ("} + detail + ")";
  return database_error(state == nullptr ? "" : state, text, statement);
}

// ---- connection

Result<std::unique_ptr<Connection>> Connection::open(const std::string& conninfo) {
  PGconn* raw = PQconnectdb((conninfo + kConnectWords).c_str());
  std::unique_ptr<Connection> connection{new Connection{raw}};
  if (PQstatus(raw) != CONNECTION_OK) {
    std::string message = PQerrorMessage(raw);
    return database_error("08001", message, "connect");
  }
  PQsetNoticeProcessor(
      raw, [](void*, const char*) {}, nullptr);
  if (auto set = connection->execute(kPlanning); !set) return std::move(set).error();
  return connection;
}

bool Connection::is_open() const { return PQstatus(connection_.get()) == CONNECTION_OK; }

bool Connection::is_idle() const { return PQtransactionStatus(connection_.get()) == PQTRANS_IDLE; }

bool Connection::looks_alive() {
  if (!is_open()) return false;
  pollfd p{PQsocket(connection_.get()), POLLIN, 0};
  if (poll(&p, 1, 0) <= 0) return true;
  return PQconsumeInput(connection_.get()) == 1 && is_open();
}

Result<void> Connection::prepare_missing(const Sql& sql, const Params* params) {
  if (prepared_.contains(&sql)) return {};
  const std::unique_ptr<PGresult, void (*)(PGresult*)> done{
      PQprepare(connection_.get(), sql.name(), sql.text(), params->count(), params->types_.data()), &PQclear};
  if (PQresultStatus(done.get()) != PGRES_COMMAND_OK) return failure(done.get(), sql.name());
  prepared_.insert(&sql);
  return {};
}

Result<void> Connection::prepare(const Sql& sql) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> done{
      PQprepare(connection_.get(), sql.name(), sql.text(), 0, nullptr), &PQclear};
  if (PQresultStatus(done.get()) != PGRES_COMMAND_OK) return failure(done.get(), sql.name());
  return {};
}

Result<void> Connection::execute(const char* text) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> done{PQexec(connection_.get(), text), &PQclear};
  switch (PQresultStatus(done.get())) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
      return {};
    default:
      return failure(done.get(), std::string{text}.substr(0, 60).c_str());
  }
}

namespace {

// libpq's arrays for one execution.
struct Bound {
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

}  // namespace

Result<Rows> Connection::run(const Sql& sql, const Params& params) {
  if (auto ready = prepare_missing(sql, &params); !ready) return std::move(ready).error();
  Bound b;
  for (const auto& slot : params.slots_) {
    b.values.push_back(slot.is_null              ? nullptr
                       : slot.outside != nullptr ? slot.outside
                                                 : params.data_.data() + slot.offset);
    b.lengths.push_back(slot.length);
    b.formats.push_back(1);
  }
  Rows rows{PQexecPrepared(connection_.get(), sql.name(), params.count(), b.values.data(), b.lengths.data(),
                           b.formats.data(), 1)};
  switch (PQresultStatus(rows.raw())) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
      return rows;
    default:
      return failure(rows.raw(), sql.name());
  }
}

Result<void> Connection::pipeline_begin() {
  collected_.clear();
  waiting_.clear();
  preparing_.clear();
  answered_ = 0;
  pipeline_error_.reset();
  if (!is_open() || PQenterPipelineMode(connection_.get()) != 1) return failure(nullptr, "pipeline");
  return {};
}

// One answer of the statements that have been sent; false when none is waiting or the connection is gone.
bool Connection::collect_one(bool wait) {
  if (answered_ >= waiting_.size()) return false;
  if (!wait) {
    if (PQconsumeInput(connection_.get()) != 1) return false;
    if (PQisBusy(connection_.get()) != 0) return false;
  }
  PGresult* raw = PQgetResult(connection_.get());
  const auto& [sql, is_prepare] = waiting_[answered_];
  if (raw == nullptr) {
    if (!pipeline_error_) pipeline_error_ = failure(nullptr, sql->name());
    answered_ = waiting_.size();
    return false;
  }
  ++answered_;
  Rows rows{raw};
  switch (PQresultStatus(raw)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
      if (is_prepare) {
        prepared_.insert(sql);
      } else {
        collected_.push_back(std::move(rows));
      }
      break;
    default:  // PGRES_PIPELINE_ABORTED follows the first error
      if (!pipeline_error_) pipeline_error_ = failure(raw, sql->name());
  }
  if (PGresult* end = PQgetResult(connection_.get()); end != nullptr) PQclear(end);  // the null between two answers
  return true;
}

Result<void> Connection::pipeline_send(const Sql& sql, const Params& params) {
  PGconn* c = connection_.get();
  if (!prepared_.contains(&sql) && !preparing_.contains(&sql)) {
    if (PQsendPrepare(c, sql.name(), sql.text(), params.count(), params.types_.data()) != 1)
      return failure(nullptr, sql.name());
    waiting_.push_back({&sql, true});
    preparing_.insert(&sql);
  }
  Bound b;
  for (const auto& slot : params.slots_) {
    b.values.push_back(slot.is_null              ? nullptr
                       : slot.outside != nullptr ? slot.outside
                                                 : params.data_.data() + slot.offset);
    b.lengths.push_back(slot.length);
    b.formats.push_back(1);
  }
  if (PQsendQueryPrepared(c, sql.name(), params.count(), b.values.data(), b.lengths.data(), b.formats.data(), 1) != 1)
    return failure(nullptr, sql.name());
  waiting_.push_back({&sql, false});
  // Too many unread answers would block the server's writing and with it our own: ask for some now and then.
  if (waiting_.size() - answered_ >= 64) {
    if (PQsendFlushRequest(c) != 1 || PQflush(c) < 0) return failure(nullptr, sql.name());
    while (waiting_.size() - answered_ > 8 && collect_one(true)) {
    }
    if (pipeline_error_) return *pipeline_error_;
  }
  return {};
}

Result<std::vector<Rows>> Connection::pipeline_end() {
  PGconn* c = connection_.get();
  if (PQpipelineSync(c) != 1 && !pipeline_error_) pipeline_error_ = failure(nullptr, "sync");
  while (collect_one(true)) {
  }
  while (is_open()) {
    PGresult* raw = PQgetResult(c);
    if (raw == nullptr) {
      if (!is_open()) break;
      continue;
    }
    const auto status = PQresultStatus(raw);
    // An error of the commit itself (disk full, a lost server) comes in place of the sync or before it.
    if ((status == PGRES_FATAL_ERROR) && !pipeline_error_) pipeline_error_ = failure(raw, "commit");
    PQclear(raw);
    if (status == PGRES_PIPELINE_SYNC) break;
  }
  if (!is_open() && !pipeline_error_) pipeline_error_ = failure(nullptr, "commit");
  if (is_open()) PQexitPipelineMode(c);
  if (pipeline_error_) return *pipeline_error_;
  return std::move(collected_);
}

Result<std::vector<Rows>> Connection::Batch::run() {
  if (auto begun = connection_.pipeline_begin(); !begun) return std::move(begun).error();
  for (const auto& item : items_)
    if (auto sent = connection_.pipeline_send(*item.sql, item.params); !sent) {
      if (!connection_.pipeline_error_) connection_.pipeline_error_ = sent.error();
      break;
    }
  items_.clear();
  return connection_.pipeline_end();
}

// ---- transactions

namespace {
const Sql kBegin{"begin", "BEGIN"};
const Sql kBeginSnapshot{"begin_snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"};
const Sql kCommit{"commit", "COMMIT"};
}  // namespace

Result<Transaction> Transaction::begin(Connection& connection) {
  if (auto begun = connection.query(kBegin); !begun) return std::move(begun).error();
  return Transaction{&connection};
}

Result<Transaction> Transaction::begin_snapshot(Connection& connection) {
  if (auto begun = connection.query(kBeginSnapshot); !begun) return std::move(begun).error();
  return Transaction{&connection};
}

Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  (void)connection_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
  Connection* c = std::exchange(connection_, nullptr);
  auto done = c->query(kCommit);
  if (!done) return std::move(done).error();
  // COMMIT of a failed transaction answers ROLLBACK and is no error for libpq.
  if (std::string_view{PQcmdStatus(done->raw())} != "COMMIT")
    return error(Kind::internal, "Internal error", "database: commit of a failed transaction");
  return {};
}

}  // namespace pennypost::store
