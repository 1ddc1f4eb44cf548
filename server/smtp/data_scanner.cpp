// The scanner of DATA and BDAT (see the header). It runs over the input with memchr and gives out the longest stretch
// that needs no change, so ordinary text is handed on in a few large pieces. It never fails and allocates nothing.
#include "server/smtp/data_scanner.h"

#include <cstring>

namespace pennypost::smtp {

void DataScanner::emit(std::string_view octets, OctetSink& out) {
  while (!octets.empty()) {
    const auto nul = octets.find('\0');
    if (nul == std::string_view::npos) {
      out.put(octets);
      return;
    }
    if (nul > 0) out.put(octets.substr(0, nul));
    switch (nul_.act) {
      case NulRule::Act::reject:
        nul_rejected_ = true;
        break;
      case NulRule::Act::drop:
        break;
      case NulRule::Act::replace:
        out.put({&nul_.with, 1});
        break;
    }
    octets.remove_prefix(nul + 1);
  }
}

DataScanner::Step DataScanner::feed(std::string_view in, OctetSink& out) {
  std::size_t at = 0;    // the octet looked at
  std::size_t from = 0;  // first octet not yet given out
  while (at < in.size()) {
    switch (state_) {
      case State::line_start:
        if (in[at] == '.') {
          emit(in.substr(from, at - from), out);
          from = ++at;
          state_ = State::dot;
        } else {
          state_ = State::in_line;
        }
        break;
      case State::dot:  // the dot is held back; RFC 5321 4.5.2: it goes, whatever follows
        if (in[at] == '\r') {
          from = ++at;
          state_ = State::dot_cr;
        } else {
          state_ = State::in_line;
        }
        break;
      case State::dot_cr:
        if (in[at] == '\n') return {at + 1, true};
        emit("\r", out);  // the CR that was held back stood alone
        from = at;
        state_ = State::in_line;
        break;
      case State::in_line: {
        const void* found = std::memchr(in.data() + at, '\n', in.size() - at);
        if (found == nullptr) {
          at = in.size();
          if (in.back() == '\r') {
            emit(in.substr(from, at - 1 - from), out);
            from = at;
            state_ = State::after_cr;
          }
          break;
        }
        const auto lf = static_cast<std::size_t>(static_cast<const char*>(found) - in.data());
        if (lf > at && in[lf - 1] == '\r') {
          at = lf + 1;
          if (mode_ == Mode::dot_ends) state_ = State::line_start;
        } else {
          emit(in.substr(from, lf - from), out);
          emit("\r\n", out);
          ++lone_line_feeds_;
          from = at = lf + 1;
        }
        break;
      }
      case State::after_cr:  // a CR ended the last piece of input and is held back
        if (in[at] == '\n') {
          emit("\r\n", out);
          from = ++at;
          state_ = mode_ == Mode::dot_ends ? State::line_start : State::in_line;
        } else if (in[at] == '\r') {
          emit("\r", out);
          from = ++at;
        } else {
          emit("\r", out);
          from = at;
          state_ = State::in_line;
        }
        break;
    }
  }
  emit(in.substr(from), out);
  return {in.size(), false};
}

void DataScanner::finish(OctetSink& out) {
  if (state_ == State::after_cr) emit("\r", out);
  state_ = State::in_line;
}

}  // namespace pennypost::smtp
