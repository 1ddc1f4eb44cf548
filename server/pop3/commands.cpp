// The table of POP3 commands: dispatch, the manual and the tests read it (RFC 1939, 1734/5034, 2449, 2595).
#include "server/pop3/commands.h"

#include <algorithm>
#include <array>

#include "server/base/text.h"
#include "server/pop3/handlers.h"

namespace pennypost::pop3 {
namespace {

constexpr auto kCommands = std::to_array<CommandRow>({
    {"USER", In::authorization, make_user, "Names the account; PASS follows (RFC 1939 section 7)."},
    {"PASS", In::authorization, make_pass, "The password; opens the mailbox (RFC 1939 section 7)."},
    {"APOP", In::authorization, make_apop, "Name and digest of challenge and password (RFC 1939 section 7)."},
    {"AUTH", In::authorization, make_auth, "Login by SASL (RFC 5034); alone it lists the mechanisms."},
    {"STLS", In::authorization, make_stls, "Begins TLS (RFC 2595 section 4)."},
    {"CAPA", In::both, make_capa, "Lists what this server can do here and now (RFC 2449)."},
    {"STAT", In::transaction, make_stat, "Number of messages and their octets (RFC 1939 section 5)."},
    {"LIST", In::transaction, make_list, "Octets of each message, or of one (RFC 1939 section 5)."},
    {"UIDL", In::transaction, make_uidl, "The lasting id of each message, or of one (RFC 1939 section 7)."},
    {"RETR", In::transaction, make_retr, "A whole message (RFC 1939 section 5)."},
    {"TOP", In::transaction, make_top, "Header and first lines of a message (RFC 1939 section 7)."},
    {"DELE", In::transaction, make_dele, "Marks a message; QUIT deletes it (RFC 1939 section 5)."},
    {"RSET", In::transaction, make_rset, "Takes all marks away (RFC 1939 section 5)."},
    {"NOOP", In::transaction, make_noop, "Does nothing (RFC 1939 section 5)."},
    {"QUIT", In::both, make_quit, "Deletes what is marked and ends the session (RFC 1939 section 6)."},
});

}  // namespace

std::span<const CommandRow> commands() { return kCommands; }

const CommandRow* find_command(std::string_view name) {
  const auto found = std::ranges::find_if(kCommands, [&](const CommandRow& row) { return same_word(row.name, name); });
  return found == kCommands.end() ? nullptr : &*found;
}

}  // namespace pennypost::pop3
