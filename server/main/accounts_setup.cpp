// Accounts as the command line makes them: password kept in the forms that the settings ask for, an address that works.
#include "server/main/accounts_setup.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sodium.h>
#include <unistd.h>

#include "server/auth/authenticator.h"
#include "server/base/settings.h"

namespace pennypost::main_program {

namespace fs = std::filesystem;

namespace {

Result<store::PasswordRecord> record_of(store::Store& store, const fs::path& data, const std::string& password,
                                        bool is_recoverable) {
  const auto settings = store.settings().snapshot();
  if (static_cast<std::int64_t>(password.size()) < settings->get(kPasswordLeast)) {
    return error(Kind::bad_input,
                 fmt::format("The password is shorter than {} characters", settings->get(kPasswordLeast)));
  }
  auto key = auth::SecretKey::open_or_create(data);
  if (!key) return std::move(key).error();
  auth::PasswordHasher hasher;
  const bool keep = is_recoverable || settings->get(kRecoverablePasswords);
  return auth::password_record(hasher, *key, password, keep ? auth::Recoverable::yes : auth::Recoverable::no);
}

Result<void> write_private(const fs::path& file, const std::string& text) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int reason = errno;
  if (fd >= 0) close(fd);
  if (written) return {};
  return error(reason == ENOSPC ? Kind::disk_full : Kind::not_permitted,
               fmt::format("{}: {}", file.string(), std::strerror(reason)));
}

constexpr const char* kFirstPasswords = "first-passwords";
constexpr const char* kAdmin = "admin";
constexpr const char* kDemo = "demo";

FirstAccounts read_first(const fs::path& data) {
  std::ifstream file{data / kFirstPasswords};
  FirstAccounts first;
  std::string name;
  std::string password;
  while (file >> name >> password) {
    if (name == kAdmin) first.admin_password = password;
    if (name == kDemo) first.demo_password = password;
  }
  return first;
}

/// The file goes when there is nothing left to keep.
Result<void> write_first(const fs::path& data, const FirstAccounts& first) {
  std::string text;
  if (!first.admin_password.empty()) text += fmt::format("{} {}\n", kAdmin, first.admin_password);
  if (!first.demo_password.empty()) text += fmt::format("{} {}\n", kDemo, first.demo_password);
  if (!text.empty()) return write_private(data / kFirstPasswords, text);
  std::error_code ignored;  // it may not have been there
  fs::remove(data / kFirstPasswords, ignored);
  return {};
}

}  // namespace

std::string machine_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  std::string host{name.data()};
  if (host.find('.') != std::string::npos) return host;
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) == 0 && found != nullptr) {
    if (found->ai_canonname != nullptr && std::strchr(found->ai_canonname, '.') != nullptr) host = found->ai_canonname;
    freeaddrinfo(found);
  }
  return host;
}

Result<void> ensure_domains(store::Store& store) {
  auto domains = store.directory().domains();
  if (!domains) return std::move(domains).error();
  if (!domains->empty()) return {};
  const std::string host = machine_name();
  if (const auto dot = host.find('.'); dot != std::string::npos && host.find('.', dot + 1) != std::string::npos) {
    if (auto added = store.directory().add_domain(host.substr(dot + 1)); !added) return added;  // mail.example.com
  }
  return store.directory().add_domain("localhost");
}

Result<store::Account> make_account(store::Store& store, const fs::path& data, const AccountWish& wish) {
  auto record = record_of(store, data, wish.password, wish.is_recoverable);
  if (!record) return std::move(record).error();
  return store.accounts().create({.name = wish.name,
                                  .password = std::move(*record),
                                  .is_admin = wish.is_admin,
                                  .comments = wish.comments,
                                  .addresses = wish.addresses});
}

Result<void> change_password(store::Store& store, const fs::path& data, const std::string& name,
                             const std::string& password, bool is_recoverable) {
  auto account = store.accounts().find(name);
  if (!account) return std::move(account).error();
  auto record = record_of(store, data, password, is_recoverable);
  if (!record) return std::move(record).error();
  if (auto stored = store.accounts().set_password(account->id, *record); !stored) return stored;
  FirstAccounts first = read_first(data);
  if (account->name == kAdmin) first.admin_password.clear();
  if (account->name == kDemo) first.demo_password.clear();
  return write_first(data, first);
}

std::string generated_password() {
  constexpr std::string_view kLetters = "abcdefghijkmnpqrstuvwxyz23456789";  // 32, no l, o, 0, 1
  std::string out;
  for (int i = 0; i < 16; ++i) out += kLetters[randombytes_uniform(kLetters.size())];
  return out;
}

Result<FirstAccounts> ensure_first_accounts(store::Store& store, const fs::path& data) {
  auto accounts = store.accounts().list();
  if (!accounts) return std::move(accounts).error();
  if (!accounts->empty()) return read_first(data);
  const FirstAccounts first{generated_password(), generated_password()};
  if (auto written = write_first(data, first); !written) return std::move(written).error();
  for (const AccountWish& wish :
       {AccountWish{.name = kAdmin, .password = first.admin_password, .is_admin = true, .comments = "Administrator"},
        AccountWish{.name = kDemo, .password = first.demo_password, .comments = "For trying out"}}) {
    if (auto made = make_account(store, data, wish); !made) return std::move(made).error();
  }
  return first;
}

}  // namespace pennypost::main_program
