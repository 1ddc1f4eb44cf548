// Digests of the login mechanisms, and the challenge of a session.
#pragma once
#include <string>
#include <string_view>

namespace pennypost::auth {

std::string sha256(std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);

/// RFC 1939 section 7: hex MD5 of the challenge followed by the password.
std::string apop_digest(std::string_view challenge, std::string_view password);

/// RFC 2195: hex HMAC-MD5 of the challenge with the password as key.
std::string cram_md5_digest(std::string_view challenge, std::string_view password);

/// `<s.p.t>`: hex number of the session, hex process id, hex Unix time (spec 50 section 2.3). No two sessions of one
/// machine get the same.
std::string session_challenge();

}  // namespace pennypost::auth
