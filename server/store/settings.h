// Settings in the database (pennypost.settings): name -> text, names without regard to case (spec 30 section 15). The
// table of known settings is server/base/settings.h. A change by anybody (psql too) reaches every process by NOTIFY.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/result.h"
#include "server/base/settings.h"

namespace pennypost::store {

class Database;

/// One object a process; any thread.
class Settings {
 public:
  explicit Settings(Database& database) : database_{database} {}

  /// All values now. Costs a pointer; take one at the start of a session or message and keep it for its length. Before
  /// the first load all are defaults.
  std::shared_ptr<const SettingsSnapshot> snapshot() const;
  template <typename T>
  auto get(const Setting<T>& setting) const {
    return snapshot()->get(setting);
  }

  /// Reads all values again (start, NOTIFY).
  Result<void> reload();
  /// The stored text; error not_found when nothing is stored (the default counts).
  Result<std::string> text(std::string_view name);
  /// Stores any name; a known one is checked. Errors: bad_input.
  Result<void> set(std::string_view name, std::string_view value);
  template <typename T>
  Result<void> set(const Setting<T>& setting, std::string_view value) {
    return set(setting.key, value);
  }
  /// Back to the default. Error: not_found.
  Result<void> unset(std::string_view name);
  /// Stored names and values whose name matches `pattern` (`*`, `?`, any case), sorted by name.
  Result<std::vector<std::pair<std::string, std::string>>> list(std::string_view pattern = "*");

 private:
  Database& database_;
  mutable std::mutex mutex_;
  std::shared_ptr<const SettingsSnapshot> snapshot_ = std::make_shared<SettingsSnapshot>();
};

/// `*` any text, `?` one character; ASCII case does not count.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace pennypost::store
