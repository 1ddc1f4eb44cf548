// The table: every command once, by name. To add one: its class in a file of its own, its row here, a session file of
// its name in conformance.
#include "server/imap/commands.h"

#include <algorithm>
#include <array>

#include "server/base/text.h"
#include "server/imap/append.h"
#include "server/imap/authenticate.h"
#include "server/imap/capability.h"
#include "server/imap/check.h"
#include "server/imap/close.h"
#include "server/imap/copy.h"
#include "server/imap/create.h"
#include "server/imap/delete.h"
#include "server/imap/enable.h"
#include "server/imap/examine.h"
#include "server/imap/expunge.h"
#include "server/imap/fetch.h"
#include "server/imap/id.h"
#include "server/imap/idle.h"
#include "server/imap/list.h"
#include "server/imap/login.h"
#include "server/imap/logout.h"
#include "server/imap/lsub.h"
#include "server/imap/move.h"
#include "server/imap/namespace.h"
#include "server/imap/noop.h"
#include "server/imap/rename.h"
#include "server/imap/search.h"
#include "server/imap/select.h"
#include "server/imap/starttls.h"
#include "server/imap/status.h"
#include "server/imap/store.h"
#include "server/imap/subscribe.h"
#include "server/imap/unselect.h"
#include "server/imap/unsubscribe.h"

namespace pennypost::imap {

namespace {

template <typename C>
constexpr CommandEntry entry() {
  return {&C::kRow, [] { return std::unique_ptr<Command>{std::make_unique<C>()}; }, nullptr};
}

constexpr CommandEntry append_entry() {
  CommandEntry row = entry<Append>();
  row.refuse_early = &Append::refuse_early;
  return row;
}

constexpr std::array kCommands = {
    append_entry(),    entry<Authenticate>(),  entry<Capability>(),    entry<Check>(),
    entry<Close>(),    entry<Copy>(),          entry<Create>(),        entry<Delete>(),
    entry<Enable>(),   entry<Examine>(),       entry<Expunge>(),       entry<Fetch>(),
    entry<Id>(),       entry<Idle>(),          entry<List>(),          entry<Login>(),
    entry<Logout>(),   entry<Lsub>(),          entry<Move>(),          entry<Namespace>(),
    entry<Noop>(),     entry<Rename>(),        entry<SearchCommand>(), entry<Select>(),
    entry<StartTls>(), entry<StatusCommand>(), entry<StoreCommand>(),  entry<Subscribe>(),
    entry<Unselect>(), entry<Unsubscribe>(),
};
static_assert(std::ranges::is_sorted(kCommands, {}, [](const CommandEntry& e) { return e.row->name; }));

/// What is announced without a command of its own; the first by every server (RFC 3501 7.2.1).
constexpr std::string_view kAlways = "IMAP4rev1 LITERAL+ SASL-IR";
constexpr std::string_view kWithoutCommand = "CONDSTORE STATUS=SIZE";

}  // namespace

std::span<const CommandEntry> all_commands() { return kCommands; }

const CommandEntry* find_command(std::string_view name) {
  const auto found =
      std::ranges::find_if(kCommands, [name](const CommandEntry& e) { return same_word(e.row->name, name); });
  return found == kCommands.end() ? nullptr : &*found;
}

std::string capabilities(const CapabilityFacts& facts) {
  std::string out{kAlways};
  const auto word = [&out](std::string_view text) {
    out += ' ';
    out += text;
  };
  for (const CommandEntry& each : kCommands) {
    const CommandRow& row = *each.row;
    if (row.capability.empty() || (row.name == Idle::kRow.name && !facts.idle)) continue;
    word(row.capability);
  }
  word(kWithoutCommand);
  if (facts.append_limit > 0) word("APPENDLIMIT=" + std::to_string(facts.append_limit));
  if (facts.is_authenticated) return out;
  if (facts.can_start_tls) word("STARTTLS");
  if (facts.login_disabled) word("LOGINDISABLED");
  for (const std::string_view mechanism : facts.mechanisms) word("AUTH=" + std::string{mechanism});
  return out;
}

}  // namespace pennypost::imap
