// Arguments and replies of POP3 commands (RFC 1939 section 3, RFC 2449 section 8; [SYS/TEMP]: RFC 3206).
#include "server/pop3/command.h"

#include "server/base/text.h"

namespace pennypost::pop3 {

Result<std::string_view> Arguments::word() {
  if (rest_.empty()) return error(Kind::bad_input, "Parameter missing");
  return take_word(rest_);
}

Result<std::string_view> Arguments::rest() {
  if (rest_.empty()) return error(Kind::bad_input, "Parameter missing");
  return std::exchange(rest_, {});
}

Result<std::uint32_t> Arguments::number() {
  const auto text = word();
  if (!text) return text.error();
  const auto value = to_number32(*text);
  if (!value) return error(Kind::bad_input, "Number expected");
  return *value;
}

Result<void> Arguments::end() const {
  if (!trim(rest_).empty()) return error(Kind::bad_input, "Too many parameters");
  return {};
}

Reply ok(std::string_view text) {
  return {text.empty() ? std::string{"+OK"} : std::string{"+OK "}.append(text), After::go_on};
}

Reply err(std::string_view text, std::string_view code) {
  std::string line = "-ERR ";
  if (!code.empty()) line.append("[").append(code).append("] ");
  return {line.append(text), After::go_on};
}

Reply end_of_lines() { return {".", After::go_on}; }
Reply cut_off() { return {"", After::close}; }

Reply reply_for(const Error& e) {
  switch (e.kind) {
    case Kind::in_use:
      return err("Mailbox Locked", "IN-USE");  // spec 50 section 2.3, exact
    case Kind::unavailable:
    case Kind::disk_full:
    case Kind::cancelled:
      return err(e.for_client, "SYS/TEMP");
    case Kind::not_authenticated:  // no [AUTH]: spec 50 section 2.3 proposes the line without a code
    case Kind::bad_input:
    case Kind::not_found:
    case Kind::already_exists:
    case Kind::not_permitted:
    case Kind::over_quota:
    case Kind::too_large:
      return err(e.for_client);
    case Kind::internal:
      break;
  }
  return err("Internal error", "SYS/TEMP");
}

}  // namespace pennypost::pop3
