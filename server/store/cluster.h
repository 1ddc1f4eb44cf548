// The private PostgreSQL cluster: made in DATA/db at the first start, run as our child on a Unix socket in a folder of
// the owner's alone, stopped with us (DESIGN section 4). After a kill -9 of either process the next start recovers by
// itself. Several programs on one data folder share one running cluster.
#pragma once
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::store {

/// server: keeps the cluster running and starts it again when it dies. tool: uses the running cluster, or starts one
/// for its own life time.
enum class Mode { server, tool };

struct ClusterOptions {
  std::filesystem::path data_dir;
  Mode mode = Mode::server;
  std::filesystem::path
      binaries;  ///< folder of initdb and postgres; empty: the newest of /usr/lib/postgresql/*/bin, PATH
  std::string run_as = "pennypost";  ///< when we are root: the system user of the cluster (PostgreSQL refuses root)
  int tcp_port = 0;                  ///< listens on loopback too when not 0, for psql and ODBC
  Octets shared_buffers{128LL * 1024 * 1024};
  int max_connections = 100;
  Seconds start_wait{60};
  bool is_throwaway = false;          ///< tests only: initdb without fsync. The running cluster keeps fsync on
  std::vector<std::string> settings;  ///< further "name=value" for postgresql.conf
};

/// One object a process. Any thread.
class Cluster {
 public:
  /// Initializes where needed, recovers, starts, waits until it takes connections.
  /// Errors, all in words for the administrator: bad_input (folder of a newer version, of another owner, no folder),
  /// not_permitted (read-only, no rights), disk_full, unavailable (does not come up), not_found (no PostgreSQL here).
  static Result<std::unique_ptr<Cluster>> start(const ClusterOptions& options);
  /// Stops the child (fast shutdown) and waits, when this process started it.
  ~Cluster();
  Cluster(const Cluster&) = delete;

  /// libpq's "host=... port=... dbname=... user=...".
  const std::string& connection() const { return connection_; }
  /// The socket folder, for psql -h.
  const std::string& socket_dir() const { return socket_dir_; }
  /// Process id of the postmaster; 0 when it is not running.
  int postmaster() const;
  void stop();

 private:
  struct Impl;
  explicit Cluster(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  std::string connection_;
  std::string socket_dir_;
};

}  // namespace pennypost::store
