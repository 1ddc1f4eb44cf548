// The directory: which domains are local and which account an address means (spec 60 sections 5.1-5.3).
// Answers come from a cache that NOTIFY empties when anybody changes the tables, a second process or psql included.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ids.h"
#include "server/base/result.h"

namespace pennypost::store {

class Database;

struct AddressEntry {
  std::string address;  ///< `local@domain`, `name` (any local domain) or `~@domain` (what nothing else matches)
  AccountId account{};
};

/// What an envelope recipient means here.
struct Resolution {
  bool is_local_domain = false;     ///< the domain is ours (also true of an address without a domain)
  std::vector<AccountId> accounts;  ///< all that match: several entries for one address are copies (spec 60 5.2 rule 2)
  bool is_rest = false;             ///< `accounts` are those of `~@domain`: nothing else matches
};

/// One object a process; any thread.
class Directory {
 public:
  explicit Directory(Database& database);
  ~Directory();

  /// Order: exact `local@domain`, then `local` at a local domain, then the account named `local` at a local domain,
  /// then `~@domain`. Local parts and domains are compared without regard to case; a `+detail` is left to the caller.
  Result<Resolution> resolve(std::string_view address);
  Result<bool> is_local(std::string_view domain);

  /// The local domains in their order; the first is the default where DefaultDomain is empty.
  Result<std::vector<std::string>> domains();
  Result<void> add_domain(std::string_view domain);  ///< already there: no error
  Result<void> remove_domain(std::string_view domain);

  Result<std::vector<AddressEntry>> addresses();
  Result<std::vector<std::string>> addresses_of(AccountId account);
  /// Errors: bad_input, already_exists (the same address and account).
  Result<void> add_address(std::string_view address, AccountId account);
  Result<void> remove_address(std::string_view address, AccountId account);

  /// Empties the cache; called when NOTIFY says that a table of the directory has changed.
  void forget();

 private:
  struct Cache;
  Database& database_;
  std::unique_ptr<Cache> cache_;
};

}  // namespace pennypost::store
