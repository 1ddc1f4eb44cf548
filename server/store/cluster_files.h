// The folder of the cluster: whose it is, the socket, initdb, the configuration; and where PostgreSQL's programs are.
#pragma once
#include <filesystem>

#include <sys/types.h>

#include "server/base/result.h"
#include "server/store/cluster.h"

namespace pennypost::store {

/// The major version of PostgreSQL and the folder of its programs.
struct Binaries {
  std::filesystem::path folder;
  int major = 0;
};

/// The folder with initdb and postgres of the major version `wanted` (0: the newest), in `given` or where systems have
/// it. Errors: not_found, bad_input (only other versions).
Result<Binaries> find_binaries(const std::filesystem::path& given, int wanted);

/// One data folder. Everything in it belongs to the user that PostgreSQL runs as.
class ClusterFiles {
 public:
  std::filesystem::path data;        ///< DATA
  std::filesystem::path db;          ///< DATA/db, the cluster
  std::filesystem::path socket_dir;  ///< empty until it is chosen
  std::filesystem::path log_file;
  uid_t user = 0;
  gid_t group = 0;

  /// Looks at the data folder, makes what is missing of it but the cluster. Errors: see Cluster::start.
  static Result<ClusterFiles> prepare(const ClusterOptions& options);
  /// The major version of the cluster in it; 0: there is none yet. Errors: bad_input, not_permitted.
  Result<int> version() const;
  /// Makes the cluster; one that was not finished is made anew.
  Result<void> initialize(const ClusterOptions& options, const Binaries& binaries) const;
  /// Chooses and makes the folder of the socket.
  Result<void> choose_socket_dir();
  /// Writes what Pennypost sets of the configuration.
  Result<void> write_conf(const ClusterOptions& options, int major) const;

 private:
  Result<void> choose_owner(const ClusterOptions& options);
  void give_to_owner(const std::filesystem::path& path) const;
};

}  // namespace pennypost::store
