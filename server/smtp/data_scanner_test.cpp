#include "server/smtp/data_scanner.h"

#include <random>
#include <string>

#include <gmock/gmock.h>

namespace pennypost::smtp {
namespace {

struct Collected : OctetSink {
  std::string text;
  void put(std::string_view octets) override { text += octets; }
};

struct Outcome {
  std::string text;
  std::string rest;
  bool finished = false;
  bool nul = false;
  bool operator==(const Outcome&) const = default;
};

Outcome scan(std::string_view in, std::size_t piece, DataScanner::Mode mode = DataScanner::Mode::dot_ends,
             NulRule nul = {}) {
  DataScanner scanner{mode, nul};
  Collected out;
  std::size_t at = 0;
  bool finished = false;
  while (at < in.size() && !finished) {
    const auto step = scanner.feed(in.substr(at, piece), out);
    at += step.taken;
    finished = step.finished;
  }
  if (mode == DataScanner::Mode::counted) scanner.finish(out);
  return {out.text, std::string{in.substr(at)}, finished, scanner.nul_rejected()};
}

struct Row {
  const char* what;
  std::string in;
  std::string text;
  bool finished;
  std::string rest;
};

const Row kRows[] = {
    {"ordinary", "a\r\nb\r\n.\r\n", "a\r\nb\r\n", true, ""},
    {"empty message", ".\r\n", "", true, ""},
    {"what follows is the next command", "a\r\n.\r\nQUIT\r\n", "a\r\n", true, "QUIT\r\n"},
    {"stuffed dot", "..\r\n...a\r\n.\r\n", ".\r\n..a\r\n", true, ""},
    {"dot that should have been stuffed", ".a\r\n.\r\n", "a\r\n", true, ""},
    {"LF . LF", "a\n.\nb\r\n.\r\n", "a\r\n.\r\nb\r\n", true, ""},
    {"LF . CR LF", "a\n.\r\nMAIL FROM:<x@y>\r\n.\r\n", "a\r\n.\r\nMAIL FROM:<x@y>\r\n", true, ""},
    {"CR LF . LF", "a\r\n.\nb\r\n.\r\n", "a\r\n\r\nb\r\n", true, ""},
    {"CR . CR LF", "a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", true, ""},
    {"CR LF . CR", "a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", true, ""},
    {"CR . CR", "a\r.\rb\r\n.\r\n", "a\r.\rb\r\n", true, ""},
    {"CR LF . CR CR LF", "a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", true, ""},
    {"LF LF . CR LF", "\n\n.\r\nx\r\n.\r\n", "\r\n\r\n.\r\nx\r\n", true, ""},
    {"CR CR LF", "a\r\r\nb\r\n.\r\n", "a\r\r\nb\r\n", true, ""},
    {"not ended", "a\r\n.\r", "a\r\n", false, ""},
    {"no line end", "abc", "abc", false, ""},
};

TEST(DataScanner, OnlyCrLfDotCrLfEndsAMessage) {
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.what);
    EXPECT_EQ(scan(row.in, row.in.size()), (Outcome{row.text, row.rest, row.finished, false}));
  }
}

TEST(DataScanner, OneOctetAtATimeGivesTheSameAsAllAtOnce) {
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.what);
    for (std::size_t piece = 1; piece <= 4; ++piece) EXPECT_EQ(scan(row.in, piece), scan(row.in, row.in.size()));
  }
}

TEST(DataScanner, RandomOctetsAreTheSameHoweverTheyAreCut) {
  std::mt19937 random{7};
  const std::string letters{"\r\n.a\0", 5};
  for (int round = 0; round < 20000; ++round) {
    std::string in;
    const auto n = random() % 24;
    for (std::size_t i = 0; i < n; ++i) in += letters[random() % letters.size()];
    for (const auto mode : {DataScanner::Mode::dot_ends, DataScanner::Mode::counted}) {
      const auto whole = scan(in, in.size() + 1, mode);
      ASSERT_EQ(scan(in, 1, mode), whole) << testing::PrintToString(in);
      ASSERT_EQ(scan(in, 1 + random() % 5, mode), whole) << testing::PrintToString(in);
    }
  }
}

TEST(DataScanner, WhatASenderStuffedComesOutUnchanged) {
  std::mt19937 random{11};
  const std::string lines[] = {"", ".", "..", "a", ".a", "text. ", "\r", "x\ry"};
  for (int round = 0; round < 5000; ++round) {
    std::string message;
    std::string wire;
    const auto n = random() % 8;
    for (std::size_t i = 0; i < n; ++i) {
      const auto& line = lines[random() % std::size(lines)];
      message += line + "\r\n";
      wire += (line.starts_with('.') ? "." : "") + line + "\r\n";
    }
    const auto got = scan(wire + ".\r\nNOOP\r\n", 1 + random() % 9);
    ASSERT_TRUE(got.finished);
    ASSERT_EQ(got.text, message);
  }
}

TEST(DataScanner, NothingItGivesOutHoldsALineFeedWithoutItsCr) {
  std::mt19937 random{13};
  const std::string letters = "\r\n\n.a";
  for (int round = 0; round < 5000; ++round) {
    std::string in;
    for (int i = 0; i < 20; ++i) in += letters[random() % letters.size()];
    for (const auto mode : {DataScanner::Mode::dot_ends, DataScanner::Mode::counted}) {
      const auto text = scan(in, 1 + random() % 5, mode).text;
      for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n') {
          ASSERT_TRUE(i > 0 && text[i - 1] == '\r') << testing::PrintToString(in);
        }
      }
    }
  }
}

TEST(DataScanner, CountedModeKeepsDotsAndNeverEnds) {
  EXPECT_EQ(scan(".\r\n..\r\na\nb\r", 3, DataScanner::Mode::counted),
            (Outcome{".\r\n..\r\na\r\nb\r", "", false, false}));
}

TEST(DataScanner, NulIsRejectedReplacedOrDroppedByTheSetting) {
  const std::string in{"a\0b\0\r\n.\r\n", 9};
  for (const std::size_t piece : {1U, 2U, 100U}) {
    EXPECT_EQ(scan(in, piece, DataScanner::Mode::dot_ends, NulRule::from_setting(0)),
              (Outcome{"ab\r\n", "", true, true}));
    EXPECT_EQ(scan(in, piece, DataScanner::Mode::dot_ends, NulRule::from_setting(32)),
              (Outcome{"a b \r\n", "", true, false}));
    EXPECT_EQ(scan(in, piece, DataScanner::Mode::dot_ends, NulRule::from_setting(63)),
              (Outcome{"a?b?\r\n", "", true, false}));
    EXPECT_EQ(scan(in, piece, DataScanner::Mode::dot_ends, NulRule::from_setting(255)),
              (Outcome{"ab\r\n", "", true, false}));
  }
}

}  // namespace
}  // namespace pennypost::smtp
