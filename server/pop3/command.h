// The shape of a POP3 command (RFC 1939): syntax in `parse`, work in `run`, one final reply.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/result.h"

namespace pennypost::pop3 {

class Session;

/// What stands behind the name of a command, taken word by word; what nobody took is an error.
class Arguments {
 public:
  explicit Arguments(std::string_view rest) : rest_{rest} {}
  /// The next word. Error: `bad_input` when there is none.
  Result<std::string_view> word();
  /// Everything that is left, blanks included (a password). Error: `bad_input` when there is nothing.
  Result<std::string_view> rest();
  /// A number of a message or of lines. Error: `bad_input`.
  Result<std::uint32_t> number();
  bool is_empty() const { return rest_.empty(); }
  /// Error: `bad_input` when something is left.
  Result<void> end() const;

 private:
  std::string_view rest_;
};

/// What the session does once the reply is sent.
enum class After { go_on, close, start_tls };

/// The last line of the answer, without CR LF, and what follows. An empty line sends nothing (connection lost while a
/// message was under way).
struct Reply {
  std::string line;
  After after = After::go_on;
};

/// "+OK text".
Reply ok(std::string_view text = {});
/// "-ERR text", "-ERR [CODE] text" with a response code (RFC 2449 section 8, RFC 3206).
Reply err(std::string_view text, std::string_view code = {});
/// The line that ends a multi-line answer, whose first lines were written to the connection.
Reply end_of_lines();
/// The answer half given cannot be ended: nothing but closing tells the client so.
Reply cut_off();
/// The answer to an Error, by its kind.
Reply reply_for(const Error& error);

class Command {
 public:
  virtual ~Command() = default;
  virtual Result<void> parse(Arguments& in) { return in.end(); }
  virtual Reply run(Session& session) = 0;
};

/// RFC 1939 section 3: the states in which a command makes sense.
enum class In : std::uint8_t { authorization = 1, transaction = 2, both = 3 };

struct CommandRow {
  std::string_view name;
  In states;
  std::unique_ptr<Command> (*make)();
  std::string_view says;  ///< for the manual
};

}  // namespace pennypost::pop3
