// DELE and RSET (RFC 1939 section 5): marks in memory; nothing is deleted before QUIT.
#include "server/pop3/handlers.h"
#include "server/pop3/session.h"

namespace pennypost::pop3 {
namespace {

class Dele final : public Command {
 public:
  Result<void> parse(Arguments& in) override {
    const auto number = in.number();
    if (!number) return number.error();
    number_ = *number;
    return in.end();
  }
  Reply run(Session& session) override {
    const auto marked = session.maildrop().mark(number_);
    return marked ? ok("Message deleted") : reply_for(marked.error());
  }

 private:
  std::uint32_t number_ = 0;
};

class Rset final : public Command {
 public:
  Reply run(Session& session) override {
    session.maildrop().unmark_all();
    return ok();
  }
};

}  // namespace

std::unique_ptr<Command> make_dele() { return std::make_unique<Dele>(); }
std::unique_ptr<Command> make_rset() { return std::make_unique<Rset>(); }

}  // namespace pennypost::pop3
