// The running server: every part made in order, stopped in the opposite one.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/main/ports.h"
#include "server/main/running.h"
#include "server/store/store.h"

namespace pennypost::main_program {

struct ServeOptions {
  std::filesystem::path data;          ///< prepared and ours (privileges.h)
  std::vector<std::string> addresses;  ///< what to listen on
  Ports ports;
  std::string host;  ///< name of the machine, where the HostName setting is empty
};

/// One object a process.
class Server {
 public:
  /// Opens the database, binds every port, starts every service and the queue. Errors name what does not work; what
  /// had been started is stopped again.
  static Result<std::unique_ptr<Server>> start(const ServeOptions& options);
  /// Stops: no new connections, sessions say good-bye, the queue puts down what it holds, the database last.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::vector<Listening>& listening() const;
  store::Store& store();
  /// Reads the certificate again and opens the log files anew (SIGHUP, after log rotation).
  void reload();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace pennypost::main_program
