// STAT and NOOP (RFC 1939 section 5).
#include <fmt/format.h>

#include "server/pop3/handlers.h"
#include "server/pop3/session.h"

namespace pennypost::pop3 {
namespace {

class Stat final : public Command {
 public:
  Reply run(Session& session) override {
    return ok(fmt::format("{} {}", session.maildrop().count(), session.maildrop().size().count));
  }
};

class Noop final : public Command {
 public:
  Reply run(Session&) override { return ok(); }
};

}  // namespace

std::unique_ptr<Command> make_stat() { return std::make_unique<Stat>(); }
std::unique_ptr<Command> make_noop() { return std::make_unique<Noop>(); }

}  // namespace pennypost::pop3
