// CREATE (RFC 3501 6.3.3; special use: RFC 6154 section 3). Missing levels above the name are made too.
#include "server/imap/create.h"

#include "server/imap/list_names.h"
#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Create::parse(Arguments& in) {
  name_ = in.mailbox();
  if (in.take(' ') && !in.at_end()) {
    in.expect('(');
    if (!in.take_word("USE")) in.fail("unknown parameter");
    in.space();
    in.expect('(');
    in.expect('\\');
    const std::string word = "\\" + std::string{in.atom()};
    use_ = special_use(word);
    if (use_ == store::SpecialUse::none) in.fail("unknown special use");
    in.expect(')');
    in.expect(')');
  }
  return in.end();
}

Reply Create::run(Session& session) {
  // "#users" and whatever else may come begin with "#" (spec 50 section 3.2).
  if (name_.starts_with('#')) return no("NOPERM", "Names that begin with # belong to the server");
  const auto made = session.store().folders().create(session.account(), name_, use_);
  if (!made)
    return made.error().kind == Kind::bad_input ? no("CANNOT", made.error().for_client) : reply_for(made.error());
  return ok("CREATE completed");
}

}  // namespace pennypost::imap
