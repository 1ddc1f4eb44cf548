// The pool of connections, the reading of [Database], migrations. A request waits for a connection, for a database that
// is starting and for one that was lost, with back-off, up to DatabaseOptions::wait; then it is `unavailable`. Sources:
// spec 30 section 2 (keys, limits), DESIGN section 4.
#include "server/store/database.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <random>

#include "server/base/log.h"
#include "server/store/connection.h"
#include "server/store/migrations.h"

namespace pennypost::store {

namespace {

constexpr LogEvent kLost{"store.database_lost", Level::warning, "the database cannot be reached: {reason}"};
constexpr LogEvent kBack{"store.database_back", Level::notice, "the database can be reached again"};

// Class 'PNYP' of the advisory locks that stand for living processes.
constexpr int kProcessLocks = 0x504E5950;

const Sql kProcessLock{"database.process_lock", "SELECT pg_try_advisory_lock($1::int, $2::int)"};

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

}  // namespace

// Like the Windows profile functions (spec 30 section 2.2): names in any case, blanks trimmed, `;` comments, the first
// occurrence of a key counts, one pair of quotes removed. Unknown keys are passed over.
Result<ExternalServer> read_database_section(std::string_view ini) {
  ExternalServer server;
  bool inside = false;
  bool found = false;
  std::vector<std::string> seen;
  int number = 0;
  if (ini.starts_with("\xEF\xBB\xBF")) ini.remove_prefix(3);
  while (!ini.empty()) {
    const auto end = std::min(ini.find('\n'), ini.size());
    const auto line = trimmed(ini.substr(0, end));
    ini.remove_prefix(std::min(end + 1, ini.size()));
    ++number;
    if (line.empty() || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = lower(line) == "[database]" && !found;
      found = found || inside;
      continue;
    }
    const auto equals = line.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    const auto key = lower(trimmed(line.substr(0, equals)));
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) continue;
    seen.push_back(key);
    auto value = trimmed(line.substr(equals + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    const auto count = [&](int& into) -> bool {
      int n = 0;
      const auto [rest, problem] = std::from_chars(value.data(), value.data() + value.size(), n);
      if (problem != std::errc{} || rest != value.data() + value.size() || n < 1 || n > 10'000) return false;
      into = n;
      return true;
    };
    bool good = true;
    if (key == "database") server.database = value;
    if (key == "user") server.user = value;
    if (key == "password") server.password = value;
    if (key == "hostname") server.hostname = value;
    if (key == "hostaddr") server.hostaddr = value;
    if (key == "port") server.port = value;
    if (key == "timeout") server.timeout = value;
    if (key == "options") server.options = value;
    if (key == "sslmode") server.ssl_mode = value;
    if (key == "service") server.service = value;
    if (key == "maxconnections" && !value.empty()) good = count(server.max_connections);
    if (key == "absmaxconnections" && !value.empty()) good = count(server.abs_max_connections);
    if (!good)
      return error(Kind::bad_input,
                   "[Database], line " + std::to_string(number) + ": a number from 1 to 10000 is needed");
  }
  if (!found) return error(Kind::not_found, "no section [Database]");
  if (server.hostname.empty() && server.hostaddr.empty() && server.service.empty())
    return error(Kind::bad_input, "[Database]: Hostname or Hostaddr must be set");
  server.abs_max_connections = std::max(server.abs_max_connections, server.max_connections);
  return server;
}

std::string connection_string(const ExternalServer& server) {
  std::string out;
  const auto add = [&out](const char* key, const std::string& value) {
    if (value.empty()) return;
    out += out.empty() ? "" : " ";
    out += key;
    out += "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') out += '\\';
      out += c;
    }
    out += '\'';
  };
  add("dbname", server.database);
  add("user", server.user);
  add("password", server.password);
  add("host", server.hostname);
  add("hostaddr", server.hostaddr);
  add("port", server.port);
  add("connect_timeout", server.timeout);
  add("options", server.options);
  add("sslmode", server.ssl_mode);
  add("service", server.service);
  return out;
}

struct Database::Impl {
  DatabaseOptions options;
  std::mutex mutex;
  std::condition_variable freed;
  std::vector<std::unique_ptr<Connection>> idle;
  int open = 0;
  int limit = 0;
  std::int64_t generation = 0;  // raised when a connection was lost: idle ones of before are not trusted
  bool closed = false;
  bool lost = false;
  std::chrono::steady_clock::time_point lost_since;

  std::mutex process_mutex;
  std::unique_ptr<Connection> process_connection;
  std::int32_t process = 0;

  void give_back(std::unique_ptr<Connection> connection) {
    const bool good = connection->is_open() && connection->is_idle();
    {
      const std::lock_guard lock{mutex};
      if (!connection->is_open()) ++generation;
      if (good && !closed && connection->generation == generation && static_cast<int>(idle.size()) < options.kept) {
        idle.push_back(std::move(connection));
      } else {
        --open;
      }
    }
    freed.notify_one();
    connection.reset();  // closing waits for nobody's lock
  }
};

Database::Database(DatabaseOptions options) : impl_{std::make_unique<Impl>()} {
  impl_->limit = options.most;
  impl_->options = std::move(options);
}

Database::~Database() { close(); }

void Database::close() {
  std::vector<std::unique_ptr<Connection>> gone;
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->closed = true;
    impl_->open -= static_cast<int>(impl_->idle.size());
    gone.swap(impl_->idle);
  }
  impl_->freed.notify_all();
  const std::lock_guard lock{impl_->process_mutex};
  impl_->process_connection.reset();
}

Result<std::unique_ptr<Connection>> Database::connect() { return Connection::open(impl_->options.connection); }

Result<Lease> Database::lease() {
  const auto started = std::chrono::steady_clock::now();
  const auto until = started + impl_->options.wait;
  auto pause = std::chrono::milliseconds{20};
  std::unique_lock lock{impl_->mutex};
  for (;;) {
    if (impl_->closed) return error(Kind::cancelled, "The server is stopping");
    while (!impl_->idle.empty()) {
      auto connection = std::move(impl_->idle.back());
      impl_->idle.pop_back();
      if (connection->generation == impl_->generation && connection->looks_alive())
        return Lease{impl_.get(), std::move(connection)};
      --impl_->open;
    }
    if (impl_->open >= impl_->limit) {
      if (impl_->freed.wait_until(lock, until) == std::cv_status::timeout)
        return error(Kind::unavailable, "The message store is busy, try again later",
                     "database: no connection became free, limit " + std::to_string(impl_->limit));
      continue;
    }
    ++impl_->open;
    const auto generation = impl_->generation;
    lock.unlock();
    auto opened = Connection::open(impl_->options.connection);
    lock.lock();
    if (opened) {
      (*opened)->generation = generation;
      if (std::exchange(impl_->lost, false)) log(kBack);
      return Lease{impl_.get(), std::move(*opened)};
    }
    --impl_->open;
    const auto now = std::chrono::steady_clock::now();
    const bool too_many = opened.error().for_log.find("too many clients") != std::string::npos ||
                          opened.error().for_log.find("53300") != std::string::npos;
    if (too_many && impl_->open > 0) {  // spec 30 section 2.3: make do with what there is
      impl_->limit = std::max(1, impl_->open);
    } else if (!std::exchange(impl_->lost, true)) {
      impl_->lost_since = now;
      log(kLost, opened.error());
    }
    // Away for long: tell the client at once instead of keeping its thread for the whole wait.
    if (now + pause >= until || (impl_->lost && now - impl_->lost_since > std::chrono::seconds{30}))
      return std::move(opened).error();
    impl_->freed.wait_for(lock, pause);
    pause = std::min(pause * 2, std::chrono::milliseconds{500});
  }
}

Result<std::int32_t> Database::process_number() {
  const std::lock_guard lock{impl_->process_mutex};
  if (impl_->process_connection && impl_->process_connection->looks_alive()) return impl_->process;
  auto connection = connect();
  if (!connection) return std::move(connection).error();
  for (int tries = 0; tries < 20; ++tries) {
    const auto number =
        impl_->process != 0 ? impl_->process : static_cast<std::int32_t>(std::random_device{}() & 0x7FFFFFFFU) | 1;
    auto locked = (*connection)->query(kProcessLock, kProcessLocks, number);
    if (!locked) return std::move(locked).error();
    if (locked->flag(0, 0)) {
      impl_->process = number;
      impl_->process_connection = std::move(*connection);
      return number;
    }
    impl_->process = 0;
  }
  return error(Kind::unavailable, "The message store is busy, try again later", "database: no process number");
}

Result<void> Database::migrate() {
  auto connection = connect();
  if (!connection) return std::move(connection).error();
  return apply_migrations(**connection);
}

Lease::Lease(Database::Impl* pool, std::unique_ptr<Connection> connection)
    : pool_{pool}, connection_{std::move(connection)} {}
Lease::Lease(Lease&& other) noexcept : pool_{other.pool_}, connection_{std::move(other.connection_)} {}
Lease::~Lease() {
  if (connection_) pool_->give_back(std::move(connection_));
}

}  // namespace pennypost::store
