// The shape of a command (STYLE 3.1): its row in the table, its syntax, its run.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "server/smtp/reply.h"

namespace pennypost::smtp {

class Session;

/// What must have come before (RFC 5321 4.1.4).
enum class Needs : std::uint8_t {
  nothing,
  hello,   ///< HELO or EHLO
  mail,    ///< a MAIL that was accepted
  itself,  ///< the command answers for itself (BDAT has to read its octets first)
};

class Command {
 public:
  virtual ~Command() = default;
  /// Syntax alone: what stands behind the command word and one blank, blanks at its end taken off. Nothing when it is
  /// right, else the reply.
  virtual std::optional<Reply> parse(std::string_view argument) = 0;
  /// From top to bottom; the one final reply.
  virtual Reply run(Session& s) = 0;
};

struct CommandRow {
  std::string_view word;
  Needs needs = Needs::hello;
  bool before_tls = false;  ///< allowed while TLS is demanded and not there (RFC 3207 section 4)
  std::string_view help;
  std::unique_ptr<Command> (*make)() = nullptr;
};

}  // namespace pennypost::smtp
