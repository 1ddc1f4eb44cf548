// The program: one binary, a subcommand each job (`pennypost --help`).
#include <exception>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "server/main/command.h"

#ifndef PENNYPOST_VERSION
#error "server/main/CMakeLists.txt names the version"
#endif

int main(int count, char** words) {
  using namespace pennypost::main_program;
  Call call{.data = default_data_folder()};
  CLI::App app{"Pennypost, a mail server"};
  app.set_version_flag("--version", "pennypost " PENNYPOST_VERSION);
  app.require_subcommand(1);
  add_serve_command(app, call);
  add_user_commands(app, call);
  add_settings_commands(app, call);
  add_queue_commands(app, call);
  add_quarantine_commands(app, call);
  add_trace_command(app, call);
  add_list_commands(app, call);
  add_history_command(app, call);
  add_rules_commands(app, call);
  add_doctor_command(app, call);
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : static_cast<int>(Exit::usage);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "pennypost: {}\n", failure.what());
    return static_cast<int>(Exit::failed);
  }
  return static_cast<int>(call.exit);
}
