// The report of a failed section: the file on the left, the wire on the right. Octets that a terminal cannot show are
// written as escapes of the session files, long lines are cut with their length.
#include "conformance/player/play.h"

namespace pennypost::conformance {
namespace {

constexpr std::size_t kRowsBefore = 14;

std::string shown(std::string_view octets, std::size_t width) {
  std::string out;
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '\r')
      out += "\\r";
    else if (c == '\n')
      out += "\\n";
    else if (octet < 32 || octet > 126)
      out += fmt::format("\\x{:02x}", octet);
    else
      out += c;
    if (out.size() > width) break;
  }
  if (out.size() <= width) return out;
  const auto more = fmt::format("... ({} octets)", octets.size());
  return out.substr(0, width > more.size() ? width - more.size() : 0) + more;
}

const char* sign(Row::State state) {
  switch (state) {
    case Row::State::sent:
      return "> ";
    case Row::State::matched:
      return "= ";
    case Row::State::unexpected:
      return "! ";
    case Row::State::missing:
      return "? ";
    case Row::State::note:
      return "  ";
  }
  return "  ";
}

}  // namespace

std::string side_by_side(const Outcome& outcome, std::size_t width) {
  std::string out = fmt::format("         {:<{}} | {}\n", "session file", width, "wire");
  const auto skipped = outcome.rows.size() > kRowsBefore ? outcome.rows.size() - kRowsBefore : 0;
  if (skipped > 0) out += fmt::format("         ({} rows before)\n", skipped);
  for (std::size_t i = skipped; i < outcome.rows.size(); ++i) {
    const auto& row = outcome.rows[i];
    std::string_view received = row.received;
    if (row.state == Row::State::sent && received.ends_with("\r\n")) received.remove_suffix(2);
    // A row that did not hold is shown at more length: the difference may stand at its end.
    const bool failed = row.state == Row::State::unexpected || row.state == Row::State::missing;
    out += fmt::format("{:>6} {}{:<{}} | {}\n", row.line == 0 ? "" : std::to_string(row.line), sign(row.state),
                       shown(row.expected, failed ? width * 3 : width), width,
                       shown(received, failed ? width * 6 : width));
  }
  return out;
}

}  // namespace pennypost::conformance
