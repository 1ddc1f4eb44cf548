// What the spam filter keeps (schema spamfilter; spec 30 section 11): address lists, data of scripts, Bayes.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace pennypost::store {

class Database;

/// In how many learned messages a token stood.
struct TokenCount {
  std::int32_t ham = 0;
  std::int32_t spam = 0;
};
struct KnownToken : TokenCount {
  std::int64_t token = 0;
};
/// How many messages were learned.
struct BayesSize {
  std::int64_t ham = 0;
  std::int64_t spam = 0;
};
struct KnownTokens {
  std::vector<KnownToken> tokens;  ///< of those asked for that are known, in no order
  BayesSize size;
};

enum class AddressList : std::uint8_t { white, black };
/// "white", "black".
std::string_view word(AddressList list);
/// Whether an entry of an address list is a wildcard or an /expression/.
bool is_pattern(std::string_view entry);

/// What DBQueryOne asks for; the columns are compared and put together by the database.
struct ScriptQuery {
  std::string_view component;
  std::string_view key;
  std::string_view interval;    ///< a PostgreSQL INTERVAL that the last change is not older than; empty: any age
  std::string_view comparator;  ///< one of = <> < > <= >= ~ !~ like
  bool as_numbers = false;
  bool ignores_case = false;
  std::string_view aggregate;  ///< one of max min maxnum minnum maxi mini count sum avg first last
};

/// One object a process; any thread. Errors are those of the database.
class SpamFilter {
 public:
  explicit SpamFilter(Database& database) : database_{database} {}

  /// Whether the plain address, in any case, is in the list; when it is, counts the find (spec 11 section 5.4).
  Result<bool> find_address(AddressList list, std::string_view address);
  /// Wildcards and expressions of the list.
  Result<std::vector<std::string>> patterns(AddressList list);
  /// Counts the find of a pattern.
  Result<void> found_pattern(AddressList list, std::string_view pattern);
  /// Adds an entry of any form, or counts it once more. `by` is who added it; `automatic` by sending mail to it.
  Result<void> add_address(AddressList list, std::string_view entry, std::string_view by, bool automatic);
  Result<void> remove_address(AddressList list, std::string_view entry);

  enum class Insert : std::uint8_t { unique, multi };
  Result<void> insert(Insert how, std::string_view component, std::string_view key, std::string_view value);
  enum class Update : std::uint8_t { set, add, subtract, append, upper, lower };
  /// Changes all records of component and key; makes one where there is none.
  Result<void> update(std::string_view component, std::string_view key, Update how, std::string_view value);
  /// Whether the database reads the text as an INTERVAL; false when it cannot be asked.
  bool is_interval(std::string_view text);
  /// None: no record. Errors: bad_input (an interval or expression that the database does not understand).
  Result<std::optional<std::string>> query(const ScriptQuery& query);

  Result<KnownTokens> tokens(std::span<const std::int64_t> tokens);
  Result<BayesSize> bayes_size();

 private:
  Database& database_;
};

}  // namespace pennypost::store
