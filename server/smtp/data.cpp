// DATA (RFC 5321 4.1.1.4): 354, the octets, one reply for all recipients.
#include "server/smtp/commands.h"
#include "server/smtp/intake.h"
#include "server/smtp/session.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {

std::optional<Reply> Data::parse(std::string_view argument) {
  if (!argument.empty()) return Reply{kNoArgumentsHere};
  return std::nullopt;
}

Reply Data::run(Session& s) {
  const auto& transaction = *s.transaction();
  if (transaction.chunks || transaction.chunk_failed) return kDataInsideBdat;
  if (transaction.envelope.recipients.empty()) return kNoRecipients;
  s.connection().write(Reply{kStartMail}.wire());
  Intake intake{s, DataScanner::Mode::dot_ends};
  if (auto lost = intake.read_to_dot()) return *std::move(lost);
  auto reply = intake.finish();
  s.end_transaction();
  return reply;
}

}  // namespace pennypost::smtp
