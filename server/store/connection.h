// One connection to PostgreSQL: statements prepared once, binary parameters and results, several statements in one
// round trip. Private to store/.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <libpq-fe.h>

#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::store {

/// A whole statement with its name in logs and as a prepared statement. Every one enters the list that
/// statements_test.cpp prepares. Static objects only.
class Sql {
 public:
  Sql(const char* name, const char* text);
  Sql(const Sql&) = delete;
  const char* name() const { return name_; }
  const char* text() const { return text_; }
  static const std::vector<const Sql*>& all();

 private:
  const char* name_;
  const char* text_;
};

/// Marks octets as bytea; a plain string_view is text.
struct Bytes {
  std::string_view octets;
};
/// A bytea parameter that stays where it is until the statement has been sent: no copy of 256 KiB.
struct BorrowedBytes {
  std::string_view octets;
};

/// Parameters in binary form.
class Params {
 public:
  Params() = default;
  template <typename... A>
  static Params of(const A&... args) {
    Params p;
    (p.add(args), ...);
    return p;
  }

  void add(bool v);
  void add(std::int16_t v);
  void add(std::int32_t v);
  void add(std::int64_t v);
  void add(double v);
  void add(std::string_view v);
  void add(const std::string& v) { add(std::string_view{v}); }
  void add(const char* v) { add(std::string_view{v}); }
  void add(Bytes v);
  void add(BorrowedBytes v);
  void add(Timestamp v);
  void add(const std::vector<std::int16_t>& v);
  void add(const std::vector<std::int32_t>& v);
  void add(const std::vector<std::int64_t>& v);
  void add(const std::vector<double>& v);
  void add(const std::vector<bool>& v);
  void add(const std::vector<std::string>& v);       ///< text[]
  void add(const std::vector<std::string_view>& v);  ///< text[]
  void add(const std::vector<Bytes>& v);             ///< bytea[]
  void add(const std::vector<Timestamp>& v);
  void add(const std::vector<std::optional<Timestamp>>& v);
  /// SMTP text may hold octets that are not UTF-8: what goes into a text column is cleaned here, once for all.
  void add_null(Oid type);
  template <typename T>
  void add(const std::optional<T>& v) {
    if (v) {
      add(*v);
    } else {
      Params type;
      type.add(T{});
      add_null(type.types_[0]);
    }
  }
  template <typename E>
  requires std::is_enum_v<E>
  void add(E v) {
    if constexpr (sizeof(E) == 8) {
      add(static_cast<std::int64_t>(v));
    } else if constexpr (std::is_same_v<E, Uid> || std::is_same_v<E, UidValidity>) {
      add(static_cast<std::int64_t>(v));  // unsigned 32 bits stand in bigint columns
    } else if constexpr (sizeof(E) == 2) {
      add(static_cast<std::int16_t>(v));
    } else {
      add(static_cast<std::int32_t>(v));
    }
  }

  int count() const { return static_cast<int>(types_.size()); }

 private:
  friend class Connection;
  struct Slot {
    std::size_t offset = 0;  // into data_
    int length = 0;
    const char* outside = nullptr;
    bool is_null = false;
  };
  void push(Oid type, std::string_view octets);
  std::string data_;
  std::vector<Slot> slots_;
  std::vector<Oid> types_;
};

/// The rows of an answer; reads are checked by the server's types only (one wrong column is a bug that a test meets).
class Rows {
 public:
  Rows() = default;
  explicit Rows(PGresult* result) : result_{result, &PQclear} {}
  int count() const { return result_ ? PQntuples(result_.get()) : 0; }
  PGresult* raw() const { return result_.get(); }
  bool empty() const { return count() == 0; }
  /// Rows that an INSERT, UPDATE or DELETE has touched.
  std::int64_t affected() const;
  bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  std::int64_t integer(int row, int column) const;  ///< int2, int4, int8; null gives 0
  bool flag(int row, int column) const;
  double real(int row, int column) const;  ///< float4, float8
  std::string_view text(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
  }
  std::string string(int row, int column) const { return std::string{text(row, column)}; }
  Timestamp time(int row, int column) const;
  std::optional<Timestamp> time_or_none(int row, int column) const;
  std::vector<std::string> texts(int row, int column) const;  ///< text[]
  template <typename E>
  E id(int row, int column) const {
    return static_cast<E>(integer(row, column));
  }

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_{nullptr, &PQclear};
};

/// One thread at a time.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& conninfo);

  template <typename... A>
  Result<Rows> query(const Sql& sql, const A&... args) {
    return run(sql, Params::of(args...));
  }
  Result<Rows> run(const Sql& sql, const Params& params);
  /// Text that has no parameters (migrations, LISTEN); not prepared, several statements allowed.
  Result<void> execute(const char* text);
  /// A prepare without running, for the test.
  Result<void> prepare(const Sql& sql);

  /// Statements collected and sent together. They are one transaction (implicit: all or none) unless one is open.
  class Batch {
   public:
    explicit Batch(Connection& connection) : connection_{connection} {}
    template <typename... A>
    void add(const Sql& sql, const A&... args) {
      items_.push_back({&sql, Params::of(args...)});
    }
    void add_params(const Sql& sql, Params params) { items_.push_back({&sql, std::move(params)}); }
    /// The answers in order, or the first error (then nothing of the batch has been done).
    Result<std::vector<Rows>> run();

   private:
    friend class Connection;
    struct Item {
      const Sql* sql;
      Params params;
    };
    Connection& connection_;
    std::vector<Item> items_;
  };

  /// For bodies of any size: begins a transaction whose statements are sent without waiting; errors come with `end`.
  /// When `end` fails the transaction is over and nothing has been done.
  Result<void> pipeline_begin();
  Result<void> pipeline_send(const Sql& sql, const Params& params);  ///< at most ~100 answers may be waiting
  /// Ends the pipeline and gives the answers of all statements in order. The implicit transaction is committed.
  Result<std::vector<Rows>> pipeline_end();

  bool is_open() const;  ///< false once the server is gone
  bool is_idle() const;  ///< no transaction open
  bool looks_alive();    ///< a look at the socket, without a round trip
  PGconn* raw() { return connection_.get(); }
  int server_version() const { return PQserverVersion(connection_.get()); }
  int backend() const { return PQbackendPID(connection_.get()); }
  std::int64_t generation = 0;  ///< set by the pool

 private:
  explicit Connection(PGconn* connection) : connection_{connection, &PQfinish} {}
  Result<void> prepare_missing(const Sql& sql, const Params* params);
  Error failure(const PGresult* result, const char* statement) const;

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
  std::unordered_set<const Sql*> prepared_;
  std::vector<Rows> collected_;
  std::optional<Error> pipeline_error_;
  struct Waiting {
    const Sql* sql;
    bool is_prepare;
  };
  std::vector<Waiting> waiting_;
  std::unordered_set<const Sql*> preparing_;
  std::size_t answered_ = 0;
  bool collect_one(bool wait);
};

/// Begin, statements, commit; rolled back when destroyed before. Uses a connection that lives longer.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection);
  static Result<Transaction> begin_snapshot(Connection& connection);  ///< REPEATABLE READ, read only
  Transaction(Transaction&& other) noexcept : connection_{std::exchange(other.connection_, nullptr)} {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  template <typename... A>
  Result<Rows> query(const Sql& sql, const A&... args) {
    return connection_->run(sql, Params::of(args...));
  }
  Result<Rows> run(const Sql& sql, const Params& params) { return connection_->run(sql, params); }
  Connection& connection() { return *connection_; }
  Result<void> commit();

 private:
  explicit Transaction(Connection* connection) : connection_{connection} {}
  Connection* connection_;
};

/// Error of a database answer: SQLSTATE to kind.
Error database_error(std::string_view sqlstate, std::string_view message, std::string_view statement);
/// Text with every octet that is not valid UTF-8, and NUL, replaced by `?`: what a text column takes.
std::string clean_text(std::string_view text);

}  // namespace pennypost::store
