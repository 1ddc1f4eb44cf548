// RSET, NOOP, HELP, QUIT (RFC 5321 4.1.1.5, 4.1.1.8 to 4.1.1.10).
#include "server/base/text.h"
#include "server/smtp/commands.h"
#include "server/smtp/intake.h"
#include "server/smtp/session.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {

std::optional<Reply> Rset::parse(std::string_view argument) {
  if (!argument.empty()) return Reply{kNoArgumentsHere};
  return std::nullopt;
}

Reply Rset::run(Session& s) {
  s.end_transaction();
  return kOk;
}

std::optional<Reply> Noop::parse(std::string_view /*argument*/) { return std::nullopt; }

Reply Noop::run(Session& /*s*/) { return kOk; }

std::optional<Reply> Help::parse(std::string_view argument) {
  word_ = argument;
  return std::nullopt;
}

Reply Help::run(Session& s) {
  std::vector<std::string> lines;
  for (const auto& row : commands())
    if (word_.empty() || same_word(word_, row.word)) lines.emplace_back(row.help);
  if (lines.empty()) return SmtpReply::with(kNoSuchHelp, word_);
  SmtpReply first{214, {2, 0, 0}, s.options().host_name + " takes these commands:"};
  return {std::move(first), std::move(lines)};
}

std::optional<Reply> Quit::parse(std::string_view argument) {
  if (!argument.empty()) return Reply{kNoArgumentsHere};
  return std::nullopt;
}

Reply Quit::run(Session& /*s*/) { return {kBye, After::close}; }

}  // namespace pennypost::smtp
