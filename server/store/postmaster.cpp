// The postmaster (see the header). One whose owner was killed gets SIGINT from the kernel; what is left of it is ended
// before a new one starts, so that a start after kill -9 needs no hand.
#include "server/store/postmaster.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <utility>
#include <vector>

#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/store/cluster_errors.h"
#include "server/store/process.h"

namespace pennypost::store {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr LogEvent kStarted{"store.cluster_started", Level::info, "database cluster started, process {pid}"};
constexpr LogEvent kAdopted{"store.cluster_stopped_left", Level::notice,
                            "a database process {pid} was left behind by an earlier run; it has been stopped"};
constexpr LogEvent kDied{"store.cluster_died", Level::error, "the database process ended ({how}); starting it again"};
constexpr LogEvent kStartFailed{"store.cluster_start_failed", Level::error, "{reason}"};

constexpr auto kLongestPause = 5s;  // between two starts of one that dies at once

// Whether this process is a postgres that works in our folder; no use of ps.
bool works_in(pid_t pid, const fs::path& db) {
  std::error_code none;
  const auto cwd = fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd", none);
  if (none) return false;
  return fs::equivalent(cwd, db, none) && !none;
}

bool is_zombie(pid_t pid) {
  const auto stat = whole_file("/proc/" + std::to_string(pid) + "/stat");
  const auto behind = stat.rfind(')');
  return behind != std::string::npos && behind + 2 < stat.size() && stat[behind + 2] == 'Z';
}

// Processes of a postmaster that is gone hold its shared memory: they end by themselves soon, these are told to at
// once.
std::vector<pid_t> workers_of(const fs::path& db) {
  std::vector<pid_t> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator{"/proc", none}) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto pid = static_cast<pid_t>(std::stol(name));
    if (pid != getpid() && works_in(pid, db) && whole_file("/proc/" + name + "/comm").starts_with("postgres") &&
        !is_zombie(pid))
      found.push_back(pid);
  }
  return found;
}

int wait_end(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

bool is_alive(pid_t pid) { return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM); }

std::optional<PidFile> read_pid_file(const fs::path& db) {
  std::ifstream in{db / "postmaster.pid"};
  if (!in) return std::nullopt;
  PidFile file;
  std::string line;
  for (int n = 1; std::getline(in, line); ++n) {
    if (n == 1) file.pid = std::atoi(line.c_str());
    if (n == 4) file.port = line;
    if (n == 5) file.socket_dir = line;
  }
  return file.pid > 0 ? std::optional{file} : std::nullopt;
}

void Postmaster::stop_workers() const {
  for (int round = 0; round < 200; ++round) {
    const auto left = workers_of(files_.db);
    if (left.empty()) return;
    for (const pid_t pid : left) kill(pid, round < 100 ? SIGQUIT : SIGKILL);
    std::this_thread::sleep_for(20ms);
  }
}

// A postmaster whose owner is gone: it got SIGINT from the kernel and is stopping, or it is not ours to keep.
void Postmaster::stop_left_over() const {
  const auto file = read_pid_file(files_.db);
  if (file && is_alive(file->pid) && works_in(file->pid, files_.db)) {
    const auto until = std::chrono::steady_clock::now() + 25s;
    int round = 0;
    while (is_alive(file->pid) && !is_zombie(file->pid)) {
      if (round % 100 == 0) kill(file->pid, round < 500 ? SIGINT : SIGQUIT);
      ++round;
      if (std::chrono::steady_clock::now() > until) {
        kill(file->pid, SIGKILL);
        break;
      }
      std::this_thread::sleep_for(20ms);
    }
    log(kAdopted, {{"pid", file->pid}});
  }
  stop_workers();
  // PostgreSQL takes any process of that number for a postmaster: one that was killed and that nobody has waited for
  // yet, or a stranger that got the number since. Nobody works in the folder, and we hold its lock.
  std::error_code none;
  if (!workers_of(files_.db).empty()) return;
  fs::remove(files_.db / "postmaster.pid", none);
  std::vector<fs::path> sockets;
  for (const auto& entry : fs::directory_iterator{files_.socket_dir, none})
    if (entry.path().filename().string().starts_with(".s.PGSQL.")) sockets.push_back(entry.path());
  for (const auto& socket : sockets) fs::remove(socket, none);
}

Result<void> Postmaster::wait_ready(int pid, std::uintmax_t log_from) {
  const auto info = connection_ + " dbname=postgres";
  auto until = std::chrono::steady_clock::now() + start_wait_;
  std::chrono::milliseconds pause = 5ms;
  for (;;) {
    const auto answer = PQping(info.c_str());
    if (answer == PQPING_OK) return {};
    // recovering: as long as it takes
    if (answer == PQPING_REJECT) until = std::chrono::steady_clock::now() + start_wait_;
    int status = 0;
    if (waitpid(pid, &status, WNOHANG) == pid)
      return log_error("The database did not start", end_of_file(files_.log_file, log_from));
    if (has_to_stop()) return error(Kind::cancelled, "The server is stopping");
    if (std::chrono::steady_clock::now() > until)
      return error(Kind::unavailable, "The database did not come up in " + std::to_string(start_wait_.count()) +
                                          " seconds; see " + files_.log_file.string());
    std::this_thread::sleep_for(pause);
    pause = std::min<std::chrono::milliseconds>(pause * 2, 100ms);
  }
}

bool Postmaster::has_to_stop() const {
  const std::lock_guard lock{mutex_};
  return stopping_;
}

void Postmaster::has_ended() {
  const std::lock_guard lock{mutex_};
  pid_ = 0;
  ended_ = true;
  changed_.notify_all();
}

// The thread whose child the postmaster is: starts it, waits for its end, starts it again until told to stop.
void Postmaster::supervise() {
  std::chrono::milliseconds pause = 100ms;
  for (bool first = true;; first = false) {
    std::error_code none;
    auto log_from = fs::file_size(files_.log_file, none);
    if (none) log_from = 0;
    const auto started = std::chrono::steady_clock::now();
    const auto pid =
        start_program({program_.string(), "-D", files_.db.string()},
                      RunAs{files_.user, files_.group, files_.db.string()}, files_.log_file.string(), SIGINT);
    Result<void> ready;
    if (pid) {
      {
        const std::lock_guard lock{mutex_};
        pid_ = *pid;
      }
      ready = wait_ready(*pid, log_from);
      // Shared memory of the one before is still in use by a worker that has not ended.
      if (!ready && end_of_file(files_.log_file, log_from).find("pre-existing shared memory") != std::string::npos)
        stop_workers();
    } else {
      ready = pid.error();
    }
    if (ready)
      log(kStarted, {{"pid", *pid}});
    else
      log(kStartFailed, ready.error());
    const bool gives_up = first && !ready;
    if (gives_up && pid && is_alive(*pid)) kill(*pid, SIGINT);
    if (first) {
      const std::lock_guard lock{mutex_};
      first_start_ = ready;
      changed_.notify_all();
    }
    const int status = pid && (ready || is_alive(*pid)) ? wait_end(*pid) : 0;
    if (gives_up || has_to_stop()) return has_ended();
    log(kDied, {{"how", WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                            : "exit " + std::to_string(WEXITSTATUS(status))}});
    stop_workers();
    if (std::chrono::steady_clock::now() - started > 30s) pause = 100ms;
    bool stops = false;
    {
      std::unique_lock lock{mutex_};
      pid_ = 0;
      stops = changed_.wait_for(lock, pause, [this] { return stopping_; });
    }
    if (stops) return has_ended();
    pause = std::min<std::chrono::milliseconds>(pause * 2, kLongestPause);
  }
}

Result<void> Postmaster::start() {
  stop_left_over();
  supervisor_ = std::thread{[this] { supervise(); }};
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return first_start_.has_value(); });
  return *first_start_;
}

int Postmaster::pid() const {
  const std::lock_guard lock{mutex_};
  return pid_;
}

void Postmaster::stop() {
  if (!supervisor_.joinable()) return;
  std::unique_lock lock{mutex_};
  stopping_ = true;
  changed_.notify_all();
  constexpr std::array<std::pair<int, std::chrono::seconds>, 3> kSteps{{{SIGINT, 30s}, {SIGQUIT, 10s}, {SIGKILL, 10s}}};
  for (const auto& [signal, wait] : kSteps) {
    if (ended_) break;
    if (pid_ > 0) kill(pid_, signal);
    changed_.wait_for(lock, wait, [this] { return ended_; });
  }
  lock.unlock();
  supervisor_.join();
}

}  // namespace pennypost::store
