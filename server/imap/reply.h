// The final, tagged reply of a command (RFC 3501 section 7.1). A command returns one; the session sends it.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "server/base/result.h"

namespace pennypost::imap {

enum class Status { ok, no, bad };
/// What happens behind the reply.
enum class Then { go_on, end_session, start_tls };

struct Reply {
  Status status = Status::ok;
  std::string code;  ///< between the brackets, "TRYCREATE"; empty: none
  std::string text;
  Then then = Then::go_on;
};

inline Reply ok(std::string text) { return {Status::ok, {}, std::move(text), Then::go_on}; }
inline Reply ok(std::string code, std::string text) {
  return {Status::ok, std::move(code), std::move(text), Then::go_on};
}
inline Reply no(std::string text) { return {Status::no, {}, std::move(text), Then::go_on}; }
inline Reply no(std::string code, std::string text) {
  return {Status::no, std::move(code), std::move(text), Then::go_on};
}
inline Reply bad(std::string text) { return {Status::bad, {}, std::move(text), Then::go_on}; }

/// The answer to an error that a lower floor reports: response codes of RFC 3501 and RFC 5530.
Reply reply_for(const Error& error);

/// "A1 OK [CODE] text" CR LF.
std::string print(std::string_view tag, const Reply& reply);

}  // namespace pennypost::imap
