// A stored message made fit for DATA (RFC 5321 2.3.8, 4.5.2): every line ends with CR LF, dots at the start of lines
// are doubled. Pieces may be cut anywhere.
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace pennypost::transport {

class WireOctets {
 public:
  using Out = std::function<void(std::string_view)>;
  explicit WireOctets(Out out) : out_{std::move(out)} {}

  void take(std::string_view piece);
  /// Behind the last piece: ends the last line if the message did not. The closing dot is the caller's.
  void finish();

 private:
  void begin_line(char first);
  const Out out_;
  bool at_line_start_ = true;
  bool after_cr_ = false;  ///< a CR came and was not passed on yet
};

}  // namespace pennypost::transport
