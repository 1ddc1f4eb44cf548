// SCRAM-SHA-256: derivation with OpenSSL's PBKDF2, messages cut by hand because they are four fixed lines.
// Whatever does not fit the grammar of RFC 5802 section 7 is no message; unknown extensions after the known attributes
// are accepted, a mandatory extension (m=) is refused, as the RFC asks. Sources: RFC 5802, RFC 7677.
#include "server/auth/scram.h"

#include <charconv>
#include <cstdlib>

#include <openssl/evp.h>

#include "server/auth/digests.h"
#include "server/auth/saslprep.h"
#include "server/base/text.h"

namespace pennypost::auth {
namespace {

constexpr int kMostIterations = 10'000'000;  // a hostile server may not keep our sender busy for minutes

std::string exclusive_or(std::string_view a, std::string_view b) {
  std::string out{a};
  for (std::size_t i = 0; i < out.size() && i < b.size(); ++i) out[i] = static_cast<char>(out[i] ^ b[i]);
  return out;
}

std::optional<int> to_iterations(std::string_view digits) {
  int value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (value < 1 || value > kMostIterations) return std::nullopt;
  return value;
}

/// Takes what stands before the first comma (or all) off the front.
std::string_view take_attribute(std::string_view& rest) {
  const std::size_t comma = rest.find(',');
  const std::string_view taken = rest.substr(0, comma);
  rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  return taken;
}

/// The value of "x=value" when the letter is right.
std::optional<std::string_view> value_of(char letter, std::string_view attribute) {
  if (attribute.size() < 2 || attribute[0] != letter || attribute[1] != '=') return std::nullopt;
  return attribute.substr(2);
}

bool is_nonce(std::string_view text) {
  for (const char c : text) {
    if (c < 0x21 || c > 0x7e || c == ',') return false;
  }
  return !text.empty();
}

}  // namespace

std::string salted_password(std::string_view password, std::string_view salt, int iterations) {
  const std::string prepared = prepared_password(password);
  std::string out(32, '\0');
  if (PKCS5_PBKDF2_HMAC(prepared.data(), static_cast<int>(prepared.size()),
                        reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()), iterations,
                        EVP_sha256(), static_cast<int>(out.size()),
                        reinterpret_cast<unsigned char*>(out.data())) != 1) {
    std::abort();
  }
  return out;
}

ScramKeys scram_keys(std::string_view password, std::string_view salt, int iterations) {
  const std::string salted = salted_password(password, salt, iterations);
  return {iterations, std::string{salt}, sha256(hmac_sha256(salted, "Client Key")), hmac_sha256(salted, "Server Key")};
}

ScramProofs scram_proofs(std::string_view salted, std::string_view auth_message) {
  const std::string client_key = hmac_sha256(salted, "Client Key");
  return {exclusive_or(client_key, hmac_sha256(sha256(client_key), auth_message)),
          hmac_sha256(hmac_sha256(salted, "Server Key"), auth_message)};
}

bool proves(const ScramKeys& keys, std::string_view auth_message, std::string_view client_proof) {
  if (client_proof.size() != keys.stored_key.size()) return false;
  const std::string client_key = exclusive_or(client_proof, hmac_sha256(keys.stored_key, auth_message));
  return same_secret(sha256(client_key), keys.stored_key);
}

std::string server_signature(const ScramKeys& keys, std::string_view auth_message) {
  return hmac_sha256(keys.server_key, auth_message);
}

std::optional<ScramClientFirst> parse_client_first(std::string_view text) {
  ScramClientFirst out;
  std::string_view rest = text;
  const std::string_view flag = take_attribute(rest);
  if (flag == "n") {
    out.binding = ChannelBindingUse::unsupported_by_client;
  } else if (flag == "y") {
    out.binding = ChannelBindingUse::client_thinks_server_not;
  } else if (const auto name = value_of('p', flag); name && !name->empty()) {
    out.binding = ChannelBindingUse::used;
    out.binding_name = *name;
  } else {
    return std::nullopt;
  }
  const std::string_view authorise = take_attribute(rest);
  if (!authorise.empty()) {
    const auto name = value_of('a', authorise);
    if (!name) return std::nullopt;
    auto plain = from_scram_name(*name);
    if (!plain) return std::nullopt;
    out.authorise_as = *std::move(plain);
  }
  out.gs2_header = text.substr(0, text.size() - rest.size());
  out.bare = rest;
  const auto user = value_of('n', take_attribute(rest));  // also refuses m=, which must come first if at all
  const auto nonce = value_of('r', take_attribute(rest));
  if (!user || !nonce || !is_nonce(*nonce)) return std::nullopt;
  auto plain = from_scram_name(*user);
  if (!plain || plain->empty()) return std::nullopt;
  out.user = *std::move(plain);
  out.nonce = *nonce;
  return out;
}

std::optional<ScramServerFirst> parse_server_first(std::string_view text) {
  const auto nonce = value_of('r', take_attribute(text));
  const auto salt = value_of('s', take_attribute(text));
  const auto count = value_of('i', take_attribute(text));
  if (!nonce || !is_nonce(*nonce) || !salt || !count) return std::nullopt;
  auto octets = base64_decode(*salt);
  const auto iterations = to_iterations(*count);
  if (!octets || octets->empty() || !iterations) return std::nullopt;
  return ScramServerFirst{std::string{*nonce}, *std::move(octets), *iterations};
}

std::optional<ScramClientFinal> parse_client_final(std::string_view text) {
  const std::size_t at = text.rfind(",p=");
  if (at == std::string_view::npos) return std::nullopt;
  ScramClientFinal out;
  out.without_proof = text.substr(0, at);
  std::string_view rest = text.substr(0, at);
  const auto binding = value_of('c', take_attribute(rest));
  const auto nonce = value_of('r', take_attribute(rest));
  if (!binding || !nonce) return std::nullopt;
  auto bound = base64_decode(*binding);
  auto proof = base64_decode(text.substr(at + 3));
  if (!bound || !proof) return std::nullopt;
  out.binding = *std::move(bound);
  out.nonce = *nonce;
  out.proof = *std::move(proof);
  return out;
}

std::string scram_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ',') {
      out += "=2C";
    } else if (c == '=') {
      out += "=3D";
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<std::string> from_scram_name(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
    } else if (text.substr(i, 3) == "=2C") {
      out += ',';
      i += 2;
    } else if (text.substr(i, 3) == "=3D") {
      out += '=';
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace pennypost::auth
