// APPEND (RFC 3501 6.3.11), of several messages too (RFC 3502).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/imap/command.h"
#include "server/imap/session.h"

namespace pennypost::imap {

class Append final : public Command {
 public:
  static constexpr CommandRow kRow{
      .name = "APPEND", .in = In::authenticated, .literals = Literals::message, .capability = "MULTIAPPEND"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;
  /// The mailbox is looked for before the first large message is invited.
  static std::optional<Reply> refuse_early(Session& session, std::string_view arguments);

 private:
  struct Message {
    FlagList flags;
    std::optional<Timestamp> date;
    std::string_view octets;  // in the command, which outlives this
  };
  std::string name_;
  std::vector<Message> messages_;
};

}  // namespace pennypost::imap
