// Making accounts from the command line and at the first start.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/store/store.h"

namespace pennypost::main_program {

/// The name of this machine: with its domain where that is known, otherwise as it is; never empty.
std::string machine_name();

/// A database without any local domain gets the machine's own domain (where it has one) and `localhost`, so that a new
/// account has an address that works.
Result<void> ensure_domains(store::Store& store);

struct AccountWish {
  std::string name;
  std::string password;
  bool is_admin = false;
  bool is_recoverable = false;  ///< keep the password for APOP and CRAM-MD5 too, whatever the setting says
  std::string comments;
  std::vector<std::string> addresses;
};

/// Makes an account; its password is kept as the settings say. Errors: bad_input (name, address, password too short or
/// with blanks), already_exists.
Result<store::Account> make_account(store::Store& store, const std::filesystem::path& data, const AccountWish& wish);

/// Errors: not_found, bad_input.
Result<void> change_password(store::Store& store, const std::filesystem::path& data, const std::string& name,
                             const std::string& password, bool is_recoverable);

/// A password for people to type: 16 characters without look-alikes, 80 bits.
std::string generated_password();

struct FirstAccounts {
  std::string admin_password;
  std::string demo_password;
};

/// Where there is no account at all: `admin` and `demo` with generated passwords, which are also written to
/// DATA/first-passwords (mode 0600) so that they are not lost with the screen. Gives what that file holds; a password
/// is empty once it was changed (change_password) or the file deleted.
Result<FirstAccounts> ensure_first_accounts(store::Store& store, const std::filesystem::path& data);

}  // namespace pennypost::main_program
