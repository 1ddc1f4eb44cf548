// The private cluster (DESIGN section 4). Files in DATA: db (the cluster), db.new (an initdb that was interrupted;
// removed), run (socket), log/postgresql.log, db.lock (held while one process looks and starts), db.owner (locked by
// the process whose child the postmaster is), db.users (locked, shared, by every process that uses it). Locks are
// flock(2): they end with their process, so nothing has to be tidied up by hand after a kill -9. The postmaster is a
// child of a thread that lives as long as the cluster (PR_SET_PDEATHSIG follows the thread), in a session of its own
// (Ctrl-C is for us only).
#include "server/store/cluster.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/store/connection.h"
#include "server/store/process.h"

namespace pennypost::store {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr LogEvent kMade{"store.cluster_made", Level::notice,
                         "made a new database cluster in {dir} (PostgreSQL {version})"};
constexpr LogEvent kStarted{"store.cluster_started", Level::info, "database cluster started, process {pid}"};
constexpr LogEvent kAdopted{"store.cluster_stopped_left", Level::notice,
                            "a database process {pid} was left behind by an earlier run; it has been stopped"};
constexpr LogEvent kDied{"store.cluster_died", Level::error, "the database process ended ({how}); starting it again"};
constexpr LogEvent kStartFailed{"store.cluster_start_failed", Level::error, "{reason}"};

const Sql kHasDatabase{"cluster.has_database", "SELECT 1 FROM pg_database WHERE datname = 'pennypost'"};

constexpr const char* kConf = "pennypost.conf";

// A file lock that ends with the process. Not inherited by the postmaster (O_CLOEXEC).
class FileLock {
 public:
  FileLock() = default;
  ~FileLock() { close(); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  bool open(const fs::path& path, uid_t owner, gid_t group) {
    close();
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ >= 0 && geteuid() == 0 && fchown(fd_, owner, group) != 0) return false;
    return fd_ >= 0;
  }
  bool try_lock(int how) { return flock(fd_, how | LOCK_NB) == 0; }
  bool lock_until(int how, std::chrono::steady_clock::time_point until) {
    while (!try_lock(how)) {
      if (std::chrono::steady_clock::now() >= until) return false;
      std::this_thread::sleep_for(20ms);
    }
    return true;
  }
  void unlock() { flock(fd_, LOCK_UN); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

struct Owner {
  uid_t user = 0;
  gid_t group = 0;
  std::string name;
};

Error in_words(Kind kind, std::string text) { return error(kind, std::move(text)); }

std::string slurp(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string tail(const fs::path& path, std::uintmax_t from) {
  std::ifstream in{path, std::ios::binary};
  in.seekg(static_cast<std::streamoff>(from));
  std::ostringstream out;
  out << in.rdbuf();
  auto text = out.str();
  if (text.size() > 2000) text.erase(0, text.size() - 2000);
  return text;
}

std::string last_words(const std::string& log_text) {
  std::istringstream in{log_text};
  std::string line;
  std::string found;
  while (std::getline(in, line))
    if (line.find("FATAL") != std::string::npos || line.find("PANIC") != std::string::npos ||
        line.find("error:") != std::string::npos || line.find("could not") != std::string::npos)
      found = line;
  return found.empty() ? line : found;
}

Error errno_error(const std::string& doing, int problem) {
  const std::string why = std::strerror(problem);
  switch (problem) {
    case EROFS:
      return in_words(Kind::not_permitted, doing + ": the file system is read-only");
    case EACCES:
    case EPERM:
      return in_words(Kind::not_permitted, doing + ": no permission");
    case ENOSPC:
    case EDQUOT:
      return in_words(Kind::disk_full, doing + ": the disk is full");
    case ENOTDIR:
      return in_words(Kind::bad_input, doing + ": part of the path is not a folder");
    default:
      return in_words(Kind::unavailable, doing + ": " + why);
  }
}

Error log_error(const std::string& doing, const std::string& text) {
  const auto has = [&text](const char* part) { return text.find(part) != std::string::npos; };
  if (has("No space left on device") || has("Disk quota exceeded"))
    return in_words(Kind::disk_full, doing + ": the disk is full. Make room and start again; nothing is lost.");
  if (has("Read-only file system")) return in_words(Kind::not_permitted, doing + ": the file system is read-only");
  if (has("Permission denied") || has("has wrong ownership") || has("must be owned"))
    return in_words(Kind::not_permitted,
                    doing + ": the folder does not belong to the server's user. " + last_words(text));
  if (has("incompatible with server") || has("not compatible with this version"))
    return in_words(Kind::bad_input, doing + ": the folder is of another version of PostgreSQL. " + last_words(text));
  return in_words(Kind::unavailable, doing + ": " + last_words(text));
}

int major_of(const fs::path& binaries) {
  const auto version = run_program({(binaries / "postgres").string(), "--version"}, std::nullopt);
  if (!version || version->status != 0) return 0;
  for (std::size_t i = 0; i < version->output.size(); ++i)
    if (std::isdigit(static_cast<unsigned char>(version->output[i])) != 0)
      return std::atoi(version->output.c_str() + i);
  return 0;
}

// The folder with initdb and postgres of the wanted major version (0: the newest).
Result<std::pair<fs::path, int>> find_binaries(const fs::path& given, int wanted) {
  std::vector<fs::path> places;
  if (!given.empty()) {
    places.push_back(given);
  } else {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{"/usr/lib/postgresql", none})
      places.push_back(entry.path() / "bin");
    for (const char* more : {"/usr/local/pgsql/bin", "/opt/postgresql/bin"}) places.emplace_back(more);
    if (const char* path = std::getenv("PATH")) {
      std::istringstream in{path};
      std::string one;
      while (std::getline(in, one, ':'))
        if (!one.empty()) places.emplace_back(one);
    }
  }
  std::pair<fs::path, int> best{{}, 0};
  std::string seen;
  for (const auto& place : places) {
    std::error_code none;
    if (!fs::exists(place / "postgres", none) || !fs::exists(place / "initdb", none)) continue;
    const int major = major_of(place);
    if (major == 0) continue;
    seen += (seen.empty() ? "" : ", ") + std::to_string(major) + " in " + place.string();
    if (wanted != 0 ? major == wanted : major > best.second) best = {place, major};
  }
  if (best.second == 0) {
    if (wanted != 0 && !seen.empty())
      return in_words(Kind::bad_input, "The data folder is of PostgreSQL " + std::to_string(wanted) +
                                           ", but found here is only " + seen + ". Install postgresql-" +
                                           std::to_string(wanted) + "; nothing was changed.");
    return in_words(Kind::not_found,
                    "No PostgreSQL server programs found" +
                        (given.empty() ? std::string{" in /usr/lib/postgresql or PATH; install the package postgresql"}
                                       : " in " + given.string()));
  }
  if (best.second < 13) return in_words(Kind::bad_input, "PostgreSQL 13 or later is needed, found: " + seen);
  return best;
}

bool is_alive(pid_t pid) { return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM); }

// Whether this process is a postgres that works in our folder; no use of ps.
bool works_in(pid_t pid, const fs::path& db) {
  std::error_code none;
  const auto cwd = fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd", none);
  if (none) return false;
  return fs::equivalent(cwd, db, none) && !none;
}

bool is_zombie(pid_t pid) {
  const auto stat = slurp("/proc/" + std::to_string(pid) + "/stat");
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
    if (pid != getpid() && works_in(pid, db) && slurp("/proc/" + name + "/comm").starts_with("postgres") &&
        !is_zombie(pid))
      found.push_back(pid);
  }
  return found;
}

struct PidFile {
  pid_t pid = 0;
  std::string port;
  std::string socket_dir;
};
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

}  // namespace

struct Cluster::Impl {
  ClusterOptions options;
  fs::path data;
  fs::path db;
  fs::path socket_dir;
  fs::path log_file;
  fs::path binaries;
  int major = 0;
  Owner owner;
  bool owns = false;
  FileLock owner_lock;
  FileLock users_lock;
  std::string connection;

  std::mutex mutex;
  std::condition_variable changed;
  std::thread supervisor;
  bool stopping = false;
  bool ended = false;  // the supervisor is done
  int postmaster = 0;
  int start_problem = 0;
  bool first_start_over = false;
  std::optional<Error> first_error;

  Result<void> prepare_folder();
  Result<void> choose_owner();
  Result<void> choose_socket_dir();
  Result<void> initialize();
  Result<void> write_conf();
  Result<void> stop_left_over(const FileLock&);
  void stop_workers();
  Result<int> spawn();
  Result<void> wait_ready(int pid, std::uintmax_t log_from);
  Result<void> make_database();
  void supervise();
  int wait_end(int pid);
  Result<void> attach(const PidFile& running);
  void give_to_owner(const fs::path& path) const {
    if (geteuid() == 0 && chown(path.c_str(), owner.user, owner.group) != 0) {
      // the next step says what does not work
    }
  }
};

Result<void> Cluster::Impl::choose_owner() {
  struct stat s {};
  if (stat(db.c_str(), &s) == 0) {
    owner.user = s.st_uid;
    owner.group = s.st_gid;
    if (geteuid() != 0 && s.st_uid != geteuid())
      return in_words(Kind::not_permitted, "The database folder " + db.string() +
                                               " belongs to another user; start the server as that user or as root");
    if (s.st_uid != 0) return {};
  }
  owner.user = geteuid();
  owner.group = getegid();
  if (geteuid() != 0) return {};
  for (const auto& name : {options.run_as, std::string{"pennypost"}, std::string{"postgres"}, std::string{"nobody"}})
    if (const passwd* p = getpwnam(name.c_str()); p != nullptr && p->pw_uid != 0) {
      owner = {p->pw_uid, p->pw_gid, name};
      return {};
    }
  return in_words(Kind::not_permitted, "Started as root, and there is no system user " + options.run_as +
                                           " for the database (useradd --system " + options.run_as + ")");
}

Result<void> Cluster::Impl::prepare_folder() {
  std::error_code problem;
  const bool existed = fs::exists(data, problem);
  if (!existed) {
    fs::create_directories(data, problem);
    if (problem) return errno_error("The data folder " + data.string() + " cannot be made", problem.value());
  }
  if (!fs::is_directory(data, problem)) return in_words(Kind::bad_input, data.string() + " is not a folder");
  data = fs::canonical(data, problem);
  db = data / "db";
  if (auto chosen = choose_owner(); !chosen) return chosen;
  if (!existed) {
    give_to_owner(data);
    fs::permissions(data, fs::perms::owner_all, problem);
  }
  const auto log_dir = data / "log";
  if (!fs::exists(log_dir, problem)) {
    fs::create_directory(log_dir, problem);
    if (problem) return errno_error("The folder " + log_dir.string() + " cannot be made", problem.value());
    give_to_owner(log_dir);
  }
  log_file = log_dir / "postgresql.log";
  if (fs::file_size(log_file, problem) > 10'000'000 && !problem)
    fs::rename(log_file, log_dir / "postgresql.log.1", problem);
  return {};
}

// The name of a Unix socket has room for 107 octets. A data folder of a long name gets a folder in /tmp whose name both
// we and a second process can tell from it; nobody else may own it.
Result<void> Cluster::Impl::choose_socket_dir() {
  std::error_code problem;
  auto dir = data / "run";
  if (dir.string().size() + sizeof("/.s.PGSQL.65535.lock") > 100) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : data.string()) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    std::ostringstream name;
    name << "/tmp/pennypost-" << owner.user << '-' << std::hex << hash;
    dir = name.str();
  }
  if (mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST)
    return errno_error("The folder " + dir.string() + " cannot be made", errno);
  give_to_owner(dir);
  struct stat s {};
  if (lstat(dir.c_str(), &s) != 0 || !S_ISDIR(s.st_mode) || s.st_uid != owner.user)
    return in_words(Kind::not_permitted, "The folder " + dir.string() + " belongs to another user");
  chmod(dir.c_str(), 0700);
  socket_dir = dir;
  return {};
}

Result<void> Cluster::Impl::initialize() {
  std::error_code problem;
  const auto fresh = data / "db.new";
  fs::remove_all(fresh, problem);  // of an initdb that did not come to its end
  struct statvfs room {};
  if (statvfs(data.c_str(), &room) == 0 && room.f_bavail * room.f_frsize < 64ULL * 1024 * 1024)
    return in_words(Kind::disk_full, "A new database needs at least 64 MiB of free disk in " + data.string());
  if (mkdir(fresh.c_str(), 0700) != 0) return errno_error("The folder " + fresh.string() + " cannot be made", errno);
  give_to_owner(fresh);
  std::vector<std::string> command{(binaries / "initdb").string(),
                                   "-D",
                                   fresh.string(),
                                   "-U",
                                   "pennypost",
                                   "-E",
                                   "UTF8",
                                   "--locale=C",
                                   "--auth-local=trust",
                                   "--auth-host=scram-sha-256"};
  if (options.is_throwaway) command.emplace_back("--no-sync");
  const auto done = run_program(command, RunAs{owner.user, owner.group, fresh.string()});
  if (!done) return done.error();
  if (done->status != 0) {
    fs::remove_all(fresh, problem);
    return log_error("The database in " + data.string() + " cannot be made", done->output);
  }
  {
    std::ofstream conf{fresh / "postgresql.conf", std::ios::app};
    conf << "\n# What Pennypost sets; made anew at every start.\ninclude_if_exists = '" << kConf
         << "'\n# Settings of your own go below this line and win.\n";
    if (!conf.flush()) return in_words(Kind::disk_full, "postgresql.conf cannot be written in " + fresh.string());
  }
  fs::rename(fresh, db, problem);
  if (problem) return errno_error("The folder " + db.string() + " cannot be made", problem.value());
  log(kMade, {{"dir", db.string()}, {"version", major}});
  return {};
}

Result<void> Cluster::Impl::write_conf() {
  std::ostringstream conf;
  conf << "# Made by Pennypost at every start. Settings of your own go to the end of postgresql.conf.\n"
       << "listen_addresses = '" << (options.tcp_port != 0 ? "127.0.0.1" : "") << "'\n"
       << "port = " << (options.tcp_port != 0 ? options.tcp_port : 5432) << "\n"
       << "unix_socket_directories = '" << socket_dir.string() << "'\n"
       << "unix_socket_permissions = 0700\n"
       << "max_connections = " << options.max_connections << "\n"
       << "shared_buffers = " << options.shared_buffers.count / 1024 << "kB\n"
       << "max_locks_per_transaction = 256\n"  // one advisory lock an open mailbox
       << "fsync = on\nfull_page_writes = on\nsynchronous_commit = on\n"
       << "wal_buffers = 16MB\nmin_wal_size = 80MB\nmax_wal_size = 1GB\ncheckpoint_timeout = 15min\n"
       << "checkpoint_completion_target = 0.9\n"
       << "jit = off\nmax_parallel_workers_per_gather = 0\nrandom_page_cost = 1.1\n"
       << "autovacuum_naptime = 20s\nautovacuum_vacuum_cost_delay = 2ms\n"
       << "logging_collector = off\nlog_min_messages = warning\nlog_line_prefix = '%m [%p] '\nlog_checkpoints = off\n"
       << "log_timezone = 'UTC'\ntimezone = 'UTC'\n";
  if (major >= 14) conf << "default_toast_compression = lz4\n";
  if (major >= 15) conf << "wal_compression = lz4\n";
  for (const auto& line : options.settings) conf << line << "\n";
  const auto file = db / kConf;
  if (slurp(file) == conf.str()) return {};
  const auto fresh = db / "pennypost.conf.new";
  {
    std::ofstream out{fresh, std::ios::trunc};
    out << conf.str();
    if (!out.flush()) return errno_error(file.string() + " cannot be written", errno == 0 ? ENOSPC : errno);
  }
  give_to_owner(fresh);
  std::error_code problem;
  fs::rename(fresh, file, problem);
  if (problem) return errno_error(file.string() + " cannot be written", problem.value());
  return {};
}

void Cluster::Impl::stop_workers() {
  for (int round = 0; round < 200; ++round) {
    const auto left = workers_of(db);
    if (left.empty()) return;
    for (const pid_t pid : left) kill(pid, round < 100 ? SIGQUIT : SIGKILL);
    std::this_thread::sleep_for(20ms);
  }
}

// A postmaster whose owner is gone: it got SIGINT from the kernel and is stopping, or it is not ours to keep.
Result<void> Cluster::Impl::stop_left_over(const FileLock&) {
  const auto file = read_pid_file(db);
  if (file && is_alive(file->pid) && works_in(file->pid, db)) {
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
  if (!workers_of(db).empty()) return {};
  fs::remove(db / "postmaster.pid", none);
  std::vector<fs::path> sockets;
  for (const auto& entry : fs::directory_iterator{socket_dir, none})
    if (entry.path().filename().string().starts_with(".s.PGSQL.")) sockets.push_back(entry.path());
  for (const auto& socket : sockets) fs::remove(socket, none);
  return {};
}

Result<int> Cluster::Impl::spawn() {
  std::vector<std::string> words{(binaries / "postgres").string(), "-D", db.string()};
  return start_program(words, RunAs{owner.user, owner.group, db.string()}, log_file.string(), SIGINT);
}

int Cluster::Impl::wait_end(int pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

Result<void> Cluster::Impl::wait_ready(int pid, std::uintmax_t log_from) {
  auto until = std::chrono::steady_clock::now() + options.start_wait;
  const auto info = "host=" + socket_dir.string() +
                    " port=" + (options.tcp_port != 0 ? std::to_string(options.tcp_port) : "5432") +
                    " user=pennypost dbname=postgres";
  auto pause = 5ms;
  for (;;) {
    const auto answer = PQping(info.c_str());
    if (answer == PQPING_OK) return {};
    if (answer == PQPING_REJECT)
      until = std::chrono::steady_clock::now() + options.start_wait;  // recovering: as long as it takes
    int status = 0;
    if (waitpid(pid, &status, WNOHANG) == pid) return log_error("The database did not start", tail(log_file, log_from));
    {
      std::unique_lock lock{mutex};
      if (stopping) return in_words(Kind::cancelled, "The server is stopping");
    }
    if (std::chrono::steady_clock::now() > until)
      return in_words(Kind::unavailable, "The database did not come up in " +
                                             std::to_string(options.start_wait.count()) + " seconds; see " +
                                             log_file.string());
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds{100});
  }
}

Result<void> Cluster::Impl::make_database() {
  const auto base = "host=" + socket_dir.string() +
                    " port=" + (options.tcp_port != 0 ? std::to_string(options.tcp_port) : "5432") + " user=pennypost";
  connection = base + " dbname=pennypost";
  auto c = Connection::open(base + " dbname=postgres");
  if (!c) return std::move(c).error();
  auto there = (*c)->query(kHasDatabase);
  if (!there) return std::move(there).error();
  if (!there->empty()) return {};
  return (*c)->execute("CREATE DATABASE pennypost ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
}

// The thread whose child the postmaster is: starts it, waits for its end, starts it again until told to stop.
void Cluster::Impl::supervise() {
  auto pause = std::chrono::milliseconds{100};
  for (bool first = true;; first = false) {
    std::error_code none;
    auto log_from = fs::file_size(log_file, none);
    if (none) log_from = 0;
    auto started = std::chrono::steady_clock::now();
    auto pid = spawn();
    Result<void> ready;
    if (pid) {
      {
        const std::lock_guard lock{mutex};
        postmaster = *pid;
      }
      ready = wait_ready(*pid, log_from);
      // Shared memory of the one before is still in use by a worker that has not ended.
      if (!ready && tail(log_file, log_from).find("pre-existing shared memory") != std::string::npos) stop_workers();
    } else {
      ready = pid.error();
    }
    {
      const std::lock_guard lock{mutex};
      if (!ready) {
        if (first) first_error = ready.error();
        if (!(pid && is_alive(*pid) && !is_zombie(*pid))) postmaster = 0;
      }
      first_start_over = true;
      if (first && !ready) {
        ended = postmaster == 0;
      }
    }
    changed.notify_all();
    if (ready) {
      log(kStarted, {{"pid", *pid}});
    } else {
      log(kStartFailed, ready.error());
      if (first) {
        if (pid && is_alive(*pid)) {
          kill(*pid, SIGINT);
          wait_end(*pid);
        }
        const std::lock_guard lock{mutex};
        postmaster = 0;
        ended = true;
        changed.notify_all();
        return;
      }
    }
    int status = 0;
    if (pid && (ready || is_alive(*pid))) status = wait_end(*pid);
    {
      std::unique_lock lock{mutex};
      postmaster = 0;
      if (stopping) {
        ended = true;
        changed.notify_all();
        return;
      }
    }
    log(kDied, {{"how", WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                            : "exit " + std::to_string(WEXITSTATUS(status))}});
    stop_workers();
    if (std::chrono::steady_clock::now() - started > 30s) pause = 100ms;
    {
      std::unique_lock lock{mutex};
      changed.wait_for(lock, pause, [this] { return stopping; });
      if (stopping) {
        ended = true;
        changed.notify_all();
        return;
      }
    }
    pause = std::min(pause * 2, std::chrono::milliseconds{5000});
  }
}

Result<void> Cluster::Impl::attach(const PidFile& running) {
  socket_dir = running.socket_dir;
  const auto base = "host=" + running.socket_dir + " port=" + running.port + " user=pennypost";
  connection = base + " dbname=pennypost";
  const auto until = std::chrono::steady_clock::now() + options.start_wait;
  for (;;) {
    auto c = Connection::open(base + " dbname=postgres");
    if (c) {
      auto there = (*c)->query(kHasDatabase);
      if (there && !there->empty()) return {};
    }
    if (std::chrono::steady_clock::now() > until)
      return c ? error(Kind::unavailable, "The running database has no database pennypost") : c.error();
    std::this_thread::sleep_for(50ms);
  }
}

Cluster::Cluster(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {
  connection_ = impl_->connection;
  socket_dir_ = impl_->socket_dir.string();
}

Result<std::unique_ptr<Cluster>> Cluster::start(const ClusterOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->data = options.data_dir;
  Impl& me = *impl;
  if (auto ready = me.prepare_folder(); !ready) return std::move(ready).error();

  FileLock look;
  if (!look.open(me.data / "db.lock", me.owner.user, me.owner.group))
    return errno_error("The data folder " + me.data.string() + " cannot be written", errno);
  const auto until = std::chrono::steady_clock::now() + options.start_wait;
  for (;;) {
    if (!look.lock_until(LOCK_EX, until))
      return in_words(Kind::unavailable, "Another process is starting the database in " + me.data.string());
    if (!me.owner_lock.open(me.data / "db.owner", me.owner.user, me.owner.group) ||
        !me.users_lock.open(me.data / "db.users", me.owner.user, me.owner.group))
      return errno_error("The data folder " + me.data.string() + " cannot be written", errno);
    if (me.owner_lock.try_lock(LOCK_EX)) break;
    // A living process has the cluster: use it with a shared lock that keeps a tool from stopping it under us.
    const auto running = read_pid_file(me.db);
    if (running && !running->socket_dir.empty() && is_alive(running->pid)) {
      const bool owner_is_tool = slurp(me.data / "db.owner").starts_with("tool");
      if (options.mode == Mode::server && owner_is_tool) {
        look.unlock();  // a tool is soon done; a server keeps the cluster running itself
      } else if (me.users_lock.try_lock(LOCK_SH)) {
        if (auto attached = me.attach(*running); !attached) return std::move(attached).error();
        return std::unique_ptr<Cluster>{new Cluster{std::move(impl)}};
      } else {
        look.unlock();
      }
    } else {
      look.unlock();
    }
    if (std::chrono::steady_clock::now() > until)
      return in_words(Kind::in_use,
                      "Another process holds the database in " + me.data.string() + " and does not let go");
    std::this_thread::sleep_for(50ms);
  }

  me.owns = true;
  {
    std::ofstream note{me.data / "db.owner", std::ios::trunc};
    note << (options.mode == Mode::server ? "server " : "tool ") << getpid() << "\n";
  }
  std::error_code none;
  int wanted = 0;
  if (fs::exists(me.db, none)) {
    const auto version = slurp(me.db / "PG_VERSION");
    wanted = std::atoi(version.c_str());
    if (wanted == 0)
      return in_words(fs::exists(me.db / "PG_VERSION", none) ? Kind::bad_input : Kind::not_permitted,
                      me.db.string() + " holds no database that can be read");
  }
  auto found = find_binaries(options.binaries, wanted);
  if (!found) return std::move(found).error();
  me.binaries = found->first;
  me.major = found->second;
  if (wanted == 0) {
    if (auto made = me.initialize(); !made) return std::move(made).error();
  }
  if (auto chosen = me.choose_socket_dir(); !chosen) return std::move(chosen).error();
  if (auto stopped = me.stop_left_over(me.owner_lock); !stopped) return std::move(stopped).error();
  if (auto written = me.write_conf(); !written) return std::move(written).error();

  me.supervisor = std::thread{[&me] { me.supervise(); }};
  std::unique_ptr<Cluster> cluster;
  {
    std::unique_lock lock{me.mutex};
    me.changed.wait(lock, [&me] { return me.first_start_over; });
    if (me.first_error) {
      me.changed.wait(lock, [&me] { return me.ended; });
      lock.unlock();
      me.supervisor.join();
      return *me.first_error;
    }
  }
  auto made = me.make_database();
  cluster.reset(new Cluster{std::move(impl)});
  if (!made) return std::move(made).error();  // the cluster stops on its way out
  return cluster;
}

int Cluster::postmaster() const {
  {
    const std::lock_guard lock{impl_->mutex};
    if (impl_->owns) return impl_->postmaster;
  }
  const auto file = read_pid_file(impl_->db);
  return file && is_alive(file->pid) ? file->pid : 0;
}

void Cluster::stop() {
  Impl& me = *impl_;
  if (!me.supervisor.joinable()) {
    me.users_lock.close();
    return;
  }
  // A tool that started the cluster waits for others that came to use it meanwhile.
  if (me.options.mode == Mode::tool) me.users_lock.lock_until(LOCK_EX, std::chrono::steady_clock::now() + 30s);
  std::unique_lock lock{me.mutex};
  me.stopping = true;
  me.changed.notify_all();
  const std::array<std::pair<int, std::chrono::seconds>, 3> steps{{{SIGINT, 30s}, {SIGQUIT, 10s}, {SIGKILL, 10s}}};
  for (const auto& [signal, wait] : steps) {
    if (me.ended) break;
    if (me.postmaster > 0) kill(me.postmaster, signal);
    me.changed.wait_for(lock, wait, [&me] { return me.ended; });
  }
  lock.unlock();
  me.supervisor.join();
  me.owner_lock.close();
  me.users_lock.close();
}

Cluster::~Cluster() { stop(); }

}  // namespace pennypost::store
