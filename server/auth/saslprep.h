// Preparation of passwords and names so that the same characters typed on two machines are the same octets.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace pennypost::auth {

/// RFC 4013 (SASLprep), unassigned code points allowed (a "query"). None when the text is not UTF-8 or holds what the
/// profile prohibits (control characters, private use, mixed directions).
std::optional<std::string> saslprep(std::string_view text);

/// The octets that are hashed for a password: prepared where that is possible, otherwise as they came, because old mail
/// programs send Latin-1 and people type characters younger than the profile.
std::string prepared_password(std::string_view password);

}  // namespace pennypost::auth
