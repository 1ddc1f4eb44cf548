// The key file: what keeps recoverable passwords unreadable for whoever has the database alone.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/result.h"

namespace pennypost::auth {

/// The key of one installation, 32 octets in a file of mode 0600 in the data folder. Immutable; any thread.
class SecretKey {
 public:
  static constexpr const char* kFileName = "password.key";

  /// Reads the key of `data_folder`, or makes one when there is none (the file then belongs to the owner of the folder;
  /// two processes that make it at once end with the same key). Errors: `not_permitted` when others can read the file
  /// or it cannot be read, `bad_input` when it is not a key, `disk_full`, `unavailable`.
  static Result<SecretKey> open_or_create(const std::filesystem::path& data_folder);

  /// Encrypts (XSalsa20-Poly1305 with a random nonce): equal passwords look different.
  std::string seal(std::string_view plain) const;
  /// None when `sealed` was changed, cut, or made with another key.
  std::optional<std::string> open(std::string_view sealed) const;

  /// A salt for an account that does not exist: always the same for the same name, so that SCRAM does not tell who
  /// exists (RFC 5802 section 9).
  std::string salt_for_nobody(std::string_view name) const;

  /// 32 octets for the links into the quarantine (filter::QuarantineLinks); nothing else is made of them.
  const std::string& quarantine_links_key() const { return links_key_; }

 private:
  explicit SecretKey(std::string_view octets);
  std::string seal_key_;
  std::string salt_key_;
  std::string links_key_;
};

}  // namespace pennypost::auth
