// All of store/ in one object: the cluster or external server, the pool, one repository a subject. What the rest of the
// server holds.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>

#include "server/base/result.h"
#include "server/store/accounts.h"
#include "server/store/cluster.h"
#include "server/store/database.h"
#include "server/store/delivery_writer.h"
#include "server/store/directory.h"
#include "server/store/folder_state.h"
#include "server/store/folders.h"
#include "server/store/log_db.h"
#include "server/store/mailbox_lock.h"
#include "server/store/messages.h"
#include "server/store/news.h"
#include "server/store/out_queue.h"
#include "server/store/quarantine.h"
#include "server/store/settings.h"
#include "server/store/spam_filter.h"
#include "server/store/trace.h"

namespace pennypost::store {

struct StoreOptions {
  ClusterOptions cluster;                  ///< not used with `external`
  std::optional<ExternalServer> external;  ///< `[Database]` of VPOP3.INI / pennypost.ini
};

/// One object a process (a test may have several). Everything in it is for any thread and lives as long as it does:
/// views, locks, subscriptions and deliveries must have ended before.
class Store {
 public:
  /// Starts or finds the database, brings its schema up to date, loads the settings, listens for news.
  /// Errors: those of Cluster::start; bad_input when the database is of a newer version of Pennypost.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  /// For a database that runs already (tests, a second process): libpq's connection string.
  static Result<std::unique_ptr<Store>> connect(const std::string& connection);
  ~Store();

  Accounts& accounts();
  Directory& directory();
  Folders& folders();
  Messages& messages();
  FolderStates& states();
  DeliveryWriter& writer();
  OutQueue& queue();
  Settings& settings();
  SpamFilter& spam_filter();
  Quarantine& quarantine();
  Trace& trace();
  LogDb& log_db();
  MailboxLocks& locks();
  News& news();
  Database& database();

  /// A number and sentence an administrator understands: server version, size, connection, schema version.
  Result<std::string> describe();
  /// Deletes what nobody needs any more (orphaned bodies, old trace lines, finished queue rows, old expunge marks, old
  /// mail in the quarantine, old rows of the historical log) in small steps; to be called every minute or so by one
  /// thread.
  Result<void> maintain();

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pennypost::store
