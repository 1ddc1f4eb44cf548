// Certificates and TLS contexts. Needs OpenSSL and PEM files; what is wrong with a file is said in words and what was
// in use before stays in use. Our own certificate: RFC 5280, EC P-256, for the first start, until there is a real one.
#include "server/net/tls.h"

#include <ctime>
#include <filesystem>

#include <Poco/Net/IPAddress.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/random.h"
#include "server/net/descriptor.h"
#include "server/net/openssl.h"

namespace pennypost::net {
namespace {

constexpr std::time_t kDay = 86'400;
constexpr const char* kSessionContext = "pennypost";

Error file_trouble(const std::string& path, const std::string& what) {
  return error(Kind::bad_input, path + ": " + what);
}

std::string one_line(const X509_NAME* name) {
  const OwnedBio out{BIO_new(BIO_s_mem())};
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Timestamp time_of(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return Timestamp{std::chrono::seconds{::timegm(&parts)}};
}

CertificateFacts facts_of(X509* certificate) {
  CertificateFacts facts;
  facts.subject = one_line(X509_get_subject_name(certificate));
  facts.issuer = one_line(X509_get_issuer_name(certificate));
  facts.not_before = time_of(X509_get0_notBefore(certificate));
  facts.not_after = time_of(X509_get0_notAfter(certificate));
  facts.self_signed = X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
  const OwnedNames names{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      facts.names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                               static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      const int size = ASN1_STRING_length(name->d.iPAddress);
      if (size == 4 || size == 16)
        facts.names.push_back(
            Poco::Net::IPAddress{ASN1_STRING_get0_data(name->d.iPAddress), static_cast<poco_socklen_t>(size)}
                .toString());
    }
  }
  return facts;
}

Result<OwnedX509> read_certificate(const std::string& path) {
  ERR_clear_error();
  const OwnedBio file{BIO_new_file(path.c_str(), "r")};
  if (!file) return error(Kind::not_found, path + ": " + openssl_trouble());
  OwnedX509 certificate{PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr)};
  if (!certificate) {
    ERR_clear_error();
    return file_trouble(path, "holds no certificate (PEM)");
  }
  return certificate;
}

// A key behind a pass phrase must not make the server ask for it on the terminal.
int no_pass_phrase(char*, int, int, void*) { return -1; }

Result<std::shared_ptr<SSL_CTX>> make_server_context(const CertificateFiles& files) {
  ERR_clear_error();
  const std::shared_ptr<SSL_CTX> context{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
  if (!context) return error(Kind::internal, openssl_trouble());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Tickets hold the session at the client; nothing is kept here.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>(kSessionContext),
                                 static_cast<unsigned>(std::strlen(kSessionContext)));
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_default_passwd_cb(context.get(), no_pass_phrase);
  if (::access(files.chain.c_str(), R_OK) != 0)
    return error(Kind::not_found, files.chain + ": " + std::strerror(errno));
  if (::access(files.key.c_str(), R_OK) != 0) return error(Kind::not_found, files.key + ": " + std::strerror(errno));
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.chain.c_str()) != 1)
    return file_trouble(files.chain, "no usable certificate chain (" + openssl_trouble() + ")");
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const std::string why = openssl_trouble();
    return file_trouble(files.key, why.find("mismatch") != std::string::npos
                                       ? "is not the key of the certificate in " + files.chain
                                       : "no usable private key (" + why + ")");
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    ERR_clear_error();
    return file_trouble(files.key, "is not the key of the certificate in " + files.chain);
  }
  return context;
}

// Written aside and renamed: a file of that name is whole or not there.
Result<void> write_file(const std::string& path, std::string_view text, mode_t mode) {
  const std::string aside = path + "." + random_name(8);
  Descriptor file{::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  const auto give_up = [&]() -> Error {
    const int problem = errno;
    ::unlink(aside.c_str());
    return error(problem == ENOSPC || problem == EDQUOT ? Kind::disk_full : Kind::unavailable,
                 path + ": " + std::strerror(problem));
  };
  if (!file) return give_up();
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t gone = ::write(file.get(), rest.data(), rest.size());
    if (gone < 0) return give_up();
    rest.remove_prefix(static_cast<std::size_t>(gone));
  }
  if (::fsync(file.get()) != 0 || ::rename(aside.c_str(), path.c_str()) != 0) return give_up();
  return {};
}

std::string pem_text(BIO* from) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(from, &text);
  return {text, static_cast<std::size_t>(size)};
}

bool add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) return false;
  const bool was_added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return was_added;
}

// The names as OpenSSL objects, not through its configuration syntax, in which a name could say more than a name.
bool add_names(X509* certificate, const std::vector<std::string>& names) {
  const OwnedNames all{GENERAL_NAMES_new()};
  for (const std::string& name : names) {
    GENERAL_NAME* one = GENERAL_NAME_new();
    Poco::Net::IPAddress address;
    const bool is_address = Poco::Net::IPAddress::tryParse(name, address);
    ASN1_STRING* value = is_address ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    if (is_address)
      ASN1_STRING_set(value, address.addr(), static_cast<int>(address.length()));
    else
      ASN1_STRING_set(value, name.data(), static_cast<int>(name.size()));
    GENERAL_NAME_set0_value(one, is_address ? GEN_IPADD : GEN_DNS, value);
    if (sk_GENERAL_NAME_push(all.get(), one) == 0) return false;
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, all.get(), 0, X509V3_ADD_REPLACE) == 1;
}

OwnedX509 self_signed(EVP_PKEY* key, const std::vector<std::string>& names, Seconds lifetime) {
  OwnedX509 certificate{X509_new()};
  X509* const x = certificate.get();
  if (x == nullptr) return {};
  X509_set_version(x, X509_VERSION_3);
  std::string serial = random_octets(16);
  serial[0] = static_cast<char>((serial[0] & 0x3F) | 0x40);  // positive, and 16 octets long
  BIGNUM* number =
      BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()), static_cast<int>(serial.size()), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
  BN_free(number);
  const std::time_t today = std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count();
  ASN1_TIME_set(X509_getm_notBefore(x), today - kDay);
  ASN1_TIME_set(X509_getm_notAfter(x), today + static_cast<std::time_t>(lifetime.count()));
  X509_set_pubkey(x, key);
  X509_NAME* subject = X509_get_subject_name(x);
  const std::string common = names.front().substr(0, 64);  // X.520: ub-common-name
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common.data()),
                             static_cast<int>(common.size()), -1, 0);
  X509_set_issuer_name(x, subject);
  const bool is_done = add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
                       add_extension(x, NID_key_usage, "critical,digitalSignature") &&
                       add_extension(x, NID_ext_key_usage, "serverAuth,clientAuth") &&
                       add_extension(x, NID_subject_key_identifier, "hash") && add_names(x, names) &&
                       X509_sign(x, key, EVP_sha256()) != 0;
  return is_done ? std::move(certificate) : OwnedX509{};
}

}  // namespace

Result<CertificateFacts> certificate_facts(const std::string& pem_file) {
  const auto certificate = read_certificate(pem_file);
  if (!certificate) return certificate.error();
  return facts_of(certificate->get());
}

Result<CertificateFiles> ensure_certificate(const std::string& folder, const std::vector<std::string>& names,
                                            Seconds lifetime) {
  const CertificateFiles files{folder + "/certificate.pem", folder + "/key.pem"};
  std::error_code ignored;
  if (std::filesystem::exists(files.chain, ignored) && std::filesystem::exists(files.key, ignored)) return files;
  if (names.empty() || names.front().empty()) return error(Kind::bad_input, "a certificate needs a name");
  ERR_clear_error();
  const OwnedKey key{EVP_EC_gen("P-256")};
  if (!key) return error(Kind::internal, "making a key: " + openssl_trouble());
  const OwnedX509 certificate = self_signed(key.get(), names, lifetime);
  if (!certificate) return error(Kind::internal, "making a certificate: " + openssl_trouble());
  const OwnedBio chain_text{BIO_new(BIO_s_mem())};
  const OwnedBio key_text{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(chain_text.get(), certificate.get());
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  // The key first: a certificate without its key would look complete to nobody, a key alone is made anew.
  if (auto done = write_file(files.key, pem_text(key_text.get()), 0600); !done) return std::move(done).error();
  if (auto done = write_file(files.chain, pem_text(chain_text.get()), 0644); !done) return std::move(done).error();
  return files;
}

Result<std::shared_ptr<TlsServer>> TlsServer::load(const CertificateFiles& files) {
  const std::shared_ptr<TlsServer> server{new TlsServer};  // NOLINT: the constructor is private
  if (auto done = server->reload(files); !done) return std::move(done).error();
  return server;
}

Result<void> TlsServer::reload() { return reload(files()); }

Result<void> TlsServer::reload(const CertificateFiles& files) {
  auto context = make_server_context(files);
  if (!context) return std::move(context).error();
  auto facts = certificate_facts(files.chain);
  if (!facts) return std::move(facts).error();
  const std::lock_guard lock{mutex_};
  context_ = std::move(*context);
  facts_ = std::move(*facts);
  files_ = files;
  return {};
}

CertificateFacts TlsServer::facts() const {
  const std::lock_guard lock{mutex_};
  return facts_;
}

CertificateFiles TlsServer::files() const {
  const std::lock_guard lock{mutex_};
  return files_;
}

std::shared_ptr<ssl_ctx_st> TlsServer::context() const {
  const std::lock_guard lock{mutex_};
  return context_;
}

Result<std::shared_ptr<TlsClient>> TlsClient::make(const std::string& ca_file) {
  ERR_clear_error();
  const std::shared_ptr<TlsClient> client{new TlsClient};  // NOLINT: the constructor is private
  client->context_ = {SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
  SSL_CTX* const context = client->context_.get();
  if (context == nullptr) return error(Kind::internal, openssl_trouble());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_default_verify_paths(context);
  if (ca_file.empty()) return client;
  if (::access(ca_file.c_str(), R_OK) != 0) return error(Kind::not_found, ca_file + ": " + std::strerror(errno));
  if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1)
    return file_trouble(ca_file, "holds no usable certificate (" + openssl_trouble() + ")");
  return client;
}

}  // namespace pennypost::net
