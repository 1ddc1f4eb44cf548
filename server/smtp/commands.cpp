// The table of SMTP commands. To add one: declare its class in commands.h, write it in a file of its own, add its row.
#include "server/smtp/commands.h"

#include <array>

#include "server/base/text.h"

namespace pennypost::smtp {
namespace {

template <typename C>
std::unique_ptr<Command> make() {
  return std::make_unique<C>();
}

constexpr auto kCommands = std::to_array<CommandRow>({
    {"HELO", Needs::nothing, false, "HELO name: begin, without extensions",
     [] { return std::unique_ptr<Command>{std::make_unique<Hello>(false)}; }},
    {"EHLO", Needs::nothing, true, "EHLO name: begin, with extensions",
     [] { return std::unique_ptr<Command>{std::make_unique<Hello>(true)}; }},
    {"MAIL", Needs::hello, false, "MAIL FROM:<address> [parameters]: begin a message", make<MailFrom>},
    {"RCPT", Needs::mail, false, "RCPT TO:<address> [parameters]: add a recipient", make<RcptTo>},
    {"DATA", Needs::mail, false, "DATA: send the message, ended by a line with a dot", make<Data>},
    {"BDAT", Needs::itself, false, "BDAT octets [LAST]: send a part of the message", make<Bdat>},
    {"RSET", Needs::nothing, false, "RSET: forget the message begun", make<Rset>},
    {"NOOP", Needs::nothing, true, "NOOP: nothing", make<Noop>},
    {"QUIT", Needs::nothing, true, "QUIT: end", make<Quit>},
    {"HELP", Needs::nothing, false, "HELP [command]: this list", make<Help>},
    {"VRFY", Needs::hello, false, "VRFY address: ask for an address",
     [] { return std::unique_ptr<Command>{std::make_unique<Verify>(false)}; }},
    {"EXPN", Needs::hello, false, "EXPN list: ask for the members of a list",
     [] { return std::unique_ptr<Command>{std::make_unique<Verify>(true)}; }},
    {"ETRN", Needs::hello, false, "ETRN domain: start sending what waits for a domain", make<Etrn>},
    {"AUTH", Needs::hello, false, "AUTH mechanism [response]: log in", make<Auth>},
    {"STARTTLS", Needs::nothing, true, "STARTTLS: encrypt the connection", make<StartTls>},
});

}  // namespace

std::span<const CommandRow> commands() { return kCommands; }

const CommandRow* find_command(std::string_view word) {
  for (const auto& row : kCommands)
    if (same_word(row.word, word)) return &row;
  return nullptr;
}

}  // namespace pennypost::smtp
