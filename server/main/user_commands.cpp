// `pennypost user add|list|passwd|set|delete`: accounts (spec 50 section 12). They work beside a running server, which
// notices every change.
#include <iostream>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <termios.h>
#include <unistd.h>

#include "server/base/text.h"
#include "server/filter/quarantine_report.h"
#include "server/main/accounts_setup.h"
#include "server/main/command.h"

namespace pennypost::main_program {

namespace {

/// From the terminal without showing it, or the first line of standard input. The end of the input gives nothing.
std::string read_password() {
  termios before{};
  const bool is_terminal = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &before) == 0;
  if (is_terminal) {
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    fmt::print(stderr, "Password: ");
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  std::string password;
  std::getline(std::cin, password);
  if (is_terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fmt::print(stderr, "\n");
  }
  return password;
}

/// The addresses that mean this account: its own, or its name at the first local domain (spec 60 section 5.3).
Result<std::vector<std::string>> addresses(store::Store& store, const store::Account& account) {
  auto own = store.directory().addresses_of(account.id);
  if (!own || !own->empty()) return own;
  auto domains = store.directory().domains();
  if (!domains) return std::move(domains).error();
  return domains->empty() ? std::vector<std::string>{} : std::vector{account.name + "@" + domains->front()};
}

Result<void> list(store::Store& store) {
  auto accounts = store.accounts().list();
  if (!accounts) return std::move(accounts).error();
  for (const store::Account& account : *accounts) {
    auto known = addresses(store, account);
    if (!known) return std::move(known).error();
    std::string quarantine;
    if (account.spam_threshold)
      quarantine += *account.spam_threshold < 0 ? "  quarantine off"
                                                : fmt::format("  quarantine from {:g}", *account.spam_threshold);
    if (!account.quarantine_report.empty()) quarantine += "  report to " + account.quarantine_report;
    fmt::print("{:<20} {:<6} {:<9} last login {:<20} {}{}{}\n", account.name, account.is_admin ? "admin" : "",
               account.is_enabled ? "" : "disabled", local_time(account.last_login), fmt::join(*known, ", "),
               account.comments.empty() ? "" : "  (" + account.comments + ")", quarantine);
  }
  return {};
}

/// `--spam-threshold`: a number, "global" or "off" (also -1: spec 11 section 7.2).
Result<void> set_threshold(store::Store& store, AccountId account, const std::string& text) {
  if (text == "global") return store.accounts().set_spam_threshold(account, std::nullopt);
  if (text == "off" || text == "-1") return store.accounts().set_spam_threshold(account, -1);
  const auto number = to_number(text);
  if (!number || *number > 1'000'000)
    return error(Kind::bad_input, "--spam-threshold: a number from 0 to 1000000, global or off is needed");
  return store.accounts().set_spam_threshold(account, static_cast<double>(*number));
}

}  // namespace

void add_user_commands(CLI::App& app, Call& call) {
  CLI::App& user = *app.add_subcommand("user", "Accounts")->require_subcommand(1);
  const auto wish = std::make_shared<AccountWish>();

  CLI::App& add = *user.add_subcommand("add", "Make an account with its folders");
  add.add_option("NAME", wish->name, "1 to 32 of letters, digits, '.', '_', '-'")->required();
  CLI::Option* given =
      add.add_option("--password", wish->password, "Asked for, or read from standard input, when absent");
  add.add_option("--address", wish->addresses, "A mail address; its domain becomes local. May be repeated");
  add.add_flag("--admin", wish->is_admin, "An administrator");
  add.add_flag("--recoverable", wish->is_recoverable, "Keep the password, encrypted, for APOP and CRAM-MD5 too");
  add.add_option("--comments", wish->comments);
  add.callback([&call, wish, given] {
    if (given->count() == 0) wish->password = read_password();
    with_store(call, [&](store::Store& store) -> Result<void> {
      auto account = make_account(store, call.data, *wish);
      if (!account) return std::move(account).error();
      auto known = addresses(store, *account);
      if (!known) return std::move(known).error();
      fmt::print("{}: {}\n", account->name, fmt::join(*known, ", "));
      return {};
    });
  });

  CLI::App& list_command = *user.add_subcommand("list", "One line an account");
  list_command.callback([&call] { with_store(call, list); });

  CLI::App& passwd = *user.add_subcommand("passwd", "Change a password");
  passwd.add_option("NAME", wish->name)->required();
  CLI::Option* changed = passwd.add_option("--password", wish->password, "Asked for when absent");
  passwd.add_flag("--recoverable", wish->is_recoverable, "Keep it, encrypted, for APOP and CRAM-MD5 too");
  passwd.callback([&call, wish, changed] {
    if (changed->count() == 0) wish->password = read_password();
    with_store(call, [&](store::Store& store) {
      return change_password(store, call.data, wish->name, wish->password, wish->is_recoverable);
    });
  });

  CLI::App& remove = *user.add_subcommand("delete", "Delete an account with all its mail");
  remove.add_option("NAME", wish->name)->required();
  remove.callback([&call, wish] {
    with_store(call, [&](store::Store& store) -> Result<void> {
      auto account = store.accounts().find(wish->name);
      if (!account) return std::move(account).error();
      return store.accounts().remove(account->id);
    });
  });

  CLI::App& set = *user.add_subcommand("set", "Change what holds for an account");
  struct Changes {
    std::string threshold, report;
  };
  const auto changes = std::make_shared<Changes>();
  set.add_option("NAME", wish->name)->required();
  CLI::Option* threshold = set.add_option("--spam-threshold", changes->threshold,
                                          "Score from which mail is quarantined: a number, global or off");
  CLI::Option* report = set.add_option("--quarantine-report", changes->report,
                                       "Address that gets the account's reports; no-one: nobody; '': as set for all");
  set.callback([&call, wish, changes, threshold, report] {
    if (threshold->count() + report->count() == 0)
      return fail(call, error(Kind::bad_input, "user set: --spam-threshold or --quarantine-report is needed"));
    with_store(call, [&](store::Store& store) -> Result<void> {
      auto account = store.accounts().find(wish->name);
      if (!account) return std::move(account).error();
      if (!changes->report.empty() && !filter::can_be_recipient(changes->report))
        return error(Kind::bad_input,
                     "--quarantine-report: neither an address nor a user: " + printable(changes->report));
      if (threshold->count() > 0) {
        if (auto done = set_threshold(store, account->id, changes->threshold); !done) return done;
      }
      if (report->count() == 0) return {};
      return store.accounts().set_quarantine_report(account->id, changes->report);
    });
  });

  for (CLI::App* command : {&add, &list_command, &passwd, &set, &remove}) add_data_option(*command, call);
}

}  // namespace pennypost::main_program
