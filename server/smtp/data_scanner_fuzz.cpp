// Fuzz target: the octets behind DATA and BDAT. The first octet chooses mode and cut; all at once and in pieces must
// give the same, and nothing given out may hold a line feed without its CR.
#include <cstdlib>
#include <string>

#include "server/smtp/data_scanner.h"

namespace {

using namespace pennypost::smtp;

struct Collected final : OctetSink {
  std::string text;
  void put(std::string_view octets) override { text += octets; }
};

std::string scan(std::string_view in, std::size_t piece, DataScanner::Mode mode, NulRule nul) {
  DataScanner scanner{mode, nul};
  Collected out;
  std::size_t at = 0;
  bool finished = false;
  while (at < in.size() && !finished) {
    const auto step = scanner.feed(in.substr(at, piece), out);
    if (step.taken == 0) std::abort();
    at += step.taken;
    finished = step.finished;
  }
  if (mode == DataScanner::Mode::counted) scanner.finish(out);
  return out.text + (finished ? "|" : "") + (scanner.nul_rejected() ? "0" : "") + std::string{in.substr(at)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view in{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto mode = (data[0] & 1U) != 0 ? DataScanner::Mode::dot_ends : DataScanner::Mode::counted;
  const auto nul = NulRule::from_setting((data[0] & 2U) != 0 ? 0 : 255);
  const auto whole = scan(in, in.size() + 1, mode, nul);
  if (scan(in, 1 + (data[0] >> 2U), mode, nul) != whole || scan(in, 1, mode, nul) != whole) std::abort();
  DataScanner scanner{mode, nul};
  Collected out;
  scanner.feed(in, out);
  for (std::size_t i = 0; i < out.text.size(); ++i)
    if (out.text[i] == '\n' && (i == 0 || out.text[i - 1] != '\r')) std::abort();
  return 0;
}
