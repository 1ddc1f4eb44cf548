// USER and PASS (RFC 1939 section 7; spec 50 sections 1.3, 2.2, 2.3). USER never says whether the account exists.
// In clear, when passwords need encryption, both are refused before anything is looked at.
#include "server/pop3/handlers.h"
#include "server/pop3/session.h"

namespace pennypost::pop3 {
namespace {

Reply encryption_needed() { return err("Encryption is required for this login - use STLS, APOP or AUTH CRAM-MD5"); }

class User final : public Command {
 public:
  Result<void> parse(Arguments& in) override {
    const auto name = in.rest();  // account names hold no blanks, but then it is PASS that fails
    if (!name) return name.error();
    name_ = *name;
    return {};
  }
  Reply run(Session& session) override {
    if (!session.may_send_password()) return encryption_needed();
    session.set_user(name_);
    return ok("Please send PASS");
  }

 private:
  std::string name_;
};

class Pass final : public Command {
 public:
  Result<void> parse(Arguments& in) override {
    const auto password = in.rest();  // blanks are part of it (RFC 1939 section 7)
    if (!password) return password.error();
    password_ = *password;
    return {};
  }
  Reply run(Session& session) override {
    if (!session.may_send_password()) return encryption_needed();
    if (session.user().empty()) return err("Please send USER first");
    return session.logged_in(
        session.authenticator().with_password(session.client(), session.user(), password_, "USER"));
  }

 private:
  std::string password_;
};

}  // namespace

std::unique_ptr<Command> make_user() { return std::make_unique<User>(); }
std::unique_ptr<Command> make_pass() { return std::make_unique<Pass>(); }

}  // namespace pennypost::pop3
