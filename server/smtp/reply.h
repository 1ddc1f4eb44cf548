// What a command answers: one reply of one or more lines, and what the session does when it is sent.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "server/base/smtp_text.h"

namespace pennypost::smtp {

enum class After {
  go_on,
  close,      ///< the reply is the last one
  start_tls,  ///< the handshake follows the reply (RFC 3207)
  silence,    ///< the client is gone: nothing is sent
};

struct Reply {
  SmtpReply first;
  std::vector<std::string> more;  ///< further lines (EHLO, HELP)
  After after = After::go_on;

  Reply(const SmtpText& text) : first{text} {}         // NOLINT: a text is a reply
  Reply(SmtpReply reply) : first{std::move(reply)} {}  // NOLINT: a reply of one line
  Reply(SmtpReply reply, After then) : first{std::move(reply)}, after{then} {}
  Reply(SmtpReply reply, std::vector<std::string> lines) : first{std::move(reply)}, more{std::move(lines)} {}

  /// As it goes on the wire, CR LF at the end of every line.
  std::string wire() const {
    if (more.empty()) return first.line() + "\r\n";
    std::string out;
    for (std::size_t i = 0; i <= more.size(); ++i) {
      auto line = SmtpReply{first.code, first.enhanced, i == 0 ? first.text : more[i - 1]}.line();
      if (i < more.size()) line[3] = '-';
      out += line + "\r\n";
    }
    return out;
  }
};

}  // namespace pennypost::smtp
