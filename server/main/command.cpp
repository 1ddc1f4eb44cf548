// The frame of every subcommand: where the data is, how the database is opened, how an error ends the program.
#include "server/main/command.h"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include "server/main/accounts_setup.h"
#include "server/main/privileges.h"

namespace pennypost::main_program {

namespace fs = std::filesystem;

namespace {

/// `[Database]` of the first of the two files that has one. VPOP3.INI is what an installation that was taken over has.
Result<std::optional<store::ExternalServer>> external_server(const fs::path& data) {
  for (const char* name : {"pennypost.ini", "VPOP3.INI", "vpop3.ini"}) {
    std::ifstream file{data / name, std::ios::binary};
    if (!file) continue;
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    auto section = store::read_database_section(text);
    if (section) return std::optional{std::move(*section)};
    if (section.error().kind != Kind::not_found) {
      return error(section.error().kind, fmt::format("{}: {}", (data / name).string(), section.error().for_client));
    }
  }
  return std::optional<store::ExternalServer>{};
}

}  // namespace

fs::path default_data_folder() {
  if (geteuid() == 0) return "/var/lib/pennypost";
  if (const char* xdg = std::getenv("XDG_DATA_HOME"); xdg != nullptr && *xdg == '/') return fs::path{xdg} / "pennypost";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return fs::path{home} / ".local/share/pennypost";
  }
  return "/var/lib/pennypost";
}

void add_data_option(CLI::App& command, Call& call) {
  command.add_option("--data", call.data, "The data folder")->default_str(call.data.string())->type_name("DIR");
}

Result<std::unique_ptr<store::Store>> open_store(const fs::path& data, store::Mode mode) {
  auto folder = prepare_data_folder(data);
  if (!folder) return std::move(folder).error();
  if (auto dropped = become_owner_of(*folder); !dropped) return std::move(dropped).error();
  store::StoreOptions options;
  options.cluster.data_dir = *folder;
  options.cluster.mode = mode;
  auto external = external_server(*folder);
  if (!external) return std::move(external).error();
  options.external = std::move(*external);
  auto store = store::Store::open(options);
  if (store) {
    if (auto domains = ensure_domains(**store); !domains) return std::move(domains).error();
  }
  return store;
}

void fail(Call& call, const Error& error) {
  fmt::print(stderr, "pennypost: {}\n", error.for_log.empty() ? error.for_client : error.for_log);
  call.exit = Exit::failed;
}

void with_store(Call& call, const std::function<Result<void>(store::Store&)>& act) {
  call.data = fs::absolute(call.data);  // giving up root changes the working folder
  auto opened = open_store(call.data, store::Mode::tool);
  if (!opened) return fail(call, opened.error());
  if (auto done = act(**opened); !done) fail(call, done.error());
}

std::string web_address(const std::string& host, int port) {
  return fmt::format("http://{}:{}", host.empty() ? "localhost" : host, port);
}

std::string local_time(const std::optional<Timestamp>& time) {
  if (!time) return "-";
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(*time));
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(seconds));
}

}  // namespace pennypost::main_program
