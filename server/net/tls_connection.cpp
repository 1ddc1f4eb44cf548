// The TLS half of a connection, both sides, on OpenSSL (RFC 8446, RFC 5246; STARTTLS: RFC 3207, 2595; SNI: RFC 6066;
// channel bindings: RFC 5929, 9266).
// Needs the context of TlsServer or TlsClient. OpenSSL works on our non-blocking descriptor and says what it waits for;
// the waiting is Connection's. A failed handshake leaves a connection that can only be closed.
#include <array>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include "server/net/connection.h"
#include "server/net/openssl.h"

namespace pennypost::net {

Connection::~Connection() { SSL_free(ssl_); }

// What an OpenSSL call that did not succeed means.
Connection::Moved Connection::tls_result(int code) {
  switch (SSL_get_error(ssl_, code)) {
    case SSL_ERROR_WANT_READ:
      wanted_ = POLLIN;
      return Moved::none_yet;
    case SSL_ERROR_WANT_WRITE:
      wanted_ = POLLOUT;
      return Moved::none_yet;
    case SSL_ERROR_ZERO_RETURN:
      return Moved::end;
    case SSL_ERROR_SYSCALL: {
      const int problem = errno;
      trouble_ = ERR_peek_error() != 0 ? openssl_trouble()
                 : problem != 0        ? std::strerror(problem)
                                       : "closed by the peer";
      return Moved::failed;
    }
    default:
      trouble_ = openssl_trouble();
      return Moved::failed;
  }
}

Connection::Moved Connection::tls_receive(std::size_t room) {
  ERR_clear_error();
  errno = 0;
  std::size_t got = 0;
  const int code = SSL_read_ex(ssl_, in_.get() + filled_, room, &got);
  if (code != 1) {
    drained_ = true;
    return tls_result(code);
  }
  filled_ += got;
  received_.fetch_add(static_cast<std::int64_t>(got), std::memory_order_relaxed);
  drained_ = got < room;
  return Moved::some;
}

Connection::Moved Connection::tls_send(std::string_view octets, std::size_t& sent) {
  ERR_clear_error();
  errno = 0;
  const int code = SSL_write_ex(ssl_, octets.data(), octets.size(), &sent);
  return code == 1 ? Moved::some : tls_result(code);
}

void Connection::tls_farewell() {
  ERR_clear_error();
  SSL_shutdown(ssl_);  // our half; whether it arrives does not matter any more
}

Result<void> Connection::handshake(Milliseconds wait) {
  const Clock::time_point end = until(wait);
  for (;;) {
    ERR_clear_error();
    errno = 0;
    const int code = SSL_do_handshake(ssl_);
    if (code == 1) {
      drained_ = false;
      ended_ = Ended::no;
      return {};
    }
    switch (tls_result(code)) {
      case Moved::none_yet: {
        const Ready ready = poll_for(wanted_, end, true, false);
        if (ready == Ready::yes) break;
        Error why = not_ready(ready);
        ended_ = Ended::broken;
        return why;
      }
      case Moved::end:
        return failed(Ended::broken, "the peer closed the connection during the TLS handshake");
      case Moved::some:
      case Moved::failed:
        ended_ = Ended::broken;
        return error(Kind::bad_input, "TLS handshake failed", "TLS handshake failed: " + trouble_);
    }
  }
}

Result<void> Connection::start_tls(Milliseconds wait) {
  if (!can_start_tls()) return error(Kind::bad_input, "TLS not available");
  if (auto sent = flush(); !sent) return sent;
  // What stands in our buffer came in clear, perhaps from somebody in between (CVE-2011-0411). What still stands in the
  // socket reaches OpenSSL, for which it is no handshake.
  discarded_ += Octets{static_cast<std::int64_t>(held().size())};
  consume(held().size());
  release_idle_memory();
  ssl_ = SSL_new(tls_server_->context().get());
  if (ssl_ == nullptr || SSL_set_fd(ssl_, fd_) != 1) return failed(Ended::broken, openssl_trouble());
  is_tls_ = true;
  SSL_set_accept_state(ssl_);
  return handshake(wait);
}

Result<void> Connection::start_tls(const TlsClient& client, const std::string& server_name, Verify verify,
                                   Milliseconds wait) {
  if (is_tls()) return error(Kind::bad_input, "TLS has begun already");
  if (auto sent = flush(); !sent) return sent;
  discarded_ += Octets{static_cast<std::int64_t>(held().size())};
  consume(held().size());
  release_idle_memory();
  ssl_ = SSL_new(client.context());
  if (ssl_ == nullptr || SSL_set_fd(ssl_, fd_) != 1) return failed(Ended::broken, openssl_trouble());
  is_tls_ = true;
  SSL_set_connect_state(ssl_);
  verify_ = verify;
  std::string name = server_name;
  if (name.ends_with('.')) name.pop_back();
  Poco::Net::IPAddress address;
  const bool is_address = Poco::Net::IPAddress::tryParse(name, address);
  if (!is_address && !name.empty())
    SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  if (verify != Verify::none) {
    SSL_set_verify(ssl_, verify == Verify::required ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int was_set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), name.c_str())
                                   : SSL_set1_host(ssl_, name.c_str());
    // Without a name to look for, OpenSSL would take the certificate of anybody.
    if (was_set != 1 || name.empty()) return failed(Ended::broken, "no server name to check");
  }
  auto done = handshake(wait);
  if (done || SSL_get_verify_result(ssl_) == X509_V_OK) return done;
  Error why = std::move(done).error();
  why.for_log += std::string{" ("} + X509_verify_cert_error_string(SSL_get_verify_result(ssl_)) + ")";
  return why;
}

TlsFacts Connection::tls_facts() const {
  TlsFacts facts;
  if (ssl_ == nullptr) return facts;
  facts.version = SSL_get_version(ssl_);
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_)) {
    facts.cipher = SSL_CIPHER_get_name(cipher);
    facts.bits = SSL_CIPHER_get_bits(cipher, nullptr);
  }
  if (const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name)) facts.server_name = name;
  facts.resumed = SSL_session_reused(ssl_) == 1;
  if (SSL_is_server(ssl_) == 0) {
    const long result = SSL_get_verify_result(ssl_);
    facts.verified = verify_ != Verify::none && result == X509_V_OK;
    if (verify_ == Verify::none)
      facts.verify_problem = "not asked for";
    else if (result != X509_V_OK)
      facts.verify_problem = X509_verify_cert_error_string(result);
  }
  return facts;
}

std::string Connection::channel_binding(std::string_view type) const {
  if (ssl_ == nullptr) return {};
  if (type == "tls-exporter") {
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    std::string out(32, '\0');
    const int code = SSL_export_keying_material(ssl_, reinterpret_cast<unsigned char*>(out.data()), out.size(),
                                                label.data(), label.size(), nullptr, 0, 1);
    return code == 1 ? out : std::string{};
  }
  if (type == "tls-server-end-point") {
    X509* const certificate = SSL_is_server(ssl_) ? SSL_get_certificate(ssl_) : SSL_get0_peer_certificate(ssl_);
    if (certificate == nullptr) return {};
    int digest = NID_undef;
    // RFC 5929 4.1: the hash of the certificate's signature, but SHA-256 for MD5 and SHA-1.
    if (OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest, nullptr) != 1 || digest == NID_md5 ||
        digest == NID_sha1 || digest == NID_undef)
      digest = NID_sha256;
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned int size = 0;
    if (X509_digest(certificate, EVP_get_digestbynid(digest), hash.data(), &size) != 1) return {};
    return {reinterpret_cast<const char*>(hash.data()), size};
  }
  return {};
}

}  // namespace pennypost::net
