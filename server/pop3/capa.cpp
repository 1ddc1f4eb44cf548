// CAPA (RFC 2449; SASL: RFC 5034; STLS: RFC 2595). Lists what works here and now; the names
// and their order follow spec 50 section 2.3.
#include "server/pop3/handlers.h"
#include "server/pop3/session.h"

namespace pennypost::pop3 {
namespace {

class Capa final : public Command {
 public:
  Reply run(Session& session) override {
    std::string list = "+OK Capability list follows\r\nTOP\r\nUIDL\r\n";
    if (session.may_send_password()) list += "USER\r\n";
    list += "RESP-CODES\r\nPIPELINING\r\n";
    list += "SASL";
    for (const std::string_view name : auth::offered(session.sasl_conditions())) list.append(" ").append(name);
    list += "\r\n";
    if (session.connection().can_start_tls() && !session.is_open()) list += "STLS\r\n";
    list += "IMPLEMENTATION VPOP3\r\n";
    session.connection().write(list);
    return end_of_lines();
  }
};

}  // namespace

std::unique_ptr<Command> make_capa() { return std::make_unique<Capa>(); }

}  // namespace pennypost::pop3
