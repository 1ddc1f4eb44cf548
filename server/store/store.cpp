// All of store/ put together. Order of the end: news first (its thread calls into settings, directory and states), then
// the repositories, the pool, the cluster.
#include "server/store/store.h"

#include "server/base/log.h"
#include "server/store/connection.h"
#include "server/store/workers.h"

namespace pennypost::store {

namespace {

constexpr LogEvent kReloadFailed{"store.settings_not_read", Level::warning,
                                 "settings could not be read again: {reason}"};

const Sql kDescribe{"store.describe", R"sql(
    SELECT current_setting('server_version'), pg_database_size(current_database()),
           (SELECT max(version) FROM pennypost.schema_version), (SELECT count(*) FROM users.users),
           (SELECT coalesce(sum(count), 0)::bigint FROM messages.folders))sql"};
const Sql kPruneExpunged{"store.prune_expunged", R"sql(
    DELETE FROM messages.expunged WHERE at < now() - interval '30 days')sql"};

constexpr std::size_t kSweepAtOnce = 20'000;
constexpr int kHistoryAtOnce = 5'000;
constexpr int kWorkers = 2;  // threads that read what will be asked for next

}  // namespace

struct Store::Impl {
  std::unique_ptr<Cluster> cluster;
  Database database;
  News news{database};
  FolderStates states{database, news};
  Directory directory{database};
  Accounts accounts{database, directory, states, news};
  Folders folders{database, states, news};
  Workers workers{kWorkers};
  Messages messages{database, states, news, workers};
  DeliveryWriter writer{database, states, news};
  OutQueue queue{database, news};
  Settings settings{database};
  SpamFilter spam_filter{database};
  Quarantine quarantine{database, folders, states};
  Trace trace{database};
  LogDb log_db{database};
  MailboxLocks locks{database};
  std::atomic<bool> settings_old{false};

  Impl(std::unique_ptr<Cluster> c, DatabaseOptions options) : cluster{std::move(c)}, database{std::move(options)} {}
  ~Impl() {
    log_db.stop();  // writes what waits
    news.stop();
    database.close();
  }

  void read_settings() {
    if (auto done = settings.reload(); !done) log(kReloadFailed, done.error());
  }

  Result<void> begin() {
    if (auto done = database.migrate(); !done) return done;
    if (auto done = settings.reload(); !done) return done;
    news.start({.folder = [this](FolderId f, ModSeq m) { states.mark_behind(f, m); },
                .settings = [this] { read_settings(); },
                .directory = [this] { directory.forget(); },
                .missed =
                    [this] {
                      read_settings();
                      directory.forget();
                      states.mark_all_behind();
                    }});
    return {};
  }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  DatabaseOptions database;
  std::unique_ptr<Cluster> cluster;
  if (options.external) {
    database.connection = connection_string(*options.external);
    database.kept = options.external->max_connections;
    database.most = options.external->abs_max_connections;
  } else {
    auto started = Cluster::start(options.cluster);
    if (!started) return std::move(started).error();
    cluster = std::move(*started);
    database.connection = cluster->connection();
  }
  auto impl = std::make_unique<Impl>(std::move(cluster), std::move(database));
  if (auto done = impl->begin(); !done) return std::move(done).error();
  return std::unique_ptr<Store>{new Store{std::move(impl)}};
}

Result<std::unique_ptr<Store>> Store::connect(const std::string& connection) {
  DatabaseOptions database;
  database.connection = connection;
  auto impl = std::make_unique<Impl>(nullptr, std::move(database));
  if (auto done = impl->begin(); !done) return std::move(done).error();
  return std::unique_ptr<Store>{new Store{std::move(impl)}};
}

Accounts& Store::accounts() { return impl_->accounts; }
Directory& Store::directory() { return impl_->directory; }
Folders& Store::folders() { return impl_->folders; }
Messages& Store::messages() { return impl_->messages; }
FolderStates& Store::states() { return impl_->states; }
DeliveryWriter& Store::writer() { return impl_->writer; }
OutQueue& Store::queue() { return impl_->queue; }
Settings& Store::settings() { return impl_->settings; }
SpamFilter& Store::spam_filter() { return impl_->spam_filter; }
Quarantine& Store::quarantine() { return impl_->quarantine; }
Trace& Store::trace() { return impl_->trace; }
LogDb& Store::log_db() { return impl_->log_db; }
MailboxLocks& Store::locks() { return impl_->locks; }
News& Store::news() { return impl_->news; }
Database& Store::database() { return impl_->database; }

Result<std::string> Store::describe() {
  auto lease = impl_->database.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kDescribe);
  if (!rows) return std::move(rows).error();
  return "PostgreSQL " + rows->string(0, 0) + ", " + (impl_->cluster ? "private cluster" : "external server") +
         ", schema " + std::to_string(rows->integer(0, 2)) + ", " + std::to_string(rows->integer(0, 1) / 1'000'000) +
         " MB, " + std::to_string(rows->integer(0, 3)) + " accounts, " + std::to_string(rows->integer(0, 4)) +
         " messages";
}

Result<void> Store::maintain() {
  if (auto swept = impl_->messages.sweep(kSweepAtOnce); !swept) return std::move(swept).error();
  if (auto done = impl_->trace.prune(impl_->settings.get(kTraceKept)); !done) return std::move(done).error();
  if (auto done = impl_->quarantine.expire(impl_->settings.get(kQuarantineKeepDays)); !done)
    return std::move(done).error();
  if (auto done = impl_->queue.prune(impl_->settings.get(kFinishedKept)); !done) return std::move(done).error();
  if (auto done = impl_->log_db.prune(impl_->settings.get(kHistoryKeepDays), kHistoryAtOnce); !done)
    return std::move(done).error();
  auto lease = impl_->database.lease();
  if (!lease) return std::move(lease).error();
  auto done = (*lease)->query(kPruneExpunged);
  if (!done) return std::move(done).error();
  return {};
}

}  // namespace pennypost::store
