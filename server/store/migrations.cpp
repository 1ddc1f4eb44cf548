// Applying of migrations: one process at a time (an advisory lock), each file in a transaction with its own entry in
// pennypost.schema_version. A database of a newer version is refused and left as it is.
#include "server/store/migrations.h"

#include <string>

#include "server/base/log.h"
#include "server/store/connection.h"

namespace pennypost::store {

namespace {

constexpr LogEvent kApplied{"store.migrated", Level::notice, "schema brought to version {version} ({file})"};

// A database that has the original's schemas and not ours is the original's own (DESIGN section 4: a source, never a
// home).
const Sql kHasVersions{"migrations.has_versions", R"sql(
    SELECT to_regclass('pennypost.schema_version') IS NOT NULL,
           to_regnamespace('users') IS NOT NULL OR to_regnamespace('messages') IS NOT NULL)sql"};
// Not prepared by the test before the table exists: it stands on a migrated schema.
const Sql kVersion{"migrations.version", "SELECT coalesce(max(version), 0) FROM pennypost.schema_version"};
const Sql kNote{"migrations.note", "INSERT INTO pennypost.schema_version (version, name) VALUES ($1::int, $2::text)"};

// The lock of all migrations; class 'PNYP', number of its own.
constexpr const char* kLock = "SELECT pg_advisory_lock(1347312975, 0)";
constexpr const char* kUnlock = "SELECT pg_advisory_unlock(1347312975, 0)";
constexpr const char* kBase = R"sql(
    CREATE SCHEMA IF NOT EXISTS pennypost;
    CREATE TABLE IF NOT EXISTS pennypost.schema_version (
      version integer PRIMARY KEY, name text NOT NULL, applied timestamptz NOT NULL DEFAULT now());)sql";

Result<void> apply_locked(Connection& connection) {
  auto has = connection.query(kHasVersions);
  if (!has) return std::move(has).error();
  if (!has->flag(0, 0) && has->flag(0, 1))
    return error(
        Kind::bad_input,
        "This database is not one of Pennypost: it has tables of VPOP3. Name an empty database; nothing was changed.");
  if (!has->flag(0, 0))
    if (auto made = connection.execute(kBase); !made) return made;
  auto version = connection.query(kVersion);
  if (!version) return std::move(version).error();
  const auto present = version->integer(0, 0);
  const auto newest = migrations().back().number;
  if (present > newest)
    return error(Kind::bad_input, "The database is of a newer version of Pennypost (schema " + std::to_string(present) +
                                      ", this program knows " + std::to_string(newest) +
                                      "). Install the newer program; nothing was changed.");
  for (const auto& migration : migrations()) {
    if (migration.number <= present) continue;
    auto tx = Transaction::begin(connection);
    if (!tx) return std::move(tx).error();
    if (auto done = connection.execute(std::string{migration.text}.c_str()); !done) return done;
    if (auto noted = tx->query(kNote, std::int32_t{migration.number}, migration.name); !noted)
      return std::move(noted).error();
    if (auto done = tx->commit(); !done) return done;
    log(kApplied, {{"version", migration.number}, {"file", migration.name}});
  }
  for (const auto& file : ensured()) {
    auto tx = Transaction::begin(connection);
    if (!tx) return std::move(tx).error();
    if (auto done = connection.execute(std::string{file.text}.c_str()); !done) return done;
    if (auto done = tx->commit(); !done) return done;
  }
  return {};
}

}  // namespace

Result<void> apply_migrations(Connection& connection) {
  if (auto locked = connection.execute(kLock); !locked) return locked;
  auto done = apply_locked(connection);
  (void)connection.execute(kUnlock);
  return done;
}

}  // namespace pennypost::store
