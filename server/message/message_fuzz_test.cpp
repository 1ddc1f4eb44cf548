// Replays the corpus of the fuzz target in the ordinary test: each file runs through the target as libFuzzer would do
// it. A file that breaks something aborts the test; what a longer run finds is added to testdata/fuzz/message.
#include "server/message/message_fuzz.cpp"  // NOLINT(bugprone-suspicious-include): the target itself, not a copy of it

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace pennypost::message {
namespace {

TEST(MessageFuzz, EveryFileOfTheCorpusRunsThrough) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{PENNYPOST_TESTDATA "/fuzz/message"}) {
    SCOPED_TRACE(entry.path());
    std::ifstream file{entry.path(), std::ios::binary};
    const std::string input{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size()), 0);
    ++files;
  }
  EXPECT_GE(files, 30);
}

}  // namespace
}  // namespace pennypost::message
