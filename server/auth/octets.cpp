// Base64 and constant-time comparison by libsodium, digests by OpenSSL. Fails only when those libraries are broken,
// which ends the process at the first call rather than letting somebody in.
// Sources: RFC 1939 section 7, RFC 2195, RFC 4648, spec 50 section 2.3.
#include "server/auth/octets.h"

#include <atomic>
#include <cstdlib>
#include <ctime>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <unistd.h>

namespace pennypost::auth {
namespace {

void must(bool good) {
  if (!good) std::abort();  // no random source or no digest: nothing here can be trusted any more
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  must(HMAC(digest, key.data(), static_cast<int>(key.size()), bytes(text), text.size(), out, &length) != nullptr);
  return {reinterpret_cast<char*>(out), length};
}

std::string digest_of(const EVP_MD* digest, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  must(EVP_Digest(text.data(), text.size(), out, &length, digest, nullptr) == 1);
  return {reinterpret_cast<char*>(out), length};
}

}  // namespace

std::string to_base64(std::string_view octets) {
  std::string out(sodium_base64_ENCODED_LEN(octets.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes(octets), octets.size(), sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();  // libsodium's closing NUL
  return out;
}

std::optional<std::string> from_base64(std::string_view word) {
  std::string out(word.size() / 4 * 3 + 3, '\0');
  std::size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), word.data(), word.size(), nullptr,
                        &length, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) {
    return std::nullopt;
  }
  out.resize(length);
  return out;
}

std::string to_hex(std::string_view octets) {
  std::string out(octets.size() * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), bytes(octets), octets.size());
  out.pop_back();
  return out;
}

std::string sha256(std::string_view text) { return digest_of(EVP_sha256(), text); }
std::string hmac_sha256(std::string_view key, std::string_view text) { return hmac(EVP_sha256(), key, text); }

std::string apop_digest(std::string_view challenge, std::string_view password) {
  return to_hex(digest_of(EVP_md5(), std::string{challenge}.append(password)));
}

std::string cram_md5_digest(std::string_view challenge, std::string_view password) {
  return to_hex(hmac(EVP_md5(), password, challenge));
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_octets(std::size_t count) {
  must(sodium_init() >= 0);
  std::string out(count, '\0');
  randombytes_buf(out.data(), out.size());
  return out;
}

std::string lower_ascii(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string session_challenge() {
  static std::atomic<std::uint64_t> session{0};
  return fmt::format("<{:x}.{:x}.{:x}>", ++session, static_cast<unsigned>(::getpid()),
                     static_cast<std::uint64_t>(std::time(nullptr)));
}

}  // namespace pennypost::auth
