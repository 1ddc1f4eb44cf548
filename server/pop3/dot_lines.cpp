// Dot stuffing and the cut of TOP, in one pass without copying what needs no change. A line ends with LF, with or
// without CR before it: clients that read so must not be shown a false end by a message with bare LFs.
#include "server/pop3/dot_lines.h"

namespace pennypost::pop3 {

DotLines::DotLines(Out out, std::optional<std::uint32_t> body_lines) : out_{std::move(out)}, lines_left_{body_lines} {}

bool DotLines::take(std::string_view piece) {
  while (!piece.empty() && !full_) {
    if (at_line_start_) {
      if (lines_left_ && !in_header_) {
        if (*lines_left_ == 0) {
          full_ = true;
          break;
        }
        --*lines_left_;
      }
      if (piece.front() == '.') out_(".");
      at_line_start_ = false;
      line_is_empty_ = true;
    }
    // Runs of lines that need nothing go out in one piece; only TOP has to stop at each.
    std::size_t end = piece.find('\n');
    if (!lines_left_) {
      while (end != std::string_view::npos && end + 1 < piece.size() && piece[end + 1] != '.') {
        end = piece.find('\n', end + 1);
      }
    }
    const bool is_whole = end != std::string_view::npos;
    const std::string_view line = is_whole ? piece.substr(0, end + 1) : piece;
    out_(line);
    piece.remove_prefix(line.size());
    if (lines_left_ && line.find_first_not_of("\r\n") != std::string_view::npos) line_is_empty_ = false;
    if (is_whole) {
      if (line_is_empty_) in_header_ = false;
      at_line_start_ = true;
    }
  }
  return !full_;
}

void DotLines::finish() {
  if (!at_line_start_) out_("\r\n");
}

}  // namespace pennypost::pop3
