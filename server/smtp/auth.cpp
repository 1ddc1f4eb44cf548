// AUTH (RFC 4954): the exchange itself is auth::SaslExchange. A failure says nothing of its reason (spec 40
// section 4.1).
#include "server/auth/sasl.h"
#include "server/base/limits.h"
#include "server/base/text.h"
#include "server/smtp/commands.h"
#include "server/smtp/intake.h"
#include "server/smtp/login_conditions.h"
#include "server/smtp/session.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {
namespace {

Reply reply_for(const Error& e) {
  switch (e.kind) {  // no default: a new kind does not compile until it is answered here
    case Kind::bad_input:
      return kAuthBadBase64;
    case Kind::too_large:
      return kAuthTooLong;
    case Kind::not_authenticated:
      return kAuthFailed;
    case Kind::not_permitted:
      return kAuthNeedsTls;
    case Kind::not_found:
      return kAuthUnknown;
    case Kind::unavailable:
    case Kind::cancelled:
    case Kind::already_exists:
    case Kind::in_use:
    case Kind::over_quota:
    case Kind::disk_full:
    case Kind::internal:
      break;
  }
  return kAuthTemporary;
}

}  // namespace

auth::SaslConditions login_conditions(Session& s) {
  auth::SaslConditions conditions;
  conditions.is_encrypted = s.is_tls();
  conditions.passwords_need_encryption = s.options().login_needs_tls;
  conditions.has_recoverable = s.context().authenticator.any_recoverable();
  conditions.has_channel_binding = s.is_tls();
  return conditions;
}

std::optional<Reply> Auth::parse(std::string_view argument) {
  const auto words = split_words(argument);
  if (words.empty()) return Reply{kArgumentNeeded};
  if (words.size() > 2) return Reply{kBadParameter};
  mechanism_ = words[0];
  if (words.size() == 2) initial_ = words[1];
  return std::nullopt;
}

Reply Auth::run(Session& s) {
  if (s.options().auth == AuthRule::disabled) return kAuthDisabled;
  if (!s.is_extended()) return kEhloFirst;
  if (s.identity()) return kAuthTwice;
  if (s.transaction() != nullptr) return kAuthInMail;
  auth::SaslContext context{
      .authenticator = s.context().authenticator, .client = s.auth_client(), .challenge = {}, .channel_binding = {}};
  if (s.is_tls())
    context.channel_binding = [&s](std::string_view type) { return s.connection().channel_binding(type); };
  const auto conditions = login_conditions(s);
  bool known = false;
  for (const auto& row : auth::mechanisms()) known = known || same_word(row.name, mechanism_);
  if (!known) return kAuthUnknown;
  auth::SaslExchange exchange{std::move(context), conditions};
  auto outcome = exchange.begin(mechanism_, initial_);
  for (;;) {
    if (const auto* more = std::get_if<auth::SaslExchange::More>(&outcome)) {
      s.connection().write("334 " + more->line + "\r\n");
      const auto line = s.connection().read_line(kSmtpLine.most, s.options().timeout);
      if (!line) {
        if (line.error().kind == Kind::too_large) return kAuthTooLong;
        if (line.error().kind == Kind::bad_input) return kBadOctets;
        return s.ended();
      }
      outcome = exchange.answer(*line);
      continue;
    }
    if (auto* identity = std::get_if<auth::Identity>(&outcome)) {
      s.log_in(std::move(*identity));
      return kAuthOk;
    }
    if (const auto* failure = std::get_if<Error>(&outcome)) return reply_for(*failure);
    return kAuthCancelled;
  }
}

}  // namespace pennypost::smtp
