// Reading of a message (see the header). Memory is bounded by the connection's buffer and delivery::ContentWriter; time
// by the idle limit and by kSmtpMessageTime for each MiB. The answer is positive only after delivery has committed.
#include "server/smtp/intake.h"

#include "server/base/limits.h"
#include "server/smtp/session.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {

Intake::Intake(Session& s, DataScanner::Mode mode)
    : session_{s},
      writer_{s.context().pipeline.spool(), s.options().message_most, s.transaction()->declared},
      into_{writer_},
      scanner_{mode, s.options().nul},
      mode_{mode} {}

void Intake::extend_deadline() {
  const auto taken = std::min(writer_.size(), session_.options().message_most).count / Octets{1_MiB}.count;
  session_.connection().set_deadline(began_ + kSmtpMessageTime.most * (1 + taken));
}

Reply Intake::lost() {
  session_.connection().set_deadline(std::nullopt);  // the last reply must still go out
  return session_.ended();
}

std::optional<Reply> Intake::read_to_dot() {
  auto& connection = session_.connection();
  for (;;) {
    extend_deadline();
    const auto in = connection.read_some(session_.options().timeout);
    if (!in) return lost();
    const auto step = scanner_.feed(*in, into_);
    connection.consume(step.taken);
    if (step.finished) break;
  }
  connection.set_deadline(std::nullopt);
  return std::nullopt;
}

std::optional<Reply> Intake::read_chunk(std::uint64_t octets) {
  auto& connection = session_.connection();
  while (octets > 0) {
    extend_deadline();
    const auto in = connection.read_some(session_.options().timeout);
    if (!in) return lost();
    const auto part = in->substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(octets, in->size())));
    scanner_.feed(part, into_);
    octets -= part.size();
    connection.consume(part.size());
  }
  connection.set_deadline(std::nullopt);
  return std::nullopt;
}

std::optional<Reply> Intake::refusal() const {
  if (writer_.is_too_large()) return Reply{kTooLarge};
  if (scanner_.nul_rejected()) return Reply{kNul};
  return std::nullopt;
}

Reply Intake::finish() {
  if (mode_ == DataScanner::Mode::counted) scanner_.finish(into_);
  if (auto no = refusal()) return *std::move(no);
  auto content = writer_.finish();
  if (!content) {
    switch (content.error().kind) {
      case Kind::too_large:
        return kTooLarge;
      case Kind::disk_full:
        return kNoStorage;
      default:
        return kTryLater;  // the spool folder: whatever it is, the client keeps the message
    }
  }
  delivery::Mail mail;
  mail.client = session_.delivery_client();
  mail.envelope = std::move(session_.transaction()->envelope);
  mail.content = *std::move(content);
  return session_.context().pipeline.accept(std::move(mail), session_.options().host_name).reply;
}

}  // namespace pennypost::smtp
