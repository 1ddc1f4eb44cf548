// The whole folder on real and on hostile mail: every message of testdata/messages, the
// SpamAssassin corpus where $PENNYPOST_CORPUS names it, and messages that are large or deep in every direction.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "server/message/invariants.h"

namespace pennypost::message {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<fs::path> files_in(const fs::path& folder, const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    if (entry.is_regular_file() && (extension.empty() || entry.path().extension() == extension))
      files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

TEST(Messages, EveryInvariantHoldsForTheMessagesOfTestdata) {
  const auto files = files_in(PENNYPOST_TESTDATA "/messages", ".eml");
  EXPECT_GE(files.size(), 40U);
  for (const fs::path& file : files) {
    const std::string raw = contents(file);
    EXPECT_EQ(invariants::broken(raw), "") << file;
  }
}

TEST(Messages, EveryInvariantHoldsForEveryBeginningOfAMessage) {
  for (const char* name : {"nested", "forwarded", "rfc2231", "boundary-prefixes", "groups"}) {
    const std::string raw = contents(fs::path{PENNYPOST_TESTDATA "/messages"} / (std::string{name} + ".eml"));
    ASSERT_FALSE(raw.empty());
    for (std::size_t size = 0; size <= raw.size(); ++size) {
      ASSERT_EQ(invariants::broken(std::string_view{raw}.substr(0, size)), "") << name << " cut after " << size;
    }
  }
}

TEST(Messages, EveryInvariantHoldsForTheSpamAssassinCorpus) {
  const char* corpus = std::getenv("PENNYPOST_CORPUS");
  if (!corpus || !fs::is_directory(corpus)) {
    GTEST_SKIP()
        << "PENNYPOST_CORPUS names no folder (scripts/fetch-corpus prints one); the messages of testdata were read";
  }
  std::size_t octets = 0;
  std::size_t count = 0;
  std::chrono::nanoseconds parsing{};
  for (const fs::path& file : files_in(corpus, "")) {
    if (file.extension() == ".json") continue;
    const std::string raw = contents(file);
    const auto start = std::chrono::steady_clock::now();
    const Message message = parse(raw);
    parsing += std::chrono::steady_clock::now() - start;
    octets += raw.size();
    ++count;
    EXPECT_FALSE(message.limited) << file;
    EXPECT_EQ(invariants::broken(raw), "") << file;
  }
  EXPECT_GE(count, 6000U);
  std::cout << count << " messages, " << octets / 1'000'000 << " MB, parsed at "
            << static_cast<double>(octets) * 1000 / static_cast<double>(parsing.count()) << " MB/s\n";
}

// What is built here would take hours if any step looked at the same octets again and again; CTest's time limit ends
// it.
struct Large {
  const char* what;
  std::string raw;
};

std::string repeated(std::string_view piece, std::size_t times) {
  std::string out;
  out.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

std::string nested_multiparts(int depth) {
  std::string out;
  for (int i = 0; i < depth; ++i) {
    const std::string boundary = "b" + std::to_string(i);
    out += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
  }
  return out + "\r\ntext\r\n";
}

std::vector<Large> large_messages() {
  const std::string multipart = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  std::vector<Large> out;
  out.push_back({"10,000 multiparts in each other", nested_multiparts(10'000)});
  out.push_back({"10,000 messages in each other", repeated("Content-Type: message/rfc822\r\n\r\n", 10'000)});
  out.push_back({"a million header fields", repeated("Subject: x\r\n", 1'000'000) + "\r\nbody\r\n"});
  out.push_back({"a million addresses", "To: " + repeated("a@b,\r\n ", 1'000'000) + "\r\n\r\n"});
  out.push_back({"a million To fields", repeated("To: a@b\r\n", 1'000'000) + "\r\n"});
  out.push_back({"a million folds", "Subject: " + repeated("x\r\n ", 1'000'000) + "\r\n\r\n"});
  out.push_back({"a million parameters", "Content-Type: text/plain" + repeated("; a*0=b", 1'000'000) + "\r\n\r\n"});
  out.push_back({"a million parts", multipart + repeated("--b\r\n\r\nx\r\n", 1'000'000)});
  out.push_back({"a million lines that look like boundaries", multipart + repeated("--c\r\n", 1'000'000)});
  out.push_back({"nothing but line feeds", multipart + repeated("\n", 10'000'000)});
  out.push_back({"one line", multipart + repeated("0123456789", 1'000'000)});
  out.push_back({"open comments", "From: " + repeated("(", 1'000'000) + "\r\nTo: " + repeated("<", 1'000'000) +
                                      "\r\nContent-Type: text/plain; a=b " + repeated(" (", 1'000'000) + "\r\n\r\n"});
  out.push_back({"encoded words without end", "Subject: " + repeated("=?a?Q?b", 1'000'000) +
                                                  "\r\nFrom: " + repeated("=?,", 1'000'000) + "\r\n\r\n"});
  out.push_back({"subject blobs", "Subject: " + repeated("[a]", 1'000'000) + "\r\n\r\n"});
  out.push_back({"HTML of nothing but tags", "Content-Type: text/html\r\n\r\n" + repeated("<a href='", 1'000'000)});
  out.push_back({"HTML of comments and scripts without end",
                 "Content-Type: text/html\r\n\r\n" + repeated("<!--<script>&amp", 500'000)});
  out.push_back(
      {"quoted-printable of spaces", "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
                                         repeated(" ", 5'000'000) + repeated("= ", 1'000'000)});
  out.push_back({"URLs", "Subject: u\r\n\r\n" + repeated("http://www.http://", 500'000)});
  return out;
}

TEST(Messages, LargeAndDeepOnesTakeLinearTimeAndKeepEveryInvariant) {
  for (const auto& [what, raw] : large_messages()) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(invariants::broken(raw), "") << what;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cout << what << ": " << raw.size() / 1'000'000 << " MB, " << took.count() << " s\n";
  }
}

TEST(Messages, HundredMegabytesInOnePieceAreReadInBoundedMemory) {
  std::string raw =
      "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n";
  const std::string line = std::string(76, 'A') + "\r\n";
  raw.reserve(101'000'000);
  while (raw.size() < 100'000'000) raw += line;
  raw += "--b--\r\n";
  const Message message = parse(raw);
  EXPECT_EQ(invariants::broken_range(message), "");
  EXPECT_EQ(message.parts.size(), 2U);
  EXPECT_LT(encode_parts(message).size(), 40U);
}

}  // namespace
}  // namespace pennypost::message
