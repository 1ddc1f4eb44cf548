// The private cluster (DESIGN section 4). Files in DATA: db (the cluster), db.new (an initdb that was interrupted;
// removed), run (socket), log/postgresql.log, db.lock (held while one process looks and starts), db.owner (locked by
// the process whose child the postmaster is), db.users (locked, shared, by every process that uses it). Locks are
// flock(2): they end with their process, so nothing has to be tidied up by hand after a kill -9.
#include "server/store/cluster.h"

#include <cerrno>
#include <fstream>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "server/store/cluster_errors.h"
#include "server/store/cluster_files.h"
#include "server/store/connection.h"
#include "server/store/postmaster.h"

namespace pennypost::store {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

const Sql kHasDatabase{"cluster.has_database", "SELECT 1 FROM pg_database WHERE datname = 'pennypost'"};

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

/// libpq's words for a cluster, without the name of a database.
std::string reached_at(const fs::path& socket_dir, const std::string& port) {
  return "host=" + socket_dir.string() + " port=" + port + " user=pennypost";
}

/// Another process runs it; it may be making the database at this moment.
Result<void> wait_for_database(const std::string& base, std::chrono::seconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
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

Result<void> make_database(const std::string& base) {
  auto c = Connection::open(base + " dbname=postgres");
  if (!c) return std::move(c).error();
  auto there = (*c)->query(kHasDatabase);
  if (!there) return std::move(there).error();
  if (!there->empty()) return {};
  return (*c)->execute("CREATE DATABASE pennypost ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
}

}  // namespace

struct Cluster::Impl {
  Impl(const ClusterOptions& o, ClusterFiles f) : options{o}, files{std::move(f)} {}

  const ClusterOptions options;
  ClusterFiles files;
  FileLock owner_lock;
  FileLock users_lock;
  std::string base;                      // libpq's words without a database
  std::optional<Postmaster> postmaster;  // nothing when another process runs the cluster

  Result<bool> take_or_share(FileLock& look);
  Result<void> run();
};

/// True: this process is the owner. False: a living one has the cluster, and we use it. `look` is held afterwards:
/// until the start is over nobody else looks.
Result<bool> Cluster::Impl::take_or_share(FileLock& look) {
  const auto not_writable = [&] {
    return errno_error("The data folder " + files.data.string() + " cannot be written", errno);
  };
  if (!look.open(files.data / "db.lock", files.user, files.group)) return not_writable();
  const auto until = std::chrono::steady_clock::now() + options.start_wait;
  for (;;) {
    if (!look.lock_until(LOCK_EX, until))
      return error(Kind::unavailable, "Another process is starting the database in " + files.data.string());
    if (!owner_lock.open(files.data / "db.owner", files.user, files.group) ||
        !users_lock.open(files.data / "db.users", files.user, files.group))
      return not_writable();
    if (owner_lock.try_lock(LOCK_EX)) break;
    // A living process has the cluster: use it with a shared lock that keeps a tool from stopping it under us.
    const auto running = read_pid_file(files.db);
    const bool is_up = running && !running->socket_dir.empty() && is_alive(running->pid);
    const bool owner_is_tool = whole_file(files.data / "db.owner").starts_with("tool");
    // A tool is soon done; a server keeps the cluster running itself.
    const bool may_share = is_up && !(options.mode == Mode::server && owner_is_tool);
    if (may_share && users_lock.try_lock(LOCK_SH)) {
      files.socket_dir = running->socket_dir;
      base = reached_at(files.socket_dir, running->port);
      if (auto there = wait_for_database(base, options.start_wait); !there) return std::move(there).error();
      return false;
    }
    look.unlock();
    if (std::chrono::steady_clock::now() > until)
      return error(Kind::in_use,
                   "Another process holds the database in " + files.data.string() + " and does not let go");
    std::this_thread::sleep_for(50ms);
  }
  std::ofstream note{files.data / "db.owner", std::ios::trunc};
  note << (options.mode == Mode::server ? "server " : "tool ") << getpid() << "\n";
  return true;
}

/// Makes the cluster where there is none, starts it.
Result<void> Cluster::Impl::run() {
  const auto version = files.version();
  if (!version) return version.error();
  const auto binaries = find_binaries(options.binaries, *version);
  if (!binaries) return binaries.error();
  if (*version == 0)
    if (auto made = files.initialize(options, *binaries); !made) return made;
  if (auto chosen = files.choose_socket_dir(); !chosen) return chosen;
  if (auto written = files.write_conf(options, binaries->major); !written) return written;
  base = reached_at(files.socket_dir, std::to_string(options.tcp_port != 0 ? options.tcp_port : 5432));
  postmaster.emplace(files, binaries->folder, base, std::chrono::seconds{options.start_wait.count()});
  if (auto started = postmaster->start(); !started) return started;
  return make_database(base);
}

Cluster::Cluster(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {
  connection_ = impl_->base + " dbname=pennypost";
  socket_dir_ = impl_->files.socket_dir.string();
}

Result<std::unique_ptr<Cluster>> Cluster::start(const ClusterOptions& options) {
  auto files = ClusterFiles::prepare(options);
  if (!files) return std::move(files).error();
  auto impl = std::make_unique<Impl>(options, *std::move(files));
  FileLock look;
  const auto owns = impl->take_or_share(look);
  if (!owns) return owns.error();
  if (*owns)
    if (auto running = impl->run(); !running) return std::move(running).error();  // on its way out the cluster stops
  return std::unique_ptr<Cluster>{new Cluster{std::move(impl)}};
}

int Cluster::postmaster() const {
  if (impl_->postmaster) return impl_->postmaster->pid();
  const auto file = read_pid_file(impl_->files.db);
  return file && is_alive(file->pid) ? file->pid : 0;
}

void Cluster::stop() {
  Impl& me = *impl_;
  if (me.postmaster) {
    // A tool that started the cluster waits for others that came to use it meanwhile.
    if (me.options.mode == Mode::tool) me.users_lock.lock_until(LOCK_EX, std::chrono::steady_clock::now() + 30s);
    me.postmaster->stop();
    me.owner_lock.close();
  }
  me.users_lock.close();
}

Cluster::~Cluster() { stop(); }

}  // namespace pennypost::store
