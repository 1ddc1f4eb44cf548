// The postmaster of the cluster: a child of a thread that lives as long as it (PR_SET_PDEATHSIG follows the thread), in
// a session of its own (Ctrl-C is for us only), started again when it dies.
#pragma once
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <sys/types.h>

#include "server/base/result.h"
#include "server/store/cluster_files.h"

namespace pennypost::store {

/// What PostgreSQL writes of a running postmaster into its folder.
struct PidFile {
  pid_t pid = 0;
  std::string port;
  std::string socket_dir;
};
/// Nothing when there is none, or none that can be read.
std::optional<PidFile> read_pid_file(const std::filesystem::path& db);
bool is_alive(pid_t pid);

/// Any thread. Whoever makes one holds the lock of the cluster's owner.
class Postmaster {
 public:
  /// `connection` is libpq's host, port and user.
  Postmaster(ClusterFiles files, std::filesystem::path binaries, std::string connection,
             std::chrono::seconds start_wait)
      : files_{std::move(files)},
        program_{binaries / "postgres"},
        connection_{std::move(connection)},
        start_wait_{start_wait} {}
  ~Postmaster() { stop(); }
  Postmaster(const Postmaster&) = delete;
  Postmaster& operator=(const Postmaster&) = delete;

  /// Ends one that an earlier run left behind, starts this and waits until it takes connections. Once.
  Result<void> start();
  /// Fast shutdown; after 30 s an immediate one. Does nothing when it was not started.
  void stop();
  /// 0 when it is not running.
  int pid() const;

 private:
  void stop_left_over() const;
  void stop_workers() const;
  Result<void> wait_ready(int pid, std::uintmax_t log_from);
  void supervise();
  bool has_to_stop() const;
  void has_ended();

  const ClusterFiles files_;
  const std::filesystem::path program_;
  const std::string connection_;
  const std::chrono::seconds start_wait_;

  mutable std::mutex mutex_;  // guards what follows but the thread
  std::condition_variable changed_;
  bool stopping_ = false;
  bool ended_ = false;  // the supervisor is done
  int pid_ = 0;
  std::optional<Result<void>> first_start_;
  std::thread supervisor_;
};

}  // namespace pennypost::store
