#include "server/transport/wire_octets.h"

#include <gtest/gtest.h>

namespace pennypost::transport {
namespace {

std::string wire(std::string_view message, std::size_t piece) {
  std::string out;
  WireOctets octets{[&](std::string_view some) { out += some; }};
  for (std::size_t at = 0; at < message.size(); at += piece) octets.take(message.substr(at, piece));
  octets.finish();
  return out;
}

TEST(WireOctets, LineEndsAndDotsAreRightHoweverThePiecesAreCut) {
  struct Row {
    const char* what;
    std::string_view in;
    std::string_view out;
  };
  for (const auto& [what, in, out] :
       {Row{"as it should be", "A: b\r\n\r\ntext\r\n", "A: b\r\n\r\ntext\r\n"}, Row{"dot", ".\r\n", "..\r\n"},
        Row{"dots", "a\r\n..b\r\n", "a\r\n...b\r\n"}, Row{"bare LF", "a\n.\nb\n", "a\r\n..\r\nb\r\n"},
        Row{"bare CR", "a\rb\r\n", "a b\r\n"}, Row{"CR CR LF", "a\r\r\n", "a \r\n"},
        Row{"smuggling", "a\r.\r\nMAIL", "a .\r\nMAIL\r\n"},
        Row{"smuggling by LF", "a\n.\r\nMAIL", "a\r\n..\r\nMAIL\r\n"}, Row{"no end", "a", "a\r\n"},
        Row{"ends with CR", "a\r", "a \r\n"}, Row{"only CR", "\r", " \r\n"}, Row{"empty", "", ""},
        Row{"NUL", {"a\0b\r\n", 5}, {"a\0b\r\n", 5}}}) {
    for (std::size_t piece = 1; piece <= in.size() + 1; ++piece) {
      EXPECT_EQ(wire(in, piece), out) << what << " in pieces of " << piece;
    }
  }
}

}  // namespace
}  // namespace pennypost::transport
