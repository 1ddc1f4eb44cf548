// What the subcommands share: the data folder, the database behind it, and how they end.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "server/base/result.h"
#include "server/store/store.h"

namespace pennypost::main_program {

/// Exit codes of the program, as scripts may test them.
enum class Exit { done = 0, failed = 1, usage = 2 };

/// What is common to one call of the program. Options of subcommands live as long as it.
struct Call {
  std::filesystem::path data;  ///< --data
  Exit exit = Exit::done;
};

/// `/var/lib/pennypost` for root and the system user, otherwise `pennypost` in the user's data folder (XDG).
std::filesystem::path default_data_folder();

/// Adds `--data DIR` to a subcommand.
void add_data_option(CLI::App& command, Call& call);

/// Prepares the data folder, gives up root and opens the database: the running server's, or one started for as long as
/// this lives. Reads `[Database]` of pennypost.ini or VPOP3.INI in the data folder (spec 30 section 2.2).
Result<std::unique_ptr<store::Store>> open_store(const std::filesystem::path& data, store::Mode mode);

/// Runs `act` on the opened store of the call; an error of either is printed to standard error in one line and makes
/// the exit code 1.
void with_store(Call& call, const std::function<Result<void>(store::Store&)>& act);

/// Prints "pennypost: ..." on standard error and notes the failure.
void fail(Call& call, const Error& error);

/// What WebAddress stands for where it is empty: "http://mail.example.org:5108".
std::string web_address(const std::string& host, int port);

/// "2026-01-31 12:00:00" in local time, or "-" for none.
std::string local_time(const std::optional<Timestamp>& time);

void add_serve_command(CLI::App& app, Call& call);
void add_user_commands(CLI::App& app, Call& call);
void add_settings_commands(CLI::App& app, Call& call);
void add_queue_commands(CLI::App& app, Call& call);
void add_quarantine_commands(CLI::App& app, Call& call);
void add_trace_command(CLI::App& app, Call& call);
void add_list_commands(CLI::App& app, Call& call);
void add_history_command(CLI::App& app, Call& call);
void add_rules_commands(CLI::App& app, Call& call);
void add_doctor_command(CLI::App& app, Call& call);

}  // namespace pennypost::main_program
