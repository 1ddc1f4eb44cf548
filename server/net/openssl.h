// OpenSSL's objects as owners, and its errors as a sentence. Only for sources of this folder.
#pragma once
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace pennypost::net {

template <auto free_it>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    free_it(object);
  }
};
using OwnedBio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using OwnedX509 = std::unique_ptr<X509, FreeWith<X509_free>>;
using OwnedKey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using OwnedNames = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;

/// The oldest error of this thread's queue in words, and the queue emptied.
inline std::string openssl_trouble() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  const char* reason = ERR_reason_error_string(code);
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(static_cast<int>(ERR_GET_REASON(code)));
  return reason != nullptr ? reason : "OpenSSL error " + std::to_string(code);
}

}  // namespace pennypost::net
