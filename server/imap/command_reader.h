// Reads a whole command off the connection: its line, and the literals in it (RFC 3501 4.3, RFC 7888).
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/limits.h"
#include "server/base/result.h"
#include "server/delivery/content.h"
#include "server/imap/arguments.h"
#include "server/imap/command.h"
#include "server/imap/reply.h"
#include "server/net/connection.h"

namespace pennypost::imap {

/// A command as it came. The views live until the next call of `read`.
struct CommandRequest {
  std::string_view tag;   ///< "*" when there was none that could be used
  std::string_view name;  ///< as written, without "UID"
  bool uid_form = false;
  std::string_view arguments;  ///< behind the name and one space
  std::size_t before = 0;      ///< octets of the text in front of the arguments
  std::span<const SpooledLiteral> spooled;
  std::optional<Reply> refusal;  ///< it was too large or makes no sense: the reply, nothing to run
};

/// The limits of one read.
struct ReaderLimits {
  Octets literal;  ///< most octets of a string
  Octets message;  ///< most octets of a literal of a command that takes messages; 0 where none may
};

/// One connection, one thread. Whatever is refused is read to its end and thrown away, so that no octet of it is ever
/// taken for a command; a sync literal is refused before it is sent.
class CommandReader {
 public:
  /// Gives the refusal when the command with this name and beginning cannot succeed, before a large literal is invited.
  using RefuseEarly = std::function<std::optional<Reply>(std::string_view name, std::string_view arguments)>;

  CommandReader(net::Connection& connection, std::string spool) : connection_{connection}, spool_{std::move(spool)} {}

  /// Waits up to `wait` for the next command. `takes_messages` says whether a command of this name does. Errors:
  /// `unavailable`, `cancelled`: the connection has ended; see Connection::ended, or `unavailable` with ended()
  /// == no when the client was silent for `wait`.
  Result<CommandRequest> read(Seconds wait, const ReaderLimits& limits,
                              const std::function<bool(std::string_view name)>& takes_messages,
                              const RefuseEarly& refuse_early);
  /// One line into `into`, without its end. False: it was too long (and was read to its end).
  Result<bool> read_line(std::string& into, Octets most, Seconds wait);
  bool was_silent() const { return silent_; }
  /// The content of a spooled literal, to be taken away.
  delivery::Content take_content(const char* octets);
  /// Gives memory back after a command; called when the session is about to wait.
  void release();

 private:
  struct LiteralMark {
    std::uint64_t size = 0;
    bool sync = true;
  };
  static std::optional<LiteralMark> literal_at_end(std::string_view line, bool& malformed);
  Result<void> wait_for_input(Seconds wait);
  Result<void> read_string(Octets size, Seconds wait);
  Result<void> read_message(Octets size, Octets most, Seconds wait, std::optional<Reply>& refusal);

  static constexpr Octets kInline{16 * 1024};  // a message up to this size stays in the command's text

  net::Connection& connection_;
  std::string spool_;
  std::string text_;
  std::string tail_;  // the end of a line that did not fit
  Octets spooled_octets_;
  std::vector<SpooledLiteral> spooled_;
  std::vector<delivery::Content> contents_;
  bool silent_ = false;
};

}  // namespace pennypost::imap
