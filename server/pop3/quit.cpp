// QUIT (RFC 1939 section 6): the one place where a POP3 session deletes, or holds where the setting says so (spec 50
// section 2.1). +OK is said only when that is committed, and the mailbox is free again before the client hears it.
#include "server/base/log.h"
#include "server/pop3/handlers.h"
#include "server/pop3/session.h"
#include "server/store/store.h"

namespace pennypost::pop3 {
namespace {

constexpr LogEvent kNotDeleted{"pop3.not_deleted", Level::error, "{count} marked messages were not deleted"};
constexpr LogEvent kDeleted{"pop3.deleted", Level::info, "{count} messages deleted"};
constexpr std::string_view kGoodBye = "VPOP3 Server Signing off";

class Quit final : public Command {
 public:
  Reply run(Session& session) override {
    Reply reply = session.is_open() ? update(session) : ok(kGoodBye);
    reply.after = After::close;
    return reply;
  }

 private:
  static Reply update(Session& session) {
    Maildrop& drop = session.maildrop();
    const auto uids = drop.marked();
    if (!uids.empty()) {
      const store::UidSet set{uids};
      store::Messages& messages = session.store().messages();
      Result<void> done;
      if (session.settings().get(kPop3Hold)) {
        if (const auto held = messages.hold(drop.folder(), set); !held) done = held.error();
      } else {
        if (const auto removed = messages.remove(drop.folder(), set); !removed) done = removed.error();
      }
      if (!done) {
        log(kNotDeleted, done.error(), {{"count", uids.size()}});
        drop.unlock();
        return err("Some deleted messages were not removed", "SYS/TEMP");
      }
      log(kDeleted, {{"count", uids.size()}});
    }
    drop.unlock();
    return ok(kGoodBye);
  }
};

}  // namespace

std::unique_ptr<Command> make_quit() { return std::make_unique<Quit>(); }

}  // namespace pennypost::pop3
