// BDAT (RFC 3030). The octets of a chunk always follow the command, so they are read before anything is refused; a
// length that cannot be read leaves no way to stay in step, and ends the session.
#include "server/base/text.h"
#include "server/smtp/commands.h"
#include "server/smtp/intake.h"
#include "server/smtp/session.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {

std::optional<Reply> Bdat::parse(std::string_view argument) {
  const auto words = split_words(argument);
  const auto octets = words.empty() ? std::nullopt : to_number(words[0]);
  last_ = words.size() == 2 && same_word(words[1], "LAST");
  if (!octets || words.size() > 2 || (words.size() == 2 && !last_)) return Reply{kBadParameter, After::close};
  octets_ = *octets;
  return std::nullopt;
}

Reply Bdat::run(Session& s) {
  auto* transaction = s.transaction();
  const auto refuse = [&](Reply reply) -> Reply {
    // Not Connection::skip: its limit of time is that of an Intake for a message.
    s.connection().set_deadline(net::Connection::Clock::now() + kSmtpMessageTime.most);
    const auto skipped = s.connection().skip({static_cast<std::int64_t>(std::min<std::uint64_t>(octets_, INT64_MAX))},
                                             s.options().timeout);
    s.connection().set_deadline(std::nullopt);
    if (!skipped) return s.ended();
    if (transaction != nullptr && !transaction->envelope.recipients.empty()) {
      transaction->chunks.reset();
      transaction->chunk_failed = true;
    }
    return reply;
  };
  if (transaction == nullptr) return refuse(s.has_hello() ? kMailFirst : kHelloFirst);
  if (transaction->envelope.recipients.empty()) return refuse(kNoRecipients);
  if (transaction->chunk_failed) return refuse(kBdatFailed);

  if (!transaction->chunks) transaction->chunks = std::make_unique<Intake>(s, DataScanner::Mode::counted);
  auto& intake = *transaction->chunks;
  if (auto lost = intake.read_chunk(octets_)) return *std::move(lost);
  if (!last_) {
    if (auto no = intake.refusal()) {
      transaction->chunks.reset();
      transaction->chunk_failed = true;
      return *std::move(no);
    }
    return SmtpReply{kChunk.code, kChunk.enhanced, std::to_string(octets_) + " " + std::string{kChunk.text}};
  }
  auto reply = intake.finish();
  s.end_transaction();
  return reply;
}

}  // namespace pennypost::smtp
