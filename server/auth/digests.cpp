// Digests by OpenSSL. They fail only when the library is broken, which ends the process at the first call rather than
// letting somebody in. Sources: RFC 1939 section 7, RFC 2195, RFC 5802, spec 50 section 2.3.
#include "server/auth/digests.h"

#include <atomic>
#include <cstdlib>
#include <ctime>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

#include "server/base/text.h"

namespace pennypost::auth {
namespace {

std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (HMAC(digest, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), out, &length) == nullptr) {
    std::abort();
  }
  return {reinterpret_cast<char*>(out), length};
}

std::string digest_of(const EVP_MD* digest, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), out, &length, digest, nullptr) != 1) std::abort();
  return {reinterpret_cast<char*>(out), length};
}

}  // namespace

std::string sha256(std::string_view text) { return digest_of(EVP_sha256(), text); }
std::string hmac_sha256(std::string_view key, std::string_view text) { return hmac(EVP_sha256(), key, text); }

std::string apop_digest(std::string_view challenge, std::string_view password) {
  return hex_encode(digest_of(EVP_md5(), std::string{challenge}.append(password)));
}

std::string cram_md5_digest(std::string_view challenge, std::string_view password) {
  return hex_encode(hmac(EVP_md5(), password, challenge));
}

std::string session_challenge() {
  static std::atomic<std::uint64_t> session{0};
  return fmt::format("<{:x}.{:x}.{:x}>", ++session, static_cast<unsigned>(::getpid()),
                     static_cast<std::uint64_t>(std::time(nullptr)));
}

}  // namespace pennypost::auth
