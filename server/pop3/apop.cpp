// APOP (RFC 1939 section 7): needs accounts whose password is kept in recoverable form. Without any of those the
// command is refused, which counts as nobody's wrong password.
#include "server/pop3/handlers.h"
#include "server/pop3/session.h"

namespace pennypost::pop3 {
namespace {

class Apop final : public Command {
 public:
  Result<void> parse(Arguments& in) override {
    const auto name = in.word();
    if (!name) return name.error();
    const auto digest = in.word();
    if (!digest) return digest.error();
    name_ = *name;
    digest_ = *digest;
    return in.end();
  }
  Reply run(Session& session) override {
    if (!session.has_recoverable()) return err("APOP is not available");
    return session.logged_in(
        session.authenticator().with_digest(session.client(), name_, session.challenge(), digest_, auth::Digest::apop));
  }

 private:
  std::string name_;
  std::string digest_;
};

}  // namespace

std::unique_ptr<Command> make_apop() { return std::make_unique<Apop>(); }

}  // namespace pennypost::pop3
