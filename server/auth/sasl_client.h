// SASL on the client's side, for senders and collectors: the same mechanisms as classes that answer a server.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/base/result.h"

namespace pennypost::auth {

struct ClientCredentials {
  std::string user;
  std::string password;
  /// Data of a channel binding type, empty when there is none; not set without TLS.
  std::function<std::string(std::string_view type)> channel_binding;
};

/// One login at a server. One thread.
class ClientMechanism {
 public:
  virtual ~ClientMechanism() = default;
  virtual std::string_view name() const = 0;
  /// The initial response, not yet base64; none for mechanisms where the server begins.
  virtual std::optional<std::string> initial() = 0;
  /// What to answer to a challenge (both decoded). Errors: `bad_input` when the server does not follow the mechanism,
  /// `not_authenticated` when it cannot prove that it knows the password too (SCRAM).
  virtual Result<std::string> answer(std::string_view challenge) = 0;
  /// Asked when the server has said yes: false when it has not proven itself, as SCRAM demands.
  virtual bool is_satisfied() const { return true; }
};

/// The best of what the server offers (names in any case): SCRAM-SHA-256-PLUS, SCRAM-SHA-256, CRAM-MD5, PLAIN, LOGIN.
/// None when nothing of it is known here.
std::unique_ptr<ClientMechanism> choose_mechanism(std::span<const std::string_view> offered,
                                                  const ClientCredentials& credentials);

}  // namespace pennypost::auth
