// LIST and UIDL (RFC 1939 sections 5 and 7; texts of spec 50 section 2.3): of all messages that are not marked, or of
// one. Sizes are the octets that RETR sends, doubled dots not counted.
#include <fmt/format.h>

#include "server/pop3/handlers.h"
#include "server/pop3/session.h"

namespace pennypost::pop3 {
namespace {

enum class Shows { sizes, ids };

class Listing final : public Command {
 public:
  explicit Listing(Shows shows) : shows_{shows} {}

  Result<void> parse(Arguments& in) override {
    if (!in.is_empty()) {
      const auto number = in.number();
      if (!number) return number.error();
      number_ = *number;
    }
    return in.end();
  }

  Reply run(Session& session) override {
    const Maildrop& drop = session.maildrop();
    if (number_) {
      const auto message = drop.message(*number_);
      if (!message) return reply_for(message.error());
      return ok(line(*number_, **message));
    }
    session.connection().write(shows_ == Shows::sizes
                                   ? fmt::format("+OK {} messages ({} octets)\r\n", drop.count(), drop.size().count)
                                   : "+OK\r\n");
    std::uint32_t number = 0;
    for (const Maildrop::Message& message : drop.messages()) {
      ++number;
      if (!message.is_marked) session.connection().write(line(number, message) + "\r\n");
    }
    return end_of_lines();
  }

 private:
  std::string line(std::uint32_t number, const Maildrop::Message& message) const {
    return shows_ == Shows::sizes ? fmt::format("{} {}", number, message.size.count)
                                  : fmt::format("{} {}", number, message.uidl);
  }

  const Shows shows_;
  std::optional<std::uint32_t> number_;
};

}  // namespace

std::unique_ptr<Command> make_list() { return std::make_unique<Listing>(Shows::sizes); }
std::unique_ptr<Command> make_uidl() { return std::make_unique<Listing>(Shows::ids); }

}  // namespace pennypost::pop3
