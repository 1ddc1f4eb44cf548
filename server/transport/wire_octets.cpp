// Line ends and dots for DATA. A bare LF becomes CR LF and a bare CR a blank, so that no server can be made to see an
// end of the message that is none (RFC 5321 2.3.8 forbids both on the wire).
#include "server/transport/wire_octets.h"

namespace pennypost::transport {

void WireOctets::begin_line(char first) {
  if (at_line_start_ && first == '.') out_(".");
  at_line_start_ = false;
}

void WireOctets::take(std::string_view piece) {
  while (!piece.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (piece.front() == '\n') {
        out_("\r\n");
        at_line_start_ = true;
        piece.remove_prefix(1);
        continue;
      }
      begin_line(' ');
      out_(" ");
    }
    const std::size_t end = piece.find_first_of("\r\n");
    const std::string_view run = piece.substr(0, end);
    if (!run.empty()) {
      begin_line(run.front());
      out_(run);
      piece.remove_prefix(run.size());
      continue;
    }
    if (piece.front() == '\r') {
      after_cr_ = true;
    } else {
      out_("\r\n");
      at_line_start_ = true;
    }
    piece.remove_prefix(1);
  }
}

void WireOctets::finish() {
  if (after_cr_) {
    after_cr_ = false;
    begin_line(' ');
    out_(" ");
  }
  if (!at_line_start_) out_("\r\n");
  at_line_start_ = true;
}

}  // namespace pennypost::transport
