// Folders of a mailbox. Sources: RFC 3501 section 6.3 (CREATE, DELETE, RENAME, SUBSCRIBE), RFC 6154, spec 30
// section 6.1 (stored counters), spec 50 section 3.2 (separator, names). Changes of the tree lock the account's row, so
// two sessions cannot make the same name; changes inside a folder lock the folder's row.
#include "server/store/folders.h"

#include <algorithm>

#include "server/base/text.h"
#include "server/store/connection.h"
#include "server/store/database.h"
#include "server/store/folder_state.h"
#include "server/store/message_statements.h"
#include "server/store/news.h"

namespace pennypost::store {

namespace {

#define PENNYPOST_FOLDER_COLUMNS                                                                          \
  "f.folderid, f.usernumber, f.name, f.uidvalidity, f.uidnext, f.modseq, f.firstrecent, f.specialuse, "   \
  "EXISTS (SELECT FROM messages.subscriptions s WHERE s.usernumber = f.usernumber AND s.name = f.name), " \
  "f.count, f.unread, f.size "

const Sql kList{"folders.list", "SELECT " PENNYPOST_FOLDER_COLUMNS R"sql(
      FROM messages.folders f WHERE f.usernumber = $1::integer ORDER BY f.name <> 'INBOX', f.name)sql"};
const Sql kByName{"folders.by_name", "SELECT " PENNYPOST_FOLDER_COLUMNS R"sql(
      FROM messages.folders f WHERE f.usernumber = $1::integer AND f.name = $2::text)sql"};
const Sql kById{"folders.by_id", "SELECT " PENNYPOST_FOLDER_COLUMNS R"sql(
      FROM messages.folders f WHERE f.folderid = $1::bigint)sql"};
const Sql kStatus{"folders.status", "SELECT " PENNYPOST_FOLDER_COLUMNS R"sql(,
           (SELECT count(*) FROM messages.messages m
             WHERE m.folderid = f.folderid AND m.uid >= f.firstrecent AND NOT m.hold)
      FROM messages.folders f WHERE f.usernumber = $1::integer AND f.name = $2::text)sql"};
const Sql kSubscribed{"folders.subscribed",
                      "SELECT name FROM messages.subscriptions WHERE usernumber = $1::integer ORDER BY name"};
const Sql kSubscribe{"folders.subscribe", R"sql(
    INSERT INTO messages.subscriptions (usernumber, name) VALUES ($1::integer, $2::text) ON CONFLICT DO NOTHING)sql"};
const Sql kUnsubscribe{"folders.unsubscribe",
                       "DELETE FROM messages.subscriptions WHERE usernumber = $1::integer AND name = $2::text"};
const Sql kLockAccount{"folders.lock_account", "SELECT 1 FROM users.users WHERE usernumber = $1::integer FOR UPDATE"};
const Sql kCount{"folders.count", "SELECT count(*) FROM messages.folders WHERE usernumber = $1::integer"};
const Sql kInsert{"folders.insert", R"sql(
    INSERT INTO messages.folders (usernumber, name, specialuse) VALUES ($1::integer, $2::text, $3::smallint)
    ON CONFLICT DO NOTHING RETURNING folderid)sql"};
const Sql kLockOne{"folders.lock_one", "SELECT 1 FROM messages.folders WHERE folderid = $1::bigint FOR UPDATE"};
const Sql kRemoveMessages{"folders.remove_messages", "DELETE FROM messages.messages WHERE folderid = $1::bigint"};
const Sql kRemoveExpunged{"folders.remove_expunged", "DELETE FROM messages.expunged WHERE folderid = $1::bigint"};
const Sql kRemove{"folders.remove", "DELETE FROM messages.folders WHERE folderid = $1::bigint RETURNING modseq"};
// $2 the old name, $3 the new one; everything below goes along.
const Sql kClash{"folders.clash", R"sql(
    SELECT 1 FROM messages.folders f JOIN messages.folders g ON g.usernumber = f.usernumber
                  AND g.name = $3::text || substr(f.name, length($2::text) + 1)
     WHERE f.usernumber = $1::integer AND (f.name = $2::text OR starts_with(f.name, $2::text || '/')) LIMIT 1)sql"};
const Sql kRename{"folders.rename", R"sql(
    UPDATE messages.folders SET name = $3::text || substr(name, length($2::text) + 1)
     WHERE usernumber = $1::integer AND (name = $2::text OR starts_with(name, $2::text || '/')))sql"};
const Sql kLockAll{"folders.lock_all", R"sql(
    SELECT folderid FROM messages.folders WHERE usernumber = $1::integer ORDER BY folderid FOR UPDATE)sql"};
const Sql kRecount{"folders.recount", R"sql(
    UPDATE messages.folders f SET count = t.count, unread = t.unread, size = t.size
      FROM (SELECT g.folderid, count(m.uid) AS count, count(m.uid) FILTER (WHERE m.flags & 1 = 0) AS unread,
                   coalesce(sum(m.size), 0) AS size
              FROM messages.folders g LEFT JOIN messages.messages m ON m.folderid = g.folderid AND NOT m.hold
             WHERE g.usernumber = $1::integer GROUP BY g.folderid) t
     WHERE f.folderid = t.folderid AND (f.count, f.unread, f.size) IS DISTINCT FROM (t.count, t.unread, t.size))sql"};

constexpr std::int64_t kFoldersMost = 10'000;
constexpr std::size_t kNameMost = 1000;
constexpr int kLevelsMost = 50;

Folder folder_of(const Rows& rows, int i) {
  Folder f;
  f.id = rows.id<FolderId>(i, 0);
  f.account = rows.id<AccountId>(i, 1);
  f.name = rows.string(i, 2);
  f.uid_validity = rows.id<UidValidity>(i, 3);
  f.uid_next = rows.id<Uid>(i, 4);
  f.mod_seq = rows.id<ModSeq>(i, 5);
  f.first_recent = rows.id<Uid>(i, 6);
  f.special_use = rows.id<SpecialUse>(i, 7);
  f.is_subscribed = rows.flag(i, 8);
  f.count = rows.integer(i, 9);
  f.unread = rows.integer(i, 10);
  f.size = {rows.integer(i, 11)};
  return f;
}

Error no_folder() { return error(Kind::not_found, "No such folder"); }

// The levels above `name`, outermost first.
std::vector<std::string> levels_above(const std::string& name) {
  std::vector<std::string> levels;
  for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
    levels.push_back(name.substr(0, slash));
  return levels;
}

Result<void> make_levels_above(Transaction& tx, AccountId account, const std::string& name) {
  for (const auto& level : levels_above(name)) {
    auto made = tx.query(kInsert, account, level, SpecialUse::none);
    if (!made) return std::move(made).error();
  }
  return {};
}

Result<void> lock_account(Transaction& tx, AccountId account) {
  auto locked = tx.query(kLockAccount, account);
  if (!locked) return std::move(locked).error();
  if (locked->empty()) return error(Kind::not_found, "No such account");
  return {};
}

}  // namespace

Result<void> check_folder_name(std::string_view name) {
  const auto bad = [](const char* why) { return pennypost::error(Kind::bad_input, why); };
  if (name.empty()) return bad("A folder needs a name");
  if (name.size() > kNameMost) return bad("The name of the folder is too long");
  if (name.front() == '/' || name.back() == '/' || name.find("//") != std::string_view::npos)
    return bad("The name of a folder has no empty level");
  if (std::count(name.begin(), name.end(), '/') >= kLevelsMost) return bad("Folders are not that deep");
  if (std::any_of(name.begin(), name.end(),
                  [](char c) { return is_control(c) || !is_ascii(c) || c == '*' || c == '%'; }))
    return bad("The name of the folder has characters that are not allowed");
  return {};
}

std::string canonical_name(std::string_view name) {
  constexpr std::string_view inbox = "INBOX";
  if (name.size() >= inbox.size() && same_word(name.substr(0, inbox.size()), inbox) &&
      (name.size() == inbox.size() || name[inbox.size()] == '/'))
    return std::string{inbox} + std::string{name.substr(inbox.size())};
  return std::string{name};
}

Result<std::vector<Folder>> Folders::list(AccountId account) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kList, account);
  if (!rows) return std::move(rows).error();
  std::vector<Folder> all;
  for (int i = 0; i < rows->count(); ++i) all.push_back(folder_of(*rows, i));
  return all;
}

Result<std::vector<std::string>> Folders::subscribed(AccountId account) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kSubscribed, account);
  if (!rows) return std::move(rows).error();
  std::vector<std::string> all;
  for (int i = 0; i < rows->count(); ++i) all.push_back(rows->string(i, 0));
  return all;
}

Result<Folder> Folders::find(AccountId account, std::string_view name) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kByName, account, canonical_name(name));
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return no_folder();
  return folder_of(*rows, 0);
}

Result<Folder> Folders::find(FolderId id) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kById, id);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return no_folder();
  return folder_of(*rows, 0);
}

Result<Folder> Folders::status(AccountId account, std::string_view name) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kStatus, account, canonical_name(name));
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return no_folder();
  auto folder = folder_of(*rows, 0);
  folder.recent = rows->integer(0, 12);
  return folder;
}

Result<Folder> Folders::create(AccountId account, std::string_view wanted, SpecialUse use) {
  const auto name = canonical_name(wanted);
  if (auto good = check_folder_name(name); !good) return std::move(good).error();
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto tx = Transaction::begin(**lease);
    if (!tx) return std::move(tx).error();
    if (auto locked = lock_account(*tx, account); !locked) return std::move(locked).error();
    auto count = tx->query(kCount, account);
    if (!count) return std::move(count).error();
    if (count->integer(0, 0) >= kFoldersMost) return error(Kind::too_large, "There are too many folders");
    if (auto made = make_levels_above(*tx, account, name); !made) return std::move(made).error();
    auto made = tx->query(kInsert, account, name, use);
    if (!made) return std::move(made).error();
    if (made->empty()) return error(Kind::already_exists, "The folder exists already");
    if (auto done = tx->commit(); !done) return std::move(done).error();
  }
  news_.account_changed(account);
  return find(account, name);
}

// The state of this process first, then those who are told to look at it.
void Folders::changed(FolderId folder, ModSeq mod_seq) {
  states_.mark_behind(folder, mod_seq);
  news_.folder_changed(folder, mod_seq);
}

Result<void> Folders::remove(AccountId account, std::string_view wanted) {
  const auto name = canonical_name(wanted);
  if (name == "INBOX") return error(Kind::not_permitted, "The INBOX cannot be deleted");
  FolderId id{};
  ModSeq mod_seq{};
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto found = (*lease)->query(kByName, account, name);
    if (!found) return std::move(found).error();
    if (found->empty()) return no_folder();
    id = found->id<FolderId>(0, 0);
    Connection::Batch batch{**lease};
    for (const auto* sql : {&kLockOne, &kRemoveMessages, &kRemoveExpunged, &kRemove}) batch.add(*sql, id);
    auto done = batch.run();
    if (!done) return std::move(done).error();
    if (done->back().empty()) return no_folder();
    mod_seq = static_cast<ModSeq>(done->back().integer(0, 0) + 1);
  }
  changed(id, mod_seq);
  news_.account_changed(account);
  return {};
}

Result<void> Folders::rename(AccountId account, std::string_view wanted_from, std::string_view wanted_to) {
  const auto from = canonical_name(wanted_from);
  const auto to = canonical_name(wanted_to);
  if (auto good = check_folder_name(to); !good) return good;
  if (to == "INBOX") return error(Kind::already_exists, "The folder exists already");
  if (to.starts_with(from + "/") && from != "INBOX") return error(Kind::bad_input, "A folder cannot move into itself");
  std::vector<std::pair<FolderId, ModSeq>> moved;
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto tx = Transaction::begin(**lease);
    if (!tx) return std::move(tx).error();
    if (auto locked = lock_account(*tx, account); !locked) return locked;
    auto found = tx->query(kByName, account, from);
    if (!found) return std::move(found).error();
    if (found->empty()) return no_folder();
    if (auto made = make_levels_above(*tx, account, to); !made) return made;
    if (from == "INBOX") {
      // RFC 3501 6.3.5: the messages go to the new folder, INBOX stays, and so does what is below it.
      auto made = tx->query(kInsert, account, to, SpecialUse::none);
      if (!made) return std::move(made).error();
      if (made->empty()) return error(Kind::already_exists, "The folder exists already");
      const auto inbox = found->id<FolderId>(0, 0);
      const auto fresh = made->id<FolderId>(0, 0);
      auto done = move_in(*tx, inbox, UidSet::all(), fresh);
      if (!done) return std::move(done).error();
      moved = {{inbox, done->from_mod_seq}, {fresh, done->to_mod_seq}};
    } else {
      auto clash = tx->query(kClash, account, from, to);
      if (!clash) return std::move(clash).error();
      if (!clash->empty()) return error(Kind::already_exists, "The folder exists already");
      auto done = tx->query(kRename, account, from, to);
      if (!done) return std::move(done).error();
    }
    if (auto done = tx->commit(); !done) return done;
  }
  for (const auto& [id, mod_seq] : moved) changed(id, mod_seq);
  news_.account_changed(account);
  return {};
}

Result<void> Folders::subscribe(AccountId account, std::string_view name) {
  if (auto good = check_folder_name(name); !good) return good;
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto done = (*lease)->query(kSubscribe, account, canonical_name(name));
    if (!done) return std::move(done).error();
  }
  news_.account_changed(account);
  return {};
}

Result<void> Folders::unsubscribe(AccountId account, std::string_view name) {
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto done = (*lease)->query(kUnsubscribe, account, canonical_name(name));
    if (!done) return std::move(done).error();
  }
  news_.account_changed(account);
  return {};
}

Result<int> Folders::recount(AccountId account) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  Connection::Batch batch{**lease};
  batch.add(kLockAll, account);
  batch.add(kRecount, account);
  auto done = batch.run();
  if (!done) return std::move(done).error();
  return static_cast<int>(done->back().affected());
}

}  // namespace pennypost::store
