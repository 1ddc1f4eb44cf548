// STLS (RFC 2595 section 4). What the client sent behind it in clear is thrown away by the connection.
#include "server/pop3/handlers.h"
#include "server/pop3/session.h"

namespace pennypost::pop3 {
namespace {

class Stls final : public Command {
 public:
  Reply run(Session& session) override {
    if (session.connection().is_tls()) return err("TLS is on already");
    if (!session.connection().can_start_tls()) return err("TLS is not available");
    Reply reply = ok("Begin TLS negotiation");
    reply.after = After::start_tls;
    return reply;
  }
};

}  // namespace

std::unique_ptr<Command> make_stls() { return std::make_unique<Stls>(); }

}  // namespace pennypost::pop3
