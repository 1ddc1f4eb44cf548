// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS on the server's side (RFC 5802, RFC 7677, channel bindings of RFC 9266 and
// RFC 5929). An unknown name gets the same dialogue with a made-up salt and fails at its end like a wrong password.
// Whoever has seen the -PLUS form stripped from our list (flag y) is refused: somebody stands in between.
#include <fmt/format.h>

#include "server/auth/sasl_mechanisms.h"
#include "server/auth/saslprep.h"
#include "server/base/random.h"
#include "server/base/text.h"

namespace pennypost::auth {
namespace {

enum class Form { plain, plus };

class Scram final : public Mechanism {
 public:
  Scram(SaslContext context, Form form) : context_{std::move(context)}, form_{form} {}

  Step step(std::optional<std::string_view> response) override {
    switch (stage_) {
      case Stage::first:
        return response ? first(*response) : Step{Challenge{}};
      case Stage::final:
        return final(response.value_or(""));
      case Stage::signed_off:
        if (!response.value_or("").empty()) return malformed();
        return *std::move(who_);
    }
    return malformed();
  }

 private:
  enum class Stage { first, final, signed_off };

  static Error malformed() { return error(Kind::bad_input, "Malformed authentication response"); }
  std::string_view name() const { return form_ == Form::plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256"; }

  Step first(std::string_view text) {
    auto message = parse_client_first(text);
    if (!message) return malformed();
    first_ = *std::move(message);
    if (form_ == Form::plus) {
      if (first_.binding != ChannelBindingUse::used) return malformed();
      binding_ = context_.channel_binding(first_.binding_name);
      if (binding_.empty()) return error(Kind::bad_input, "This channel binding is not supported here");
    } else if (first_.binding == ChannelBindingUse::used) {
      return malformed();
    } else if (first_.binding == ChannelBindingUse::client_thinks_server_not && context_.channel_binding) {
      return error(Kind::not_authenticated, "Channel binding was offered", "SCRAM downgrade: the client saw no -PLUS");
    }
    auto candidate = context_.authenticator.scram_candidate(saslprep(first_.user).value_or(first_.user));
    if (!candidate) return std::move(candidate).error();
    candidate_ = *std::move(candidate);
    nonce_ = first_.nonce + base64_encode(random_octets(18));
    server_first_ =
        fmt::format("r={},s={},i={}", nonce_, base64_encode(candidate_.keys.salt), candidate_.keys.iterations);
    stage_ = Stage::final;
    return Challenge{server_first_};
  }

  Step final(std::string_view text) {
    const auto message = parse_client_final(text);
    if (!message || message->nonce != nonce_) return malformed();
    const std::string signed_text = first_.bare + "," + server_first_ + "," + message->without_proof;
    const bool is_bound = same_secret(message->binding, first_.gs2_header + binding_);
    const bool is_proven = proves(candidate_.keys, signed_text, message->proof) && is_bound;
    auto who = context_.authenticator.with_scram(context_.client, candidate_, is_proven, name());
    if (!who) return std::move(who).error();
    if (auto refused = may_act_as(*who, first_.user, first_.authorise_as)) return *std::move(refused);
    who_ = *std::move(who);
    stage_ = Stage::signed_off;  // the client answers our signature with an empty line (RFC 4954 section 4)
    return Challenge{"v=" + base64_encode(server_signature(candidate_.keys, signed_text))};
  }

  SaslContext context_;
  const Form form_;
  Stage stage_ = Stage::first;
  ScramClientFirst first_;
  std::string binding_;
  Authenticator::ScramCandidate candidate_;
  std::string nonce_;
  std::string server_first_;
  std::optional<Identity> who_;
};

}  // namespace

std::unique_ptr<Mechanism> make_scram_sha_256(SaslContext context) {
  return std::make_unique<Scram>(std::move(context), Form::plain);
}
std::unique_ptr<Mechanism> make_scram_sha_256_plus(SaslContext context) {
  return std::make_unique<Scram>(std::move(context), Form::plus);
}

}  // namespace pennypost::auth
