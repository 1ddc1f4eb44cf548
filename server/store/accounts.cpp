// Accounts (users.users). Creating one makes its addresses and first folders in the same commit; removing one takes its
// mail along. Sources: spec 30 section 5.1 (names, number 0, numbers never used again), RFC 6154 (special uses).
#include "server/store/accounts.h"

#include <algorithm>
#include <cctype>

#include "server/store/connection.h"
#include "server/store/database.h"
#include "server/store/directory.h"
#include "server/store/folder_state.h"
#include "server/store/folders.h"
#include "server/store/news.h"

namespace pennypost::store {

namespace {

const Sql kInsert{"accounts.insert", R"sql(
    INSERT INTO users.users (username, comments, isadmin, isenabled, passargon2id, scramsalt, scramiterations,
                             scramstoredkey, scramserverkey, passrecoverable)
    VALUES ($1::text, $2::text, $3::boolean, $4::boolean, $5::text, $6::bytea, $7::integer, $8::bytea, $9::bytea, $10::bytea)
    RETURNING usernumber, created)sql"};
const Sql kInsertDomain{"accounts.insert_domain", R"sql(
    INSERT INTO pennypost.domains (domain) VALUES (lower($1::text)) ON CONFLICT DO NOTHING)sql"};
const Sql kTaken{"accounts.address_taken", "SELECT 1 FROM users.addresses WHERE lower(address) = lower($1::text)"};
const Sql kInsertAddress{"accounts.insert_address", R"sql(
    INSERT INTO users.addresses (address, usernumber) VALUES ($1::text, $2::integer))sql"};
const Sql kInsertFolder{"accounts.insert_folder", R"sql(
    INSERT INTO messages.folders (usernumber, name, specialuse) VALUES ($1::integer, $2::text, $3::smallint))sql"};
const Sql kInsertSubscription{"accounts.insert_subscription", R"sql(
    INSERT INTO messages.subscriptions (usernumber, name) VALUES ($1::integer, $2::text))sql"};
const Sql kByName{"accounts.by_name", R"sql(
    SELECT usernumber, username, comments, isadmin, isenabled, created, lastlogin, quarantinethreshold, quarantinereport
      FROM users.users WHERE lower(username) = lower($1::text))sql"};
const Sql kByNumber{"accounts.by_number", R"sql(
    SELECT usernumber, username, comments, isadmin, isenabled, created, lastlogin, quarantinethreshold, quarantinereport
      FROM users.users WHERE usernumber = $1::integer)sql"};
const Sql kList{"accounts.list", R"sql(
    SELECT usernumber, username, comments, isadmin, isenabled, created, lastlogin, quarantinethreshold, quarantinereport
      FROM users.users ORDER BY lower(username))sql"};
const Sql kPassword{"accounts.password", R"sql(
    SELECT passargon2id, scramsalt, scramiterations, scramstoredkey, scramserverkey, passrecoverable
      FROM users.users WHERE usernumber = $1::integer)sql"};
const Sql kAnyRecoverable{"accounts.any_recoverable", R"sql(
    SELECT EXISTS (SELECT FROM users.users WHERE length(passrecoverable) > 0))sql"};
const Sql kSetPassword{"accounts.set_password", R"sql(
    UPDATE users.users SET passargon2id = $2::text, scramsalt = $3::bytea, scramiterations = $4::integer,
           scramstoredkey = $5::bytea, scramserverkey = $6::bytea, passrecoverable = $7::bytea
     WHERE usernumber = $1::integer)sql"};
const Sql kSetAdmin{"accounts.set_admin",
                    "UPDATE users.users SET isadmin = $2::boolean WHERE usernumber = $1::integer"};
const Sql kSetEnabled{"accounts.set_enabled",
                      "UPDATE users.users SET isenabled = $2::boolean WHERE usernumber = $1::integer"};
const Sql kSetComments{"accounts.set_comments",
                       "UPDATE users.users SET comments = $2::text WHERE usernumber = $1::integer"};
const Sql kSetThreshold{"accounts.set_spam_threshold", R"sql(
    UPDATE users.users SET quarantinethreshold = $2::double precision WHERE usernumber = $1::integer)sql"};
const Sql kSetReport{"accounts.set_quarantine_report",
                     "UPDATE users.users SET quarantinereport = $2::text WHERE usernumber = $1::integer"};
const Sql kThresholds{"accounts.spam_thresholds", R"sql(
    SELECT usernumber, quarantinethreshold FROM users.users
     WHERE usernumber = ANY ($1::integer[]) AND quarantinethreshold IS NOT NULL)sql"};
const Sql kNoteLogin{"accounts.note_login", "UPDATE users.users SET lastlogin = now() WHERE usernumber = $1::integer"};
const Sql kAsynchronous{"accounts.asynchronous", "SELECT set_config('synchronous_commit', 'off', true)"};
// Folder rows first, in the order of their ids, as everywhere.
const Sql kLockFolders{"accounts.lock_folders", R"sql(
    SELECT folderid FROM messages.folders WHERE usernumber = $1::integer ORDER BY folderid FOR UPDATE)sql"};
const Sql kRemoveMessages{"accounts.remove_messages", R"sql(
    DELETE FROM messages.messages WHERE folderid IN (SELECT folderid FROM messages.folders WHERE usernumber = $1::integer))sql"};
const Sql kRemoveExpunged{"accounts.remove_expunged", R"sql(
    DELETE FROM messages.expunged WHERE folderid IN (SELECT folderid FROM messages.folders WHERE usernumber = $1::integer))sql"};
const Sql kRemoveFolders{"accounts.remove_folders", "DELETE FROM messages.folders WHERE usernumber = $1::integer"};
const Sql kRemove{"accounts.remove", "DELETE FROM users.users WHERE usernumber = $1::integer"};

struct FirstFolder {
  const char* name;
  SpecialUse use;
};
constexpr FirstFolder kFirstFolders[] = {{"INBOX", SpecialUse::none},
                                         {"Drafts", SpecialUse::drafts},
                                         {"Sent", SpecialUse::sent},
                                         {"Trash", SpecialUse::trash},
                                         {"Junk", SpecialUse::junk}};

Account account_of(const Rows& rows, int i) {
  Account account{rows.id<AccountId>(i, 0), rows.string(i, 1), rows.string(i, 2),       rows.flag(i, 3),
                  rows.flag(i, 4),          rows.time(i, 5),   rows.time_or_none(i, 6), {},
                  rows.string(i, 8)};
  if (!rows.is_null(i, 7)) account.spam_threshold = rows.real(i, 7);
  return account;
}

bool is_account_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

Error no_account() { return error(Kind::not_found, "No such account"); }

Result<void> one_row(Result<Rows> done) {
  if (!done) return std::move(done).error();
  if (done->affected() == 0) return no_account();
  return {};
}

}  // namespace

Result<Account> Accounts::create(const NewAccount& account) {
  if (!is_account_name(account.name))
    return error(Kind::bad_input, "An account name has 1 to 32 letters, digits, dots, underscores and hyphens");
  for (const auto& address : account.addresses) {
    const auto at = address.rfind('@');
    if (at == std::string::npos || at == 0 || at + 1 == address.size() || address.size() > 320)
      return error(Kind::bad_input, "An address has the form name@domain: " + address);
  }
  Account made;
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto tx = Transaction::begin(**lease);
    if (!tx) return std::move(tx).error();
    const auto& p = account.password;
    auto row = tx->query(kInsert, account.name, account.comments, account.is_admin, account.is_enabled, p.argon2id,
                         Bytes{p.scram.salt}, std::int32_t{p.scram.iterations}, Bytes{p.scram.stored_key},
                         Bytes{p.scram.server_key}, Bytes{p.recoverable});
    if (!row) {
      if (row.error().kind == Kind::already_exists)
        return error(Kind::already_exists, "There is an account " + account.name + " already");
      return std::move(row).error();
    }
    made = {row->id<AccountId>(0, 0),
            account.name,
            account.comments,
            account.is_admin,
            account.is_enabled,
            row->time(0, 1),
            std::nullopt,
            std::nullopt,
            {}};
    for (const auto& address : account.addresses) {
      auto taken = tx->query(kTaken, address);
      if (!taken) return std::move(taken).error();
      if (!taken->empty()) return error(Kind::already_exists, "The address " + address + " belongs to another account");
      auto domain = tx->query(kInsertDomain, std::string_view{address}.substr(address.rfind('@') + 1));
      if (!domain) return std::move(domain).error();
      auto added = tx->query(kInsertAddress, address, made.id);
      if (!added) return std::move(added).error();
    }
    for (const auto& folder : kFirstFolders) {
      auto added = tx->query(kInsertFolder, made.id, folder.name, folder.use);
      if (!added) return std::move(added).error();
      auto subscribed = tx->query(kInsertSubscription, made.id, folder.name);
      if (!subscribed) return std::move(subscribed).error();
    }
    if (auto done = tx->commit(); !done) return std::move(done).error();
  }
  directory_.forget();
  return made;
}

Result<Account> Accounts::find(std::string_view name) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kByName, name);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return no_account();
  return account_of(*rows, 0);
}

Result<Account> Accounts::find(AccountId id) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kByNumber, id);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return no_account();
  return account_of(*rows, 0);
}

Result<std::vector<Account>> Accounts::list() {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kList);
  if (!rows) return std::move(rows).error();
  std::vector<Account> all;
  for (int i = 0; i < rows->count(); ++i) all.push_back(account_of(*rows, i));
  return all;
}

Result<bool> Accounts::any_recoverable() {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kAnyRecoverable);
  if (!rows) return std::move(rows).error();
  return rows->flag(0, 0);
}

Result<void> Accounts::remove(AccountId id) {
  std::vector<FolderId> folders;
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    Connection::Batch batch{**lease};
    for (const auto* sql : {&kLockFolders, &kRemoveMessages, &kRemoveExpunged, &kRemoveFolders, &kRemove})
      batch.add(*sql, id);
    auto done = batch.run();
    if (!done) return std::move(done).error();
    if (done->back().affected() == 0) return no_account();
    const auto& locked = done->front();
    for (int i = 0; i < locked.count(); ++i) folders.push_back(locked.id<FolderId>(i, 0));
  }
  directory_.forget();
  constexpr ModSeq kAfterAll{0x7FFF'FFFF'FFFF'FFFF};  // whatever a state knows, it has to look again
  for (const FolderId folder : folders) {
    states_.mark_behind(folder, kAfterAll);
    news_.folder_changed(folder, kAfterAll);
  }
  news_.account_changed(id);
  return {};
}

Result<PasswordRecord> Accounts::password(AccountId id) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kPassword, id);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return no_account();
  PasswordRecord record;
  record.argon2id = rows->string(0, 0);
  record.scram = {rows->string(0, 1), static_cast<int>(rows->integer(0, 2)), rows->string(0, 3), rows->string(0, 4)};
  record.recoverable = rows->string(0, 5);
  return record;
}

Result<void> Accounts::set_password(AccountId id, const PasswordRecord& p) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  return one_row((*lease)->query(kSetPassword, id, p.argon2id, Bytes{p.scram.salt}, std::int32_t{p.scram.iterations},
                                 Bytes{p.scram.stored_key}, Bytes{p.scram.server_key}, Bytes{p.recoverable}));
}

Result<void> Accounts::set_admin(AccountId id, bool is_admin) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  return one_row((*lease)->query(kSetAdmin, id, is_admin));
}

Result<void> Accounts::set_enabled(AccountId id, bool is_enabled) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  return one_row((*lease)->query(kSetEnabled, id, is_enabled));
}

Result<void> Accounts::set_comments(AccountId id, std::string_view comments) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  return one_row((*lease)->query(kSetComments, id, comments));
}

Result<void> Accounts::set_spam_threshold(AccountId id, std::optional<double> threshold) {
  if (threshold && !(*threshold >= -1)) return error(Kind::bad_input, "A threshold is -1 or more");
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  return one_row((*lease)->query(kSetThreshold, id, threshold));
}

Result<void> Accounts::set_quarantine_report(AccountId id, std::string_view address) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  return one_row((*lease)->query(kSetReport, id, clean_text(address)));
}

Result<std::map<AccountId, double>> Accounts::spam_thresholds(const std::vector<AccountId>& accounts) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  std::vector<std::int32_t> numbers;
  for (const AccountId account : accounts) numbers.push_back(number(account));
  auto rows = (*lease)->query(kThresholds, numbers);
  if (!rows) return std::move(rows).error();
  std::map<AccountId, double> out;
  for (int i = 0; i < rows->count(); ++i) out[rows->id<AccountId>(i, 0)] = rows->real(i, 1);
  return out;
}

Result<void> Accounts::note_login(AccountId id) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  Connection::Batch batch{**lease};
  batch.add(kAsynchronous);
  batch.add(kNoteLogin, id);
  auto done = batch.run();
  if (!done) return std::move(done).error();
  return {};
}

}  // namespace pennypost::store
