// What a command is: a row of facts, a reader of its arguments, a run from top to bottom.
#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "server/base/result.h"
#include "server/imap/arguments.h"
#include "server/imap/reply.h"

namespace pennypost::imap {

class Session;

/// Where a command is allowed (RFC 3501 section 3). Each state but the first includes what follows it: a selected
/// session is an authenticated one.
enum class In : std::uint8_t { any, not_authenticated, authenticated, selected };

/// What a command does with message numbers (RFC 3501 7.4.1).
enum class Uses : std::uint8_t {
  nothing,      ///< expunges of others may be told before its reply
  numbers,      ///< its plain form uses message numbers as it runs: expunges have to wait; its UID form does not
  own_updates,  ///< it changes or leaves the selected mailbox; nothing is told behind it
};

/// What a command may bring as literals.
enum class Literals : std::uint8_t {
  small,    ///< strings
  message,  ///< whole messages: spooled
};

struct CommandRow {
  std::string_view name;
  In in = In::any;
  Uses uses = Uses::nothing;
  bool has_uid_form = false;
  Literals literals = Literals::small;
  std::string_view capability = {};  ///< the word by which it is announced, where it has one of its own
};

/// One command under way. `parse` is syntax alone; `run` is called when `parse` was good and returns the final reply.
class Command {
 public:
  virtual ~Command() = default;
  virtual Result<void> parse(Arguments& in) = 0;
  virtual Reply run(Session& session) = 0;
};

/// An entry of the table of commands (commands.cpp).
struct CommandEntry {
  const CommandRow* row = nullptr;
  std::unique_ptr<Command> (*make)() = nullptr;
  /// Asked before the client is invited to send a large literal: the refusal when the command cannot succeed anyway.
  std::optional<Reply> (*refuse_early)(Session&, std::string_view arguments) = nullptr;
};

}  // namespace pennypost::imap
