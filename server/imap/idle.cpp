// IDLE (RFC 2177). The session sleeps in one poll on its socket and its event; news of the selected folder wakes it.
// While it sleeps it holds no buffer (DESIGN section 8).
#include "server/imap/idle.h"

#include <algorithm>

#include "server/base/text.h"
#include "server/imap/idle_memory.h"
#include "server/imap/session.h"
#include "server/imap/texts.h"

namespace pennypost::imap {

namespace {
constexpr Octets kDone{64};

Reply last_words(std::string_view text) {
  Reply reply = no(std::string{text});
  reply.then = Then::end_session;
  return reply;
}
}  // namespace

Result<void> Idle::parse(Arguments& in) { return in.end(); }

Reply Idle::run(Session& session) {
  if (!session.settings().get(kImapIdle)) return bad("IDLE is switched off");
  net::Connection& connection = session.connection();
  session.write("+ idling\r\n");
  store::News::Subscription subscription;
  if (session.selection() != nullptr) {
    subscription =
        session.store().news().on_folder(session.selected().view.folder(), [&connection] { connection.wake(); });
    session.selected().ahead.forget();
    // Subscribed first: what comes between is told now or wakes the wait.
    (void)session.tell_changes(store::Expunges::allowed);
  }
  const auto until = net::Connection::Clock::now() + session.idle_time();
  while (!session.is_mailbox_gone()) {
    (void)connection.flush();
    release_stack();
    const auto left = std::chrono::ceil<Seconds>(until - net::Connection::Clock::now());
    switch (connection.wait(std::max(left, Seconds{0}))) {
      case net::Woken::event:
        // Not told because the database is away: the next news or command tells it.
        if (session.selection() != nullptr) (void)session.tell_changes(store::Expunges::allowed);
        break;
      case net::Woken::input: {
        const auto line = session.read_answer(kDone);
        if (!line) return session.ended(line.error());
        if (!same_word(*line, "DONE")) return bad("Expected DONE");
        return ok("IDLE completed");
      }
      case net::Woken::timeout:
        return last_words(kSilentText);
      case net::Woken::stop:
        return last_words("The server is stopping");
      case net::Woken::closed:
        return session.ended(error(Kind::unavailable, "closed"));
    }
  }
  return ok("IDLE completed");
}

}  // namespace pennypost::imap
