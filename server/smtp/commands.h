// All commands of SMTP: their classes (each is written in the file of its name or family) and the table that dispatch,
// HELP and the tests read.
#pragma once
#include <optional>
#include <span>
#include <string>

#include "server/base/units.h"
#include "server/smtp/command.h"
#include "server/smtp/path.h"

namespace pennypost::smtp {

/// In the order of HELP.
std::span<const CommandRow> commands();
/// Without regard to case; none for an unknown word.
const CommandRow* find_command(std::string_view word);

/// HELO, EHLO: RFC 5321 4.1.1.1; spec 40 section 3.1 (an EHLO without a name is taken).
class Hello final : public Command {
 public:
  explicit Hello(bool extended) : extended_{extended} {}
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;

 private:
  bool extended_;
  std::string name_;
};

/// RFC 5321 4.1.1.2 with SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461), AUTH (RFC
/// 4954 section 5, read and ignored: nobody is trusted to speak for another).
class MailFrom final : public Command {
 public:
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;

 private:
  PathAndParameters read_;
};

/// RFC 5321 4.1.1.3 with NOTIFY and ORCPT (RFC 3461); the relay decision of spec 40 section 7.
class RcptTo final : public Command {
 public:
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;

 private:
  PathAndParameters read_;
};

/// RFC 5321 4.1.1.4.
class Data final : public Command {
 public:
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;
};

/// RFC 3030 section 2. What is wrong with the transaction is told after the octets of the chunk have been read.
class Bdat final : public Command {
 public:
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;

 private:
  std::uint64_t octets_ = 0;
  bool last_ = false;
};

/// RFC 5321 4.1.1.5.
class Rset final : public Command {
 public:
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;
};

/// RFC 5321 4.1.1.9.
class Noop final : public Command {
 public:
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;
};

/// RFC 5321 4.1.1.8: the table of commands.
class Help final : public Command {
 public:
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;

 private:
  std::string word_;
};

/// RFC 5321 4.1.1.10.
class Quit final : public Command {
 public:
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;
};

/// VRFY, EXPN: RFC 5321 4.1.1.6 and 7; off unless switched on, and then for clients of the local networks only (spec 40
/// section 2.7).
class Verify final : public Command {
 public:
  explicit Verify(bool expand) : expand_{expand} {}
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;

 private:
  bool expand_;
  std::string who_;
};

/// RFC 1985; spec 40 section 3.2. Without LAN forwarding rules no node is known.
class Etrn final : public Command {
 public:
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;

 private:
  std::string node_;
};

/// RFC 4954.
class Auth final : public Command {
 public:
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;

 private:
  std::string mechanism_;
  std::optional<std::string> initial_;
};

/// RFC 3207.
class StartTls final : public Command {
 public:
  std::optional<Reply> parse(std::string_view argument) override;
  Reply run(Session& s) override;
};

}  // namespace pennypost::smtp
