// MAIL (RFC 5321 4.1.1.2). Whether the client may send at all is decided at RCPT, where the recipient is known.
#include "server/base/text.h"
#include "server/smtp/commands.h"
#include "server/smtp/intake.h"
#include "server/smtp/session.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {
namespace {

constexpr std::size_t kMostEnvelopeId = 100;  // RFC 3461 section 4.4

/// Takes one parameter into the transaction; the reply when it will not do.
std::optional<Reply> take(const Parameter& p, Session& s, Transaction& into) {
  if (p.keyword == "SIZE") {
    const auto size = p.value ? to_number(*p.value) : std::nullopt;
    if (!size) return Reply{kBadParameter};
    if (*size > static_cast<std::uint64_t>(s.options().message_most.count)) return Reply{kTooLarge};
    into.declared = {static_cast<std::int64_t>(*size)};
    return std::nullopt;
  }
  if (p.keyword == "BODY") {
    if (!p.value || (!same_word(*p.value, "7BIT") && !same_word(*p.value, "8BITMIME"))) return Reply{kBadParameter};
    into.envelope.eight_bit = same_word(*p.value, "8BITMIME");
    return std::nullopt;
  }
  if (p.keyword == "SMTPUTF8") {
    if (p.value) return Reply{kBadParameter};
    into.envelope.utf8 = true;
    return std::nullopt;
  }
  if (p.keyword == "AUTH") {
    if (!p.value || !decode_xtext(*p.value)) return Reply{kBadParameter};
    return std::nullopt;
  }
  if (p.keyword == "RET") {
    const bool full = p.value && same_word(*p.value, "FULL");
    if (!full && !(p.value && same_word(*p.value, "HDRS"))) return Reply{kBadParameter};
    if (s.options().dsn) into.envelope.returns = full ? delivery::Return::full : delivery::Return::headers;
    return std::nullopt;
  }
  if (p.keyword == "ENVID") {
    const auto id = p.value && p.value->size() <= kMostEnvelopeId ? decode_xtext(*p.value) : std::nullopt;
    if (!id || printable(*id) != *id) return Reply{kBadParameter};
    if (s.options().dsn) into.envelope.envelope_id = *id;
    return std::nullopt;
  }
  return Reply{SmtpReply::with(kUnknownParameter, p.keyword)};
}

}  // namespace

std::optional<Reply> MailFrom::parse(std::string_view argument) {
  auto reading = read_path(argument, PathKind::reverse);
  switch (reading.problem) {
    case PathProblem::none:
      break;
    case PathProblem::keyword:
    case PathProblem::path:
      return Reply{kBadSenderSyntax};
    case PathProblem::parameter:
      return Reply{kBadParameter};
  }
  read_ = std::move(reading.read);
  return std::nullopt;
}

Reply MailFrom::run(Session& s) {
  if (s.transaction() != nullptr) return kMailTwice;
  Transaction transaction;
  for (const auto& p : read_.parameters)
    if (auto wrong = take(p, s, transaction)) return *std::move(wrong);
  if (read_.path.utf8 && !transaction.envelope.utf8) return kNeedsUtf8;
  if (!read_.path.null()) {
    auto address = s.context().pipeline.router().complete(read_.path.text());
    if (!address) return kUnavailable;
    transaction.envelope.return_path = *std::move(address);
  }
  s.begin_transaction() = std::move(transaction);
  return kSenderOk;
}

}  // namespace pennypost::smtp
