// SASL on the server's side (RFC 4422): one class a mechanism, one table of them, and the exchange of base64 lines that
// SMTP (RFC 4954), POP3 (RFC 5034) and IMAP (RFC 3501, 4959) have in common.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/auth/authenticator.h"
#include "server/base/result.h"

namespace pennypost::auth {

/// What an answer of the client leads to.
struct Challenge {
  std::string text;  ///< not yet base64
};
using Step = std::variant<Challenge, Identity, Error>;

/// What a mechanism works with.
struct SaslContext {
  Authenticator& authenticator;
  Client client;
  std::string challenge;  ///< for CRAM-MD5, "<...>"
  /// Channel binding data of a type ("tls-exporter"), empty when there is none; not set: no -PLUS mechanism.
  std::function<std::string(std::string_view type)> channel_binding;
};

/// One login attempt by one mechanism. One thread.
class Mechanism {
 public:
  virtual ~Mechanism() = default;
  /// The first call has the initial response, or none; further calls have what the client answered.
  virtual Step step(std::optional<std::string_view> response) = 0;
};

/// A row of the table of mechanisms.
struct MechanismRow {
  std::string_view name;
  bool shows_password;     ///< to whoever listens
  bool needs_recoverable;  ///< the password itself must be known here
  bool needs_channel;      ///< TLS with channel binding
  std::unique_ptr<Mechanism> (*make)(SaslContext);
};
/// In the order in which they are advertised (spec 40 section 2.1, the newer ones behind).
const std::vector<MechanismRow>& mechanisms();

/// What decides which of them can be used on a connection now.
struct SaslConditions {
  bool is_encrypted = false;
  bool passwords_need_encryption = false;  ///< Require Encrypted Authentication, or encryption mode TLS
  bool has_recoverable = false;            ///< Authenticator::any_recoverable
  bool has_channel_binding = false;
};
std::vector<std::string_view> offered(const SaslConditions& conditions);
bool is_offered(const MechanismRow& row, const SaslConditions& conditions);

/// The dialogue after AUTH or AUTHENTICATE. One thread, one login attempt.
class SaslExchange {
 public:
  struct More {
    std::string line;  ///< base64 to send behind "334 " or "+ "; may be empty
  };
  struct Cancelled {};  ///< the client sent "*"
  /// Error kinds: `not_found` (no such mechanism here), `bad_input` (not base64, wrong form), `too_large`,
  /// `not_authenticated`, `not_permitted` (this mechanism needs TLS first), `unavailable`.
  using Outcome = std::variant<More, Identity, Cancelled, Error>;

  /// `context.challenge` may be empty: then a random one is made.
  SaslExchange(SaslContext context, SaslConditions conditions);
  ~SaslExchange();

  /// `initial` is the word behind the mechanism, still base64, "=" for an empty one (RFC 4954 section 4).
  Outcome begin(std::string_view mechanism, std::optional<std::string_view> initial);
  /// A line of the client, without its end.
  Outcome answer(std::string_view line);

 private:
  Outcome step(std::optional<std::string_view> response);
  SaslContext context_;
  const SaslConditions conditions_;
  std::unique_ptr<Mechanism> mechanism_;
};

}  // namespace pennypost::auth
