// LOGIN (RFC 3501 6.2.3; spec 50 sections 1.5 and 3.1). A wrong name and a wrong password are the same answer.
#include "server/imap/login.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Login::parse(Arguments& in) {
  name_ = in.astring();
  in.space();
  password_ = in.astring();
  return in.end();
}

Reply Login::run(Session& session) {
  if (session.is_login_disabled()) return no("PRIVACYREQUIRED", "Plain passwords are accepted over TLS only");
  const auto identity = session.context().authenticator.with_password(session.client(), name_, password_, "LOGIN");
  if (!identity) return session.refuse_login(identity.error());
  return session.admit(*identity);
}

}  // namespace pennypost::imap
