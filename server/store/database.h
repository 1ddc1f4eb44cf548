// The database: connections, statements, transactions. Private to store/ but for the type: other folders get a `Store`.
// Everything goes through libpq with statements prepared once a connection (docs/decisions.md says why).
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::store {

class Connection;

/// An external server, from `[Database]` of VPOP3.INI or pennypost.ini (spec 30 section 2.2). Empty values are left
/// out.
struct ExternalServer {
  std::string database, user, password, hostname, hostaddr, port, timeout, options, ssl_mode, service;
  int max_connections = 30;      ///< kept for reuse
  int abs_max_connections = 50;  ///< never exceeded
};
/// Reads the section; error not_found when the text has none, bad_input names the line.
Result<ExternalServer> read_database_section(std::string_view ini);
/// libpq's connection string.
std::string connection_string(const ExternalServer& server);

struct DatabaseOptions {
  std::string connection;     ///< libpq's connection string
  int kept = 12;              ///< connections kept for reuse
  int most = 40;              ///< never exceeded: a request waits
  Milliseconds wait{10'000};  ///< how long a request waits for a connection, a starting or a lost database
};

/// A connection out of the pool for as long as it lives; a broken one is not put back.
class Lease;

/// One object a process; any thread.
class Database {
 public:
  explicit Database(DatabaseOptions options);
  ~Database();
  Database(const Database&) = delete;

  /// Error: unavailable.
  Result<Lease> lease();
  /// A connection outside the pool, for listening and locks.
  Result<std::unique_ptr<Connection>> connect();
  /// Applies the migrations that are missing. Error: bad_input when the database is of a newer version.
  Result<void> migrate();
  /// A number that stands for this process in claims, while it lives (an advisory lock of an own connection).
  Result<std::int32_t> process_number();
  /// Ends waiting requests with `cancelled`.
  void close();

 private:
  friend class Lease;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Lease {
 public:
  Lease(Database::Impl* pool, std::unique_ptr<Connection> connection);
  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&&) = delete;
  ~Lease();
  Connection& operator*() { return *connection_; }
  Connection* operator->() { return connection_.get(); }

 private:
  Database::Impl* pool_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace pennypost::store
