// TLS for both sides on OpenSSL: what a server shows (certificate and key) and what a client asks for.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/base/units.h"

struct ssl_ctx_st;

namespace pennypost::net {

/// Where a server's certificate is: PEM files. The chain begins with the server's own certificate; the key may stand in
/// the same file.
struct CertificateFiles {
  std::string chain;
  std::string key;
};

/// What doctor and the admin pages show of a certificate.
struct CertificateFacts {
  std::string subject;
  std::string issuer;
  std::vector<std::string> names;  ///< DNS names and addresses of the subjectAltName field
  Timestamp not_before;
  Timestamp not_after;
  bool self_signed = false;
};

/// Reads the first certificate of a PEM file. Errors: `not_found`, `bad_input`.
Result<CertificateFacts> certificate_facts(const std::string& pem_file);

/// Makes an EC P-256 key and a self-signed certificate for `names` (the first is the common name; addresses are told
/// from names), valid from yesterday for `lifetime`, in `folder` as certificate.pem and key.pem (mode 0600; both are
/// written aside and renamed). Files that are there already are used as they are. Errors: `unavailable`, `disk_full`,
/// `bad_input`.
Result<CertificateFiles> ensure_certificate(const std::string& folder, const std::vector<std::string>& names,
                                            Seconds lifetime = std::chrono::hours{24 * 365 * 10});

/// What a server shows. Any thread; connections keep what they began with when it is reloaded.
class TlsServer {
 public:
  /// TLS 1.2 and later, session tickets on. Errors: `not_found`, `bad_input` (names the file and what is wrong with it:
  /// no certificate, no key, they do not belong together).
  static Result<std::shared_ptr<TlsServer>> load(const CertificateFiles& files);
  /// Reads the files again; on an error what was there stays in use.
  Result<void> reload();
  Result<void> reload(const CertificateFiles& files);
  CertificateFacts facts() const;
  CertificateFiles files() const;
  std::shared_ptr<ssl_ctx_st> context() const;

 private:
  TlsServer() = default;
  mutable std::mutex mutex_;
  CertificateFiles files_;
  CertificateFacts facts_;
  std::shared_ptr<ssl_ctx_st> context_;
};

/// How much a client wants to be sure of the server (spec 40, 60; RFC 7435).
enum class Verify {
  none,           ///< any certificate; nothing is checked
  opportunistic,  ///< goes on with any certificate; `TlsFacts::verified` says whether it held
  required,       ///< chain and name must hold, else the handshake fails
};

/// What a client asks for. Any thread.
class TlsClient {
 public:
  /// `ca_file` in addition to the system's store; empty for the system's store alone. Errors: `not_found`, `bad_input`.
  static Result<std::shared_ptr<TlsClient>> make(const std::string& ca_file = {});
  ssl_ctx_st* context() const { return context_.get(); }

 private:
  TlsClient() = default;
  std::shared_ptr<ssl_ctx_st> context_;
};

/// What was agreed on a connection.
struct TlsFacts {
  std::string version;  ///< "TLSv1.3"
  std::string cipher;   ///< "TLS_AES_256_GCM_SHA384"
  int bits = 0;
  std::string server_name;     ///< SNI, if the client sent one
  bool verified = false;       ///< client side: chain and name held
  std::string verify_problem;  ///< client side: why not
  bool resumed = false;
};

}  // namespace pennypost::net
