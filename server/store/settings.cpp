// The settings table (spec 30 section 15): names without regard to case, unknown ones kept as they are. A change tells
// all processes through the trigger of the table.
#include "server/store/settings.h"

#include <cctype>

#include "server/store/connection.h"
#include "server/store/database.h"

namespace pennypost::store {

namespace {

const Sql kAll{"settings.all", "SELECT name, value FROM pennypost.settings ORDER BY lower(name)"};
const Sql kOne{"settings.one", "SELECT value FROM pennypost.settings WHERE lower(name) = lower($1::text)"};
const Sql kSet{"settings.set", R"sql(
    INSERT INTO pennypost.settings (name, value) VALUES ($1::text, $2::text)
    ON CONFLICT (lower(name)) DO UPDATE SET value = excluded.value, changed = now())sql"};
const Sql kUnset{"settings.unset", "DELETE FROM pennypost.settings WHERE lower(name) = lower($1::text)"};

constexpr std::size_t kNameMost = 200;

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view text) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || same(pattern[p], text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::shared_ptr<const SettingsSnapshot> Settings::snapshot() const {
  const std::lock_guard lock{mutex_};
  return snapshot_;
}

Result<void> Settings::reload() {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kAll);
  if (!rows) return std::move(rows).error();
  SettingsSnapshot::Values values;
  for (int i = 0; i < rows->count(); ++i) values.insert_or_assign(rows->string(i, 0), rows->string(i, 1));
  auto fresh = std::make_shared<const SettingsSnapshot>(std::move(values));
  const std::lock_guard lock{mutex_};
  snapshot_ = std::move(fresh);
  return {};
}

Result<std::string> Settings::text(std::string_view name) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kOne, name);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return error(Kind::not_found, "No value is stored for " + std::string{name});
  return rows->string(0, 0);
}

Result<void> Settings::set(std::string_view name, std::string_view value) {
  if (name.empty() || name.size() > kNameMost || name.find('\n') != std::string_view::npos)
    return error(Kind::bad_input, "The name of a setting has 1 to 200 characters on one line");
  std::string key{name};
  if (const auto* row = find_setting(name)) {
    if (auto why = objection(*row, value)) return error(Kind::bad_input, *why);
    key = row->key;
  }
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto done = (*lease)->query(kSet, key, value);
    if (!done) return std::move(done).error();
  }
  return reload();
}

Result<void> Settings::unset(std::string_view name) {
  {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    auto done = (*lease)->query(kUnset, name);
    if (!done) return std::move(done).error();
    if (done->affected() == 0) return error(Kind::not_found, "No value is stored for " + std::string{name});
  }
  return reload();
}

Result<std::vector<std::pair<std::string, std::string>>> Settings::list(std::string_view pattern) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kAll);
  if (!rows) return std::move(rows).error();
  std::vector<std::pair<std::string, std::string>> found;
  for (int i = 0; i < rows->count(); ++i)
    if (matches_pattern(pattern, rows->text(i, 0))) found.emplace_back(rows->string(i, 0), rows->string(i, 1));
  return found;
}

}  // namespace pennypost::store
