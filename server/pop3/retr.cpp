// RETR and TOP (RFC 1939 sections 5 and 7; texts of spec 50 section 2.3). The message streams from the database in
// pieces; one that is gone is said to be gone; when the database goes away in the middle, the connection is closed,
// because a false end would make the client believe that it has the whole message.
#include <array>

#include <fmt/format.h>

#include "server/base/log.h"
#include "server/pop3/dot_lines.h"
#include "server/pop3/handlers.h"
#include "server/pop3/session.h"
#include "server/store/store.h"

namespace pennypost::pop3 {
namespace {

constexpr LogEvent kCutOff{"pop3.retrieval_failed", Level::error, "message {number} could not be sent"};

Reply stream(Session& session, std::uint32_t number, std::optional<std::uint32_t> lines) {
  const auto message = session.maildrop().message(number);
  if (!message) return reply_for(message.error());
  net::Connection& connection = session.connection();
  DotLines dots{[&connection](std::string_view octets) { connection.write(octets); }, lines};
  bool has_begun = false;
  Octets sent;
  const auto done = session.maildrop().read(**message, [&](const store::Piece& piece) {
    if (!has_begun) {
      connection.write(lines ? std::string{"+OK\r\n"} : fmt::format("+OK {} octets\r\n", (*message)->size.count));
      has_begun = true;
    }
    sent += Octets{static_cast<std::int64_t>(piece.octets.size())};
    return dots.take(piece.octets) && connection.flush().ok();
  });
  if (!done) {
    log(kCutOff, done.error(), {{"number", number}});
    return has_begun ? cut_off() : reply_for(done.error());
  }
  if (!has_begun) return err("Can't open the message file - it's gone");
  if (connection.ended() == net::Ended::broken) return cut_off();
  if (!lines && sent < (*message)->size) return cut_off();  // removed by somebody while it was under way
  dots.finish();
  return end_of_lines();
}

class Retr final : public Command {
 public:
  Result<void> parse(Arguments& in) override {
    const auto number = in.number();
    if (!number) return number.error();
    number_ = *number;
    return in.end();
  }
  Reply run(Session& session) override { return stream(session, number_, std::nullopt); }

 private:
  std::uint32_t number_ = 0;
};

class Top final : public Command {
 public:
  Result<void> parse(Arguments& in) override {
    const auto number = in.number();
    if (!number) return number.error();
    const auto lines = in.number();
    if (!lines) return lines.error();
    number_ = *number;
    lines_ = *lines;
    return in.end();
  }
  Reply run(Session& session) override { return stream(session, number_, lines_); }

 private:
  std::uint32_t number_ = 0;
  std::uint32_t lines_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_retr() { return std::make_unique<Retr>(); }
std::unique_ptr<Command> make_top() { return std::make_unique<Top>(); }

}  // namespace pennypost::pop3
