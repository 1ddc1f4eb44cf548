// The folder of the cluster (see the header).
#include "server/store/cluster_files.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/store/cluster_errors.h"
#include "server/store/process.h"

namespace pennypost::store {

namespace fs = std::filesystem;

namespace {

constexpr LogEvent kMade{"store.cluster_made", Level::notice,
                         "made a new database cluster in {dir} (PostgreSQL {version})"};

constexpr const char* kConf = "pennypost.conf";

int major_of(const fs::path& binaries) {
  const auto version = run_program({(binaries / "postgres").string(), "--version"}, std::nullopt);
  if (!version || version->status != 0) return 0;
  for (std::size_t i = 0; i < version->output.size(); ++i)
    if (std::isdigit(static_cast<unsigned char>(version->output[i])) != 0)
      return std::atoi(version->output.c_str() + i);
  return 0;
}

}  // namespace

Result<Binaries> find_binaries(const fs::path& given, int wanted) {
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
  Binaries best;
  std::string seen;
  for (const auto& place : places) {
    std::error_code none;
    if (!fs::exists(place / "postgres", none) || !fs::exists(place / "initdb", none)) continue;
    const int major = major_of(place);
    if (major == 0) continue;
    seen += (seen.empty() ? "" : ", ") + std::to_string(major) + " in " + place.string();
    if (wanted != 0 ? major == wanted : major > best.major) best = {place, major};
  }
  if (best.major == 0) {
    if (wanted != 0 && !seen.empty())
      return error(Kind::bad_input, "The data folder is of PostgreSQL " + std::to_string(wanted) +
                                        ", but found here is only " + seen + ". Install postgresql-" +
                                        std::to_string(wanted) + "; nothing was changed.");
    return error(Kind::not_found,
                 "No PostgreSQL server programs found" +
                     (given.empty() ? std::string{" in /usr/lib/postgresql or PATH; install the package postgresql"}
                                    : " in " + given.string()));
  }
  if (best.major < 13) return error(Kind::bad_input, "PostgreSQL 13 or later is needed, found: " + seen);
  return best;
}

void ClusterFiles::give_to_owner(const fs::path& path) const {
  if (geteuid() == 0 && chown(path.c_str(), user, group) != 0) {
    // the next step says what does not work
  }
}

Result<void> ClusterFiles::choose_owner(const ClusterOptions& options) {
  struct stat s {};
  if (stat(db.c_str(), &s) == 0) {
    user = s.st_uid;
    group = s.st_gid;
    if (geteuid() != 0 && s.st_uid != geteuid())
      return error(Kind::not_permitted, "The database folder " + db.string() +
                                            " belongs to another user; start the server as that user or as root");
    if (s.st_uid != 0) return {};
  }
  user = geteuid();
  group = getegid();
  if (geteuid() != 0) return {};
  for (const auto& name : {options.run_as, std::string{"pennypost"}, std::string{"postgres"}, std::string{"nobody"}})
    if (const passwd* p = getpwnam(name.c_str()); p != nullptr && p->pw_uid != 0) {
      user = p->pw_uid;
      group = p->pw_gid;
      return {};
    }
  return error(Kind::not_permitted, "Started as root, and there is no system user " + options.run_as +
                                        " for the database (useradd --system " + options.run_as + ")");
}

Result<ClusterFiles> ClusterFiles::prepare(const ClusterOptions& options) {
  ClusterFiles files;
  auto& data = files.data;
  data = options.data_dir;
  std::error_code problem;
  const bool existed = fs::exists(data, problem);
  if (!existed) {
    fs::create_directories(data, problem);
    if (problem) return errno_error("The data folder " + data.string() + " cannot be made", problem.value());
  }
  if (!fs::is_directory(data, problem)) return error(Kind::bad_input, data.string() + " is not a folder");
  data = fs::canonical(data, problem);
  files.db = data / "db";
  if (auto chosen = files.choose_owner(options); !chosen) return std::move(chosen).error();
  if (!existed) {
    files.give_to_owner(data);
    fs::permissions(data, fs::perms::owner_all, problem);
  }
  const auto log_dir = data / "log";
  if (!fs::exists(log_dir, problem)) {
    fs::create_directory(log_dir, problem);
    if (problem) return errno_error("The folder " + log_dir.string() + " cannot be made", problem.value());
    files.give_to_owner(log_dir);
  }
  files.log_file = log_dir / "postgresql.log";
  if (fs::file_size(files.log_file, problem) > 10'000'000 && !problem)
    fs::rename(files.log_file, log_dir / "postgresql.log.1", problem);
  return files;
}

Result<int> ClusterFiles::version() const {
  std::error_code none;
  if (!fs::exists(db, none)) return 0;
  const int major = std::atoi(whole_file(db / "PG_VERSION").c_str());
  if (major == 0)
    return error(fs::exists(db / "PG_VERSION", none) ? Kind::bad_input : Kind::not_permitted,
                 db.string() + " holds no database that can be read");
  return major;
}

// The name of a Unix socket has room for 107 octets. A data folder of a long name gets a folder in /tmp whose name both
// we and a second process can tell from it; nobody else may own it.
Result<void> ClusterFiles::choose_socket_dir() {
  std::error_code problem;
  auto dir = data / "run";
  if (dir.string().size() + sizeof("/.s.PGSQL.65535.lock") > 100) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : data.string()) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    std::ostringstream name;
    name << "/tmp/pennypost-" << user << '-' << std::hex << hash;
    dir = name.str();
  }
  if (mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST)
    return errno_error("The folder " + dir.string() + " cannot be made", errno);
  give_to_owner(dir);
  struct stat s {};
  if (lstat(dir.c_str(), &s) != 0 || !S_ISDIR(s.st_mode) || s.st_uid != user)
    return error(Kind::not_permitted, "The folder " + dir.string() + " belongs to another user");
  chmod(dir.c_str(), 0700);
  socket_dir = dir;
  return {};
}

Result<void> ClusterFiles::initialize(const ClusterOptions& options, const Binaries& binaries) const {
  std::error_code problem;
  const auto fresh = data / "db.new";
  fs::remove_all(fresh, problem);  // of an initdb that did not come to its end
  struct statvfs room {};
  if (statvfs(data.c_str(), &room) == 0 && room.f_bavail * room.f_frsize < 64ULL * 1024 * 1024)
    return error(Kind::disk_full, "A new database needs at least 64 MiB of free disk in " + data.string());
  if (mkdir(fresh.c_str(), 0700) != 0) return errno_error("The folder " + fresh.string() + " cannot be made", errno);
  give_to_owner(fresh);
  std::vector<std::string> command{(binaries.folder / "initdb").string(),
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
  const auto done = run_program(command, RunAs{user, group, fresh.string()});
  if (!done) return done.error();
  if (done->status != 0) {
    fs::remove_all(fresh, problem);
    return log_error("The database in " + data.string() + " cannot be made", done->output);
  }
  {
    std::ofstream conf{fresh / "postgresql.conf", std::ios::app};
    conf << "\n# What Pennypost sets; made anew at every start.\ninclude_if_exists = '" << kConf
         << "'\n# Settings of your own go below this line and win.\n";
    if (!conf.flush()) return error(Kind::disk_full, "postgresql.conf cannot be written in " + fresh.string());
  }
  fs::rename(fresh, db, problem);
  if (problem) return errno_error("The folder " + db.string() + " cannot be made", problem.value());
  log(kMade, {{"dir", db.string()}, {"version", binaries.major}});
  return {};
}

Result<void> ClusterFiles::write_conf(const ClusterOptions& options, int major) const {
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
  if (whole_file(file) == conf.str()) return {};
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

}  // namespace pennypost::store
