// Errors as answers: one switch without default, so that a new kind of error does not compile until it has its answer.
// Codes: RFC 5530 section 3, RFC 3501 section 7.1.
#include "server/imap/reply.h"

namespace pennypost::imap {

Reply reply_for(const Error& error) {
  switch (error.kind) {
    case Kind::bad_input:
      return bad(error.for_client);
    case Kind::not_found:
      return no("NONEXISTENT", error.for_client);
    case Kind::already_exists:
      return no("ALREADYEXISTS", error.for_client);
    case Kind::not_permitted:
      return no("NOPERM", error.for_client);
    case Kind::not_authenticated:
      return no("AUTHENTICATIONFAILED", error.for_client);
    case Kind::in_use:
      return no("INUSE", error.for_client);
    case Kind::over_quota:
      return no("OVERQUOTA", error.for_client);
    case Kind::too_large:
      return no("LIMIT", error.for_client);
    case Kind::disk_full:
      return no("UNAVAILABLE", "No room to store this now, try again later");
    case Kind::unavailable:
      return no("UNAVAILABLE", "Temporarily not available, try again later");
    case Kind::cancelled:
      return no("UNAVAILABLE", "The server is stopping");
    case Kind::internal:
      break;
  }
  return no("SERVERBUG", "Internal error");
}

std::string print(std::string_view tag, const Reply& reply) {
  std::string out{tag};
  switch (reply.status) {
    case Status::ok:
      out += " OK ";
      break;
    case Status::no:
      out += " NO ";
      break;
    case Status::bad:
      out += " BAD ";
      break;
  }
  if (!reply.code.empty()) out += "[" + reply.code + "] ";
  // Texts may hold words of the client: what is no printable ASCII must not reach the wire here.
  for (const char c : reply.text) out += c >= 0x20 && c < 0x7f ? c : '?';
  out += "\r\n";
  return out;
}

}  // namespace pennypost::imap
