// Domains and addresses (spec 60 sections 5.1 to 5.3), with a cache of answers. The cache is dropped whole when a table
// changes; an answer that was read before a change and arrives after it is not kept (the generation tells).
#include "server/store/directory.h"

#include <algorithm>
#include <cctype>
#include <mutex>
#include <unordered_map>

#include "server/store/connection.h"
#include "server/store/database.h"

namespace pennypost::store {

namespace {

const Sql kIsLocal{"directory.is_local", "SELECT EXISTS (SELECT FROM pennypost.domains WHERE domain = $1::text)"};
// $1 address, $2 local part, $3 domain, all lower case. Ranks are the order of spec 60 section 5.3.
const Sql kResolve{"directory.resolve", R"sql(
    WITH local AS (SELECT $3::text = '' OR EXISTS (SELECT FROM pennypost.domains WHERE domain = $3::text) AS yes),
    found AS (
      SELECT 1 AS rank, usernumber FROM users.addresses WHERE lower(address) = $1::text AND $3::text <> ''
      UNION ALL
      SELECT 1, a.usernumber FROM users.addresses a, local WHERE lower(a.address) = $2::text AND local.yes
      UNION ALL
      SELECT 2, u.usernumber FROM users.users u, local WHERE lower(u.username) = $2::text AND local.yes
      UNION ALL
      SELECT 3, usernumber FROM users.addresses WHERE lower(address) = '~@' || $3::text)
    SELECT local.yes, found.usernumber, found.rank
      FROM local LEFT JOIN found ON found.rank = (SELECT min(rank) FROM found)
     ORDER BY found.usernumber)sql"};
const Sql kDomains{"directory.domains", "SELECT domain FROM pennypost.domains ORDER BY position"};
const Sql kAddDomain{"directory.add_domain", R"sql(
    INSERT INTO pennypost.domains (domain) VALUES (lower($1::text)) ON CONFLICT DO NOTHING)sql"};
const Sql kRemoveDomain{"directory.remove_domain", "DELETE FROM pennypost.domains WHERE domain = lower($1::text)"};
const Sql kAddresses{"directory.addresses",
                     "SELECT address, usernumber FROM users.addresses ORDER BY lower(address), usernumber"};
const Sql kAddressesOf{"directory.addresses_of",
                       "SELECT address FROM users.addresses WHERE usernumber = $1::integer ORDER BY ctid"};
const Sql kAddAddress{"directory.add_address", R"sql(
    INSERT INTO users.addresses (address, usernumber) VALUES ($1::text, $2::integer))sql"};
const Sql kRemoveAddress{"directory.remove_address", R"sql(
    DELETE FROM users.addresses WHERE lower(address) = lower($1::text) AND usernumber = $2::integer)sql"};

constexpr std::size_t kCacheMost = 50'000;  // a stranger asks for what addresses he likes

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool is_domain(std::string_view domain) {
  return !domain.empty() && domain.size() <= 255 && domain.find_first_of(" \t\r\n@,;<>\"") == std::string_view::npos;
}

}  // namespace

struct Directory::Cache {
  std::mutex mutex;
  std::unordered_map<std::string, Resolution> answers;
  std::unordered_map<std::string, bool> domains;
  std::uint64_t generation = 0;
};

Directory::Directory(Database& database) : database_{database}, cache_{std::make_unique<Cache>()} {}
Directory::~Directory() = default;

void Directory::forget() {
  const std::lock_guard lock{cache_->mutex};
  cache_->answers.clear();
  cache_->domains.clear();
  ++cache_->generation;
}

Result<Resolution> Directory::resolve(std::string_view address) {
  auto key = lower(address);
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock{cache_->mutex};
    if (const auto it = cache_->answers.find(key); it != cache_->answers.end()) return it->second;
    generation = cache_->generation;
  }
  const auto at = key.rfind('@');
  const auto local = key.substr(0, at);
  const auto domain = at == std::string::npos ? std::string{} : key.substr(at + 1);
  Resolution answer;
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto rows = (*lease)->query(kResolve, key, local, domain);
    if (!rows) return std::move(rows).error();
    for (int i = 0; i < rows->count(); ++i) {
      answer.is_local_domain = rows->flag(i, 0);
      if (rows->is_null(i, 1)) continue;
      answer.is_rest = rows->integer(i, 2) == 3;
      const auto account = rows->id<AccountId>(i, 1);
      if (answer.accounts.empty() || answer.accounts.back() != account) answer.accounts.push_back(account);
    }
  }
  const std::lock_guard lock{cache_->mutex};
  if (generation == cache_->generation) {
    if (cache_->answers.size() >= kCacheMost) cache_->answers.clear();
    cache_->answers.insert_or_assign(std::move(key), answer);
  }
  return answer;
}

Result<bool> Directory::is_local(std::string_view name) {
  auto key = lower(name);
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock{cache_->mutex};
    if (const auto it = cache_->domains.find(key); it != cache_->domains.end()) return it->second;
    generation = cache_->generation;
  }
  bool yes = false;
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto rows = (*lease)->query(kIsLocal, key);
    if (!rows) return std::move(rows).error();
    yes = rows->flag(0, 0);
  }
  const std::lock_guard lock{cache_->mutex};
  if (generation == cache_->generation) {
    if (cache_->domains.size() >= kCacheMost) cache_->domains.clear();
    cache_->domains.insert_or_assign(std::move(key), yes);
  }
  return yes;
}

Result<std::vector<std::string>> Directory::domains() {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kDomains);
  if (!rows) return std::move(rows).error();
  std::vector<std::string> all;
  for (int i = 0; i < rows->count(); ++i) all.push_back(rows->string(i, 0));
  return all;
}

Result<void> Directory::add_domain(std::string_view domain) {
  if (!is_domain(domain)) return error(Kind::bad_input, "This is not the name of a domain");
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto done = (*lease)->query(kAddDomain, domain);
    if (!done) return std::move(done).error();
  }
  forget();
  return {};
}

Result<void> Directory::remove_domain(std::string_view domain) {
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto done = (*lease)->query(kRemoveDomain, domain);
    if (!done) return std::move(done).error();
    if (done->affected() == 0) return error(Kind::not_found, "No such local domain");
  }
  forget();
  return {};
}

Result<std::vector<AddressEntry>> Directory::addresses() {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kAddresses);
  if (!rows) return std::move(rows).error();
  std::vector<AddressEntry> all;
  for (int i = 0; i < rows->count(); ++i) all.push_back({rows->string(i, 0), rows->id<AccountId>(i, 1)});
  return all;
}

Result<std::vector<std::string>> Directory::addresses_of(AccountId account) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kAddressesOf, account);
  if (!rows) return std::move(rows).error();
  std::vector<std::string> all;
  for (int i = 0; i < rows->count(); ++i) all.push_back(rows->string(i, 0));
  return all;
}

Result<void> Directory::add_address(std::string_view address, AccountId account) {
  const auto at = address.rfind('@');
  const bool good = !address.empty() && address.size() <= 320 && at != 0 &&
                    (at == std::string_view::npos || is_domain(address.substr(at + 1))) &&
                    address.find_first_of("\r\n") == std::string_view::npos;
  if (!good) return error(Kind::bad_input, "An address has the form name@domain, name or ~@domain");
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto done = (*lease)->query(kAddAddress, address, account);
    if (!done) {
      if (done.error().kind == Kind::already_exists)
        return error(Kind::already_exists, "The account has the address " + std::string{address} + " already");
      if (done.error().kind == Kind::not_found) return error(Kind::not_found, "No such account");
      return std::move(done).error();
    }
  }
  forget();
  return {};
}

Result<void> Directory::remove_address(std::string_view address, AccountId account) {
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto done = (*lease)->query(kRemoveAddress, address, account);
    if (!done) return std::move(done).error();
    if (done->affected() == 0) return error(Kind::not_found, "The account has no such address");
  }
  forget();
  return {};
}

}  // namespace pennypost::store
