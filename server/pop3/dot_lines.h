// A message on its way into a multi-line answer (RFC 1939 section 3): dots doubled, cut after the lines that TOP asks
// for, and ended so that the closing dot stands on a line of its own. Pieces may be cut anywhere.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace pennypost::pop3 {

class DotLines {
 public:
  using Out = std::function<void(std::string_view)>;
  /// `body_lines` as in TOP: that many lines behind the empty line of the header; none: everything.
  explicit DotLines(Out out, std::optional<std::uint32_t> body_lines = std::nullopt);

  /// Passes the piece on. False when nothing more is wanted.
  bool take(std::string_view piece);
  /// To be called once behind the last piece: ends the last line if the message did not.
  void finish();

 private:
  const Out out_;
  std::optional<std::uint32_t> lines_left_;  ///< counts down once the header is over
  bool at_line_start_ = true;
  bool line_is_empty_ = true;  ///< so far, but for a CR
  bool in_header_ = true;
  bool full_ = false;
};

}  // namespace pennypost::pop3
