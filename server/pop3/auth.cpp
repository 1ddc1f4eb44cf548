// AUTH (RFC 5034): mechanism, optional initial response, then lines of base64 until the login is decided. `*` cancels.
// Without a mechanism the answer is the list of those that work here, as old clients ask for it.
#include <variant>

#include "server/pop3/handlers.h"
#include "server/pop3/session.h"

namespace pennypost::pop3 {
namespace {

class Auth final : public Command {
 public:
  Result<void> parse(Arguments& in) override {
    if (in.is_empty()) return {};
    mechanism_ = *in.word();
    if (!in.is_empty()) initial_ = *in.word();
    return in.end();
  }

  Reply run(Session& session) override {
    if (mechanism_.empty()) return list(session);
    net::Connection& connection = session.connection();
    auth::SaslContext context{session.authenticator(), session.client(), session.challenge(), {}};
    if (connection.is_tls()) {
      context.channel_binding = [&connection](std::string_view type) { return connection.channel_binding(type); };
    }
    auth::SaslExchange exchange{std::move(context), session.sasl_conditions()};
    auto outcome = exchange.begin(mechanism_, initial_);
    while (const auto* more = std::get_if<auth::SaslExchange::More>(&outcome)) {
      connection.write("+ " + more->line + "\r\n");
      const auto line = session.read_line();
      if (!line && line.error().kind == Kind::too_large) return err("Authentication response too long");
      if (!line) return cut_off();
      outcome = exchange.answer(*line);
    }
    if (std::holds_alternative<auth::SaslExchange::Cancelled>(outcome)) return err("Authentication cancelled");
    if (auto* who = std::get_if<auth::Identity>(&outcome)) return session.logged_in(std::move(*who));
    return session.logged_in(std::get<Error>(std::move(outcome)));
  }

 private:
  static Reply list(Session& session) {
    session.connection().write("+OK\r\n");
    for (const std::string_view name : auth::offered(session.sasl_conditions())) {
      session.connection().write(std::string{name} + "\r\n");
    }
    return end_of_lines();
  }

  std::string mechanism_;
  std::optional<std::string> initial_;
};

}  // namespace

std::unique_ptr<Command> make_auth() { return std::make_unique<Auth>(); }

}  // namespace pennypost::pop3
