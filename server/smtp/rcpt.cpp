// RCPT (RFC 5321 4.1.1.3): who gets the message, and whether this client may send there. An address of ours that nobody
// has is refused here, so that no bounce to a forged sender is ever needed (spec 60 section 8.3).
#include "server/base/text.h"
#include "server/smtp/commands.h"
#include "server/smtp/intake.h"
#include "server/smtp/session.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {
namespace {

constexpr std::size_t kMostOriginal = 500;  // RFC 3461 section 4.2

bool has_controls(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return is_control(c); });
}

std::optional<Reply> take(const Parameter& p, Session& s, delivery::Recipient& into) {
  if (p.keyword == "NOTIFY") {
    const auto notify = p.value ? delivery::Notify::from_text(*p.value) : std::nullopt;
    if (!notify) return Reply{kBadParameter};
    if (s.options().dsn) into.notify = *notify;
    return std::nullopt;
  }
  if (p.keyword == "ORCPT") {  // addr-type ";" xtext
    const auto [type, address] = cut(p.value ? std::string_view{*p.value} : std::string_view{}, ';');
    const auto decoded = decode_xtext(address);
    if (!is_atom(type) || address.empty() || !decoded || decoded->size() > kMostOriginal || has_controls(*decoded) ||
        !is_utf8(*decoded))
      return Reply{kBadParameter};
    if (s.options().dsn) into.original = std::string{type} + ";" + *decoded;
    return std::nullopt;
  }
  return Reply{SmtpReply::with(kUnknownParameter, p.keyword)};
}

}  // namespace

std::optional<Reply> RcptTo::parse(std::string_view argument) {
  auto reading = read_path(argument, PathKind::forward);
  switch (reading.problem) {
    case PathProblem::none:
      break;
    case PathProblem::keyword:
    case PathProblem::path:
      return Reply{kBadRecipientSyntax};
    case PathProblem::parameter:
      return Reply{kBadParameter};
  }
  read_ = std::move(reading.read);
  return std::nullopt;
}

Reply RcptTo::run(Session& s) {
  auto& transaction = *s.transaction();
  if (transaction.chunks || transaction.chunk_failed) return kDataInsideBdat;
  delivery::Recipient recipient;
  for (const auto& p : read_.parameters)
    if (auto wrong = take(p, s, recipient)) return *std::move(wrong);
  if (read_.path.utf8 && !transaction.envelope.utf8) return kNeedsUtf8;
  if (s.options().refuse_percent && read_.path.local.find('%') != std::string::npos) return kPercent;
  if (static_cast<std::int64_t>(transaction.envelope.recipients.size()) >= s.options().recipients_most)
    return kTooManyRecipients;

  const auto& router = s.context().pipeline.router();
  auto address = router.complete(read_.path.text());
  if (!address) return kUnavailable;
  const auto route = router.route(*address);
  if (!route) return kUnavailable;
  // SMTP rules, stage 2, come here (spec 40 section 5); permissions of the account after the relay decision (11.1).
  switch (s.may_send_to(route->kind != delivery::Route::Kind::outside)) {
    case RelayAnswer::accept:
      break;
    case RelayAnswer::authentication_required:
      return kAuthenticationRequired;
    case RelayAnswer::refuse:
      return kRelayRefused;
  }
  if (route->kind == delivery::Route::Kind::unknown) {
    auto reply = SmtpReply::with(kUnknownRecipient, "<" + *address + ">");
    s.note_refused(*address, reply);
    return reply;
  }

  if (transaction.known.insert(*address).second) {
    recipient.address = *std::move(address);
    transaction.envelope.recipients.push_back(std::move(recipient));
  }
  return kRecipientOk;
}

}  // namespace pennypost::smtp
