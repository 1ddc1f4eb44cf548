// Migrations: numbered SQL files of schema/, compiled in, applied in order, each in a transaction of its own.
#pragma once
#include <span>
#include <string_view>

#include "server/base/result.h"

namespace pennypost::store {

class Connection;

struct Migration {
  int number;
  std::string_view name;  ///< of the file
  std::string_view text;
};

/// Ascending, without gaps from 1. Made by CMake from schema/*.sql.
std::span<const Migration> migrations();
/// Run at every start, after the migrations; each makes only what is missing.
std::span<const Migration> ensured();

/// Applies those that are missing and makes again what `DROP SCHEMA outqueue CASCADE` took (spec 30 section 7.5). Waits
/// while another process does the same. Errors: bad_input (the database is of a newer version), disk_full, unavailable.
Result<void> apply_migrations(Connection& connection);

}  // namespace pennypost::store
