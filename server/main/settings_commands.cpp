// `pennypost settings get|set|unset|list`: the settings of the database by name (spec 30 section 15.2). A running
// server notices every change by itself.
#include <memory>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/base/settings.h"
#include "server/main/command.h"
#include "server/main/setting_texts.h"

namespace pennypost::main_program {

namespace {

/// Each match: the name on a line, then the value, then an empty line. Known settings that are not stored show their
/// default. No match is a failure, as in the original.
Result<void> get(store::Store& store, const std::string& pattern) {
  auto stored = store.settings().list(pattern);
  if (!stored) return std::move(stored).error();
  SettingsSnapshot::Values values;
  for (const SettingRow& row : all_settings()) {
    if (store::matches_pattern(pattern, row.key)) values.emplace(row.key, row.fallback);
  }
  for (auto& [name, value] : *stored) values.insert_or_assign(name, value);
  if (values.empty()) return error(Kind::not_found, fmt::format("No setting matches {}", pattern));
  for (const auto& [name, value] : values) fmt::print("{}\n{}\n\n", name, value);
  return {};
}

Result<void> list(store::Store& store, const std::string& pattern) {
  auto stored = store.settings().list(pattern);
  if (!stored) return std::move(stored).error();
  const SettingsSnapshot::Values values{stored->begin(), stored->end()};
  for (const SettingRow& row : all_settings()) {
    if (!store::matches_pattern(pattern, row.key)) continue;
    const auto held = values.find(row.key);
    fmt::print("{} = {}{}\n", row.key, held == values.end() ? row.fallback : held->second,
               held == values.end() ? "  (default)" : "");
  }
  for (const auto& [name, value] : values) {
    if (find_setting(name) == nullptr) fmt::print("{} = {}  (not known to this version; kept)\n", name, value);
  }
  return {};
}

}  // namespace

void add_settings_commands(CLI::App& app, Call& call) {
  CLI::App& settings = *app.add_subcommand("settings", "Read and change settings")->require_subcommand(1);
  struct Words {
    std::string name;
    std::string value;
  };
  const auto words = std::make_shared<Words>();

  CLI::App& get_command = *settings.add_subcommand("get", "Print the settings whose name matches (* and ? allowed)");
  get_command.add_option("PATTERN", words->name)->required();
  get_command.callback([&call, words] { with_store(call, [&](store::Store& s) { return get(s, words->name); }); });

  CLI::App& set_command = *settings.add_subcommand("set", "Change one setting");
  set_command.add_option("NAME", words->name)->required();
  set_command.add_option("VALUE", words->value)->required();
  set_command.callback([&call, words] {
    with_store(call, [&](store::Store& s) -> Result<void> {
      if (auto why = objection_to_text(words->name, words->value)) return error(Kind::bad_input, *std::move(why));
      return s.settings().set(words->name, words->value);
    });
  });

  CLI::App& unset_command = *settings.add_subcommand("unset", "Go back to the default of one setting");
  unset_command.add_option("NAME", words->name)->required();
  unset_command.callback(
      [&call, words] { with_store(call, [&](store::Store& s) { return s.settings().unset(words->name); }); });

  CLI::App& list_command = *settings.add_subcommand("list", "One line a setting, known and stored");
  list_command.add_option("PATTERN", words->name);
  list_command.callback([&call, words] {
    with_store(call, [&](store::Store& s) { return list(s, words->name.empty() ? "*" : words->name); });
  });

  settings.add_subcommand("manual", "Print docs/settings.md")->callback([] { fmt::print("{}", settings_manual()); });
  settings.add_subcommand("limits", "Print docs/limits.md")->callback([] { fmt::print("{}", limits_page()); });

  for (CLI::App* command : {&get_command, &set_command, &unset_command, &list_command}) add_data_option(*command, call);
}

}  // namespace pennypost::main_program
