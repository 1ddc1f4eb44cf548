// Small things that every mechanism needs: base64 lines, hex, digests, comparison in constant time, random octets.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace pennypost::auth {

/// RFC 4648 section 4 with padding, no line breaks.
std::string to_base64(std::string_view octets);

/// The octets of one base64 word; none when a character, the padding or the length is wrong, or anything stands around
/// it (RFC 4954 section 4: such an answer is a syntax error). An empty word is an empty text.
std::optional<std::string> from_base64(std::string_view word);

/// Lower-case hex digits.
std::string to_hex(std::string_view octets);

std::string sha256(std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);

/// RFC 1939 section 7: hex MD5 of the challenge followed by the password.
std::string apop_digest(std::string_view challenge, std::string_view password);

/// RFC 2195: hex HMAC-MD5 of the challenge with the password as key.
std::string cram_md5_digest(std::string_view challenge, std::string_view password);

/// Says whether two texts are equal in a time that depends on their lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// `count` octets nobody can foretell.
std::string random_octets(std::size_t count);

/// ASCII lower case; account names are compared so (spec 50 section 1.5).
std::string lower_ascii(std::string_view text);

/// `<s.p.t>`: hex number of the session, hex process id, hex Unix time (spec 50 section 2.3). No two sessions of one
/// machine get the same.
std::string session_challenge();

}  // namespace pennypost::auth
