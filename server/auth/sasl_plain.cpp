// PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login): the password itself, so only as safe as the connection.
// LOGIN also takes the name as initial response, as widespread clients send it.
#include "server/auth/sasl_mechanisms.h"
#include "server/base/text.h"

namespace pennypost::auth {
namespace {

Error malformed() { return error(Kind::bad_input, "Malformed authentication response"); }

class Plain final : public Mechanism {
 public:
  explicit Plain(SaslContext context) : context_{std::move(context)} {}

  Step step(std::optional<std::string_view> response) override {
    if (!response) return Challenge{};
    const std::size_t first = response->find('\0');
    const std::size_t second = first == std::string_view::npos ? first : response->find('\0', first + 1);
    if (second == std::string_view::npos || response->find('\0', second + 1) != std::string_view::npos) {
      return malformed();
    }
    const std::string_view authorise = response->substr(0, first);
    const std::string_view name = response->substr(first + 1, second - first - 1);
    const std::string_view password = response->substr(second + 1);
    if (name.empty() || password.empty()) return malformed();
    auto who = context_.authenticator.with_password(context_.client, name, password, "PLAIN");
    if (!who) return std::move(who).error();
    if (auto refused = may_act_as(*who, name, authorise)) return *std::move(refused);
    return *std::move(who);
  }

 private:
  SaslContext context_;
};

class Login final : public Mechanism {
 public:
  explicit Login(SaslContext context) : context_{std::move(context)} {}

  Step step(std::optional<std::string_view> response) override {
    if (!response) return Challenge{"Username:"};
    if (!has_name_) {
      if (response->empty()) return malformed();
      name_ = *response;
      has_name_ = true;
      return Challenge{"Password:"};
    }
    auto who = context_.authenticator.with_password(context_.client, name_, *response, "LOGIN");
    if (!who) return std::move(who).error();
    return *std::move(who);
  }

 private:
  SaslContext context_;
  std::string name_;
  bool has_name_ = false;
};

}  // namespace

std::optional<Error> may_act_as(const Identity& who, std::string_view name, std::string_view authorise) {
  if (authorise.empty() || to_lower(authorise) == to_lower(name) || to_lower(authorise) == to_lower(who.name)) {
    return std::nullopt;
  }
  return error(Kind::not_authenticated, "Invalid login", "asked to act as another account");
}

std::unique_ptr<Mechanism> make_plain(SaslContext context) { return std::make_unique<Plain>(std::move(context)); }
std::unique_ptr<Mechanism> make_login(SaslContext context) { return std::make_unique<Login>(std::move(context)); }

}  // namespace pennypost::auth
