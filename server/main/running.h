// The file DATA/running that tells other processes of a running server: its process id and where it listens.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <Poco/Net/SocketAddress.h>
#include <sys/types.h>

#include "server/base/result.h"

namespace pennypost::main_program {

struct Listening {
  std::string service;  ///< "smtp", "imaps"
  Poco::Net::SocketAddress address;
  bool greets = true;  ///< the server speaks first, in clear
  /// The address to connect to from this machine: loopback where the service listens on all addresses.
  Poco::Net::SocketAddress reachable() const;
};

struct Running {
  pid_t process = 0;
  std::vector<Listening> listening;
};

/// What the server of this data folder wrote, when it still runs.
std::optional<Running> read_running(const std::filesystem::path& data);

/// Held by the server for its life: nobody else can serve the same data folder. The lock goes with the process, however
/// it ends.
class RunningFile {
 public:
  /// Errors: in_use, with the process id of the other server; not_permitted, disk_full.
  static Result<std::unique_ptr<RunningFile>> take(const std::filesystem::path& data);
  ~RunningFile();
  RunningFile(const RunningFile&) = delete;
  RunningFile& operator=(const RunningFile&) = delete;
  /// Writes where the server listens, for `doctor`.
  Result<void> write(const std::vector<Listening>& listening);

 private:
  RunningFile(int fd) : fd_{fd} {}
  int fd_;
};

}  // namespace pennypost::main_program
