// DATA/running: a lock that says "served", and lines "service greets address". Whoever can take the lock knows that no
// server runs, whatever a crashed one left in the file.
#include "server/main/running.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <Poco/Exception.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace pennypost::main_program {

namespace fs = std::filesystem;

namespace {
constexpr const char* kFileName = "running";
}

Poco::Net::SocketAddress Listening::reachable() const {
  if (!address.host().isWildcard()) return address;
  const char* loopback = address.family() == Poco::Net::SocketAddress::IPv6 ? "::1" : "127.0.0.1";
  return {loopback, address.port()};
}

std::optional<Running> read_running(const fs::path& data) {
  const int fd = open((data / kFileName).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  const bool nobody = flock(fd, LOCK_SH | LOCK_NB) == 0;
  close(fd);
  if (nobody) return std::nullopt;
  std::ifstream file{data / kFileName};
  Running running;
  file >> running.process;
  std::string service;
  std::string address;
  bool greets = true;
  while (file >> service >> greets >> address) {
    try {
      running.listening.push_back({service, Poco::Net::SocketAddress{address}, greets});
    } catch (const Poco::Exception&) {
      return running;  // written by another version: what was read so far is still true
    }
  }
  return running;
}

Result<std::unique_ptr<RunningFile>> RunningFile::take(const fs::path& data) {
  const int fd = open((data / kFileName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) {
    const Kind kind = errno == ENOSPC ? Kind::disk_full : Kind::not_permitted;
    return error(kind, fmt::format("{}: {}", (data / kFileName).string(), std::strerror(errno)));
  }
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    const auto running = read_running(data);
    return error(Kind::in_use, fmt::format("A server already works on {} (process {})", data.string(),
                                           running ? running->process : 0));
  }
  std::unique_ptr<RunningFile> held{new RunningFile{fd}};
  if (auto written = held->write({}); !written) return std::move(written).error();
  return held;
}

RunningFile::~RunningFile() {
  if (ftruncate(fd_, 0) != 0) errno = 0;  // only tidiness: the lock is what counts
  close(fd_);
}

Result<void> RunningFile::write(const std::vector<Listening>& listening) {
  std::string text = fmt::format("{}\n", getpid());
  for (const Listening& one : listening) {
    text += fmt::format("{} {:d} {}\n", one.service, one.greets, one.address.toString());
  }
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return error(errno == ENOSPC ? Kind::disk_full : Kind::internal,
                 fmt::format("{}: {}", kFileName, std::strerror(errno)));
  }
  return {};
}

}  // namespace pennypost::main_program
