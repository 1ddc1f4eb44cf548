// AUTHENTICATE (RFC 3501 6.2.2; the initial response is RFC 4959). The dialogue itself is auth::SaslExchange.
#include "server/imap/authenticate.h"

#include "server/auth/sasl.h"
#include "server/imap/session.h"

namespace pennypost::imap {

namespace {
constexpr Octets kAnswer{12'288};  // RFC 4954 section 4 gives this size for a SASL line; IMAP gives none
}

Result<void> Authenticate::parse(Arguments& in) {
  mechanism_ = in.atom();
  if (in.take(' ') && !in.at_end()) {
    const std::size_t begin = in.place();
    in.atom();  // base64 and "=" are made of atom characters
    initial_ = in.since(begin);
  }
  return in.end();
}

Reply Authenticate::run(Session& session) {
  auth::SaslContext context{session.context().authenticator, session.client(), {}, {}};
  if (session.connection().is_tls())
    context.channel_binding = [&session](std::string_view type) { return session.connection().channel_binding(type); };
  auth::SaslExchange exchange{std::move(context), session.sasl_conditions()};
  auto outcome = exchange.begin(mechanism_, initial_);
  for (;;) {
    if (const auto* identity = std::get_if<auth::Identity>(&outcome)) return session.admit(*identity);
    if (std::holds_alternative<auth::SaslExchange::Cancelled>(outcome)) return bad("AUTHENTICATE cancelled");
    if (const auto* failure = std::get_if<Error>(&outcome)) {
      if (failure->kind == Kind::not_permitted) return no("PRIVACYREQUIRED", failure->for_client);
      if (failure->kind == Kind::too_large) return bad(failure->for_client);
      if (failure->kind == Kind::not_found) return no(failure->for_client);  // "NO: unsupported mechanism", RFC 3501
      return session.refuse_login(*failure);
    }
    session.write("+ " + std::get<auth::SaslExchange::More>(outcome).line + "\r\n");
    const auto line = session.read_answer(kAnswer);
    if (!line) return session.ended(line.error());
    outcome = exchange.answer(*line);
  }
}

}  // namespace pennypost::imap
