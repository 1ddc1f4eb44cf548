#include "server/pop3/dot_lines.h"

#include <string>

#include <gtest/gtest.h>

namespace pennypost::pop3 {
namespace {

std::string stuffed(std::string_view message, std::size_t piece, std::optional<std::uint32_t> lines = std::nullopt) {
  std::string out;
  DotLines dots{[&](std::string_view some) { out += some; }, lines};
  for (std::size_t at = 0; at < message.size(); at += piece) {
    if (!dots.take(message.substr(at, piece))) break;
  }
  dots.finish();
  return out;
}

struct Row {
  const char* what;
  std::string_view in;
  std::string_view out;
};

TEST(DotLines, DotsAtTheStartOfLinesAreDoubledHoweverThePiecesAreCut) {
  for (const auto& [what, in, out] :
       {Row{"none", "a: b\r\n\r\ntext\r\n", "a: b\r\n\r\ntext\r\n"}, Row{"alone", "\r\n.\r\n", "\r\n..\r\n"},
        Row{"two", "..\r\n.x\r\n", "...\r\n..x\r\n"}, Row{"inside", "a.b\r\n", "a.b\r\n"},
        Row{"first octet", ".a\r\n", "..a\r\n"}, Row{"bare LF", "a\n.\nb\r\n", "a\n..\nb\r\n"},
        Row{"no end", "a\r\nb", "a\r\nb\r\n"}, Row{"ends with CR", "a\r", "a\r\r\n"}, Row{"empty", "", ""},
        Row{"dot at the very end", "a\r\n.", "a\r\n..\r\n"},
        Row{"NUL", std::string_view{"a\0\r\n", 4}, {"a\0\r\n", 4}}}) {
    for (std::size_t piece = 1; piece <= in.size() + 1; ++piece) {
      EXPECT_EQ(stuffed(in, piece), out) << what << " in pieces of " << piece;
    }
  }
}

TEST(DotLines, TopEndsAfterSoManyLinesOfTheBody) {
  struct Top {
    const char* what;
    std::string_view in;
    std::uint32_t lines;
    std::string_view out;
  };
  constexpr std::string_view kMail = "A: b\r\nC: d\r\n\r\none\r\n.two\r\n\r\nfour\r\n";
  for (const auto& [what, in, lines, out] :
       {Top{"header alone", kMail, 0, "A: b\r\nC: d\r\n\r\n"}, Top{"one", kMail, 1, "A: b\r\nC: d\r\n\r\none\r\n"},
        Top{"two", kMail, 2, "A: b\r\nC: d\r\n\r\none\r\n..two\r\n"},
        Top{"an empty line counts", kMail, 3, "A: b\r\nC: d\r\n\r\none\r\n..two\r\n\r\n"},
        Top{"more than there are", kMail, 99, "A: b\r\nC: d\r\n\r\none\r\n..two\r\n\r\nfour\r\n"},
        Top{"no body", "A: b\r\n", 5, "A: b\r\n"}, Top{"LF alone", "A: b\n\none\ntwo\n", 1, "A: b\n\none\n"},
        Top{"no header", "\r\none\r\ntwo\r\n", 1, "\r\none\r\n"}}) {
    for (std::size_t piece = 1; piece <= in.size() + 1; ++piece) {
      EXPECT_EQ(stuffed(in, piece, lines), out) << what << " in pieces of " << piece;
    }
  }
}

TEST(DotLines, NothingMoreIsAskedForOnceTopIsFull) {
  DotLines dots{[](std::string_view) {}, 1};
  EXPECT_TRUE(dots.take("A: b\r\n\r\none\r\n"));
  EXPECT_FALSE(dots.take("two\r\n"));
}

}  // namespace
}  // namespace pennypost::pop3
