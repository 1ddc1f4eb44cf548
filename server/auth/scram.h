// SCRAM-SHA-256 as arithmetic: keys, proofs and the attribute lines, without any I/O (RFC 5802, RFC 7677).
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace pennypost::auth {

/// What the server keeps instead of the password (RFC 5802 section 3). Nobody can log in with it, but it can be guessed
/// against: `iterations` is what a guess costs.
struct ScramKeys {
  int iterations = 0;
  std::string salt;
  std::string stored_key;
  std::string server_key;

  bool operator==(const ScramKeys&) const = default;
};

inline constexpr int kScramIterations = 10'000;  ///< RFC 7677 section 4 asks for 4096 at least
inline constexpr std::size_t kScramSaltOctets = 16;

/// Keys of a password (prepared here, see `prepared_password`).
ScramKeys scram_keys(std::string_view password, std::string_view salt, int iterations);

/// RFC 5802 section 3: SaltedPassword.
std::string salted_password(std::string_view password, std::string_view salt, int iterations);

struct ScramProofs {
  std::string client_proof;
  std::string server_signature;
};
/// What a client that knows the password sends, and what it expects back.
ScramProofs scram_proofs(std::string_view salted, std::string_view auth_message);

/// Says whether the proof shows knowledge of the password behind `keys`.
bool proves(const ScramKeys& keys, std::string_view auth_message, std::string_view client_proof);
std::string server_signature(const ScramKeys& keys, std::string_view auth_message);

enum class ChannelBindingUse {
  unsupported_by_client,     ///< n
  client_thinks_server_not,  ///< y: the client could, but saw no -PLUS mechanism
  used,                      ///< p=name
};

/// client-first-message (RFC 5802 section 7).
struct ScramClientFirst {
  ChannelBindingUse binding = ChannelBindingUse::unsupported_by_client;
  std::string binding_name;  ///< "tls-exporter", only when used
  std::string authorise_as;  ///< authzid, usually empty
  std::string user;          ///< with =2C and =3D undone
  std::string nonce;
  std::string gs2_header;  ///< as sent, both commas included
  std::string bare;        ///< the part that is signed
};
std::optional<ScramClientFirst> parse_client_first(std::string_view text);

/// server-first-message as a client reads it.
struct ScramServerFirst {
  std::string nonce;
  std::string salt;
  int iterations = 0;
};
std::optional<ScramServerFirst> parse_server_first(std::string_view text);

/// client-final-message.
struct ScramClientFinal {
  std::string binding;  ///< c=, decoded
  std::string nonce;
  std::string proof;
  std::string without_proof;  ///< the part that is signed
};
std::optional<ScramClientFinal> parse_client_final(std::string_view text);

/// A name with "," and "=" made safe (RFC 5802 section 5.1), and back; none at any other "=".
std::string scram_name(std::string_view name);
std::optional<std::string> from_scram_name(std::string_view text);

}  // namespace pennypost::auth
