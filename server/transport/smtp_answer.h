// Answers of SMTP servers, read leniently (RFC 5321 4.2, RFC 2034).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "server/base/smtp_text.h"

namespace pennypost::transport {

/// One line of an answer.
struct AnswerLine {
  int code = 0;
  bool is_last = true;
  std::string_view text;  ///< behind the code and its separator
};
/// None for what is no line of an answer. A code alone is one.
std::optional<AnswerLine> parse_answer_line(std::string_view line);

/// Takes the enhanced code off the front of the text when there is one that agrees with the reply code.
Enhanced take_enhanced(int code, std::string_view& text);

/// "550 5.1.1 text", or what is left of it: what the log, the queue page and a report show. Printable, bounded.
std::string in_words(const SmtpReply& reply);

}  // namespace pennypost::transport
