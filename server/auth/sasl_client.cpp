// PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195), SCRAM-SHA-256 and -PLUS (RFC 5802, 7677, 9266) as a client.
// A server that answers out of order ends the attempt; nothing of the password has then gone out but what the mechanism
// itself shows.
#include "server/auth/sasl_client.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/auth/digests.h"
#include "server/auth/saslprep.h"
#include "server/auth/scram.h"
#include "server/base/random.h"
#include "server/base/text.h"

namespace pennypost::auth {
namespace {

Error out_of_order() { return error(Kind::bad_input, "The server does not follow the authentication mechanism"); }

class PlainClient final : public ClientMechanism {
 public:
  explicit PlainClient(const ClientCredentials& c) : text_{'\0' + c.user + '\0' + c.password} {}
  std::string_view name() const override { return "PLAIN"; }
  std::optional<std::string> initial() override { return text_; }
  Result<std::string> answer(std::string_view) override { return out_of_order(); }

 private:
  const std::string text_;
};

class LoginClient final : public ClientMechanism {
 public:
  explicit LoginClient(const ClientCredentials& c) : user_{c.user}, password_{c.password} {}
  std::string_view name() const override { return "LOGIN"; }
  std::optional<std::string> initial() override { return std::nullopt; }
  Result<std::string> answer(std::string_view) override {  // the prompts have no fixed words
    if (asked_ == 2) return out_of_order();
    return asked_++ == 0 ? user_ : password_;
  }

 private:
  const std::string user_;
  const std::string password_;
  int asked_ = 0;
};

class CramMd5Client final : public ClientMechanism {
 public:
  explicit CramMd5Client(const ClientCredentials& c) : user_{c.user}, password_{c.password} {}
  std::string_view name() const override { return "CRAM-MD5"; }
  std::optional<std::string> initial() override { return std::nullopt; }
  Result<std::string> answer(std::string_view challenge) override {
    if (answered_ || challenge.empty()) return out_of_order();
    answered_ = true;
    return user_ + ' ' + cram_md5_digest(challenge, password_);
  }

 private:
  const std::string user_;
  const std::string password_;
  bool answered_ = false;
};

class ScramClient final : public ClientMechanism {
 public:
  ScramClient(const ClientCredentials& c, std::string binding_type, std::string binding)
      : password_{c.password}, binding_{std::move(binding)}, is_plus_{!binding_type.empty()} {
    nonce_ = base64_encode(random_octets(18));
    bare_ = "n=" + scram_name(saslprep(c.user).value_or(c.user)) + ",r=" + nonce_;
    gs2_ = is_plus_ ? "p=" + binding_type + ",," : c.channel_binding ? "y,," : "n,,";
  }
  std::string_view name() const override { return is_plus_ ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256"; }
  std::optional<std::string> initial() override { return gs2_ + bare_; }

  Result<std::string> answer(std::string_view challenge) override {
    if (expected_.empty()) return proof(challenge);
    if (satisfied_) return out_of_order();
    if (!same_secret(challenge, "v=" + expected_)) {
      return error(Kind::not_authenticated, "The server does not know the password");
    }
    satisfied_ = true;
    return std::string{};
  }
  bool is_satisfied() const override { return satisfied_; }

 private:
  Result<std::string> proof(std::string_view challenge) {
    const auto first = parse_server_first(challenge);
    if (!first || !first->nonce.starts_with(nonce_) || first->nonce == nonce_) return out_of_order();
    const std::string unproven = fmt::format("c={},r={}", base64_encode(gs2_ + binding_), first->nonce);
    const std::string signed_text = fmt::format("{},{},{}", bare_, challenge, unproven);
    const ScramProofs proofs = scram_proofs(salted_password(password_, first->salt, first->iterations), signed_text);
    expected_ = base64_encode(proofs.server_signature);
    return unproven + ",p=" + base64_encode(proofs.client_proof);
  }

  const std::string password_;
  const std::string binding_;
  const bool is_plus_;
  std::string nonce_;
  std::string bare_;
  std::string gs2_;
  std::string expected_;
  bool satisfied_ = false;
};

}  // namespace

std::unique_ptr<ClientMechanism> choose_mechanism(std::span<const std::string_view> offered,
                                                  const ClientCredentials& credentials) {
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(offered, [&](std::string_view o) { return to_lower(o) == to_lower(name); });
  };
  if (has("SCRAM-SHA-256-PLUS") && credentials.channel_binding) {
    for (const char* type : {"tls-exporter", "tls-server-end-point"}) {
      if (std::string binding = credentials.channel_binding(type); !binding.empty()) {
        return std::make_unique<ScramClient>(credentials, type, std::move(binding));
      }
    }
  }
  if (has("SCRAM-SHA-256")) {
    ClientCredentials unbound = credentials;
    if (has("SCRAM-SHA-256-PLUS")) unbound.channel_binding = {};  // it was offered; we cannot: flag n, not y
    return std::make_unique<ScramClient>(unbound, "", "");
  }
  if (has("CRAM-MD5")) return std::make_unique<CramMd5Client>(credentials);
  if (has("PLAIN")) return std::make_unique<PlainClient>(credentials);
  if (has("LOGIN")) return std::make_unique<LoginClient>(credentials);
  return nullptr;
}

}  // namespace pennypost::auth
