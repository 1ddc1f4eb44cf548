// Every seed of testdata/fuzz/dns_records through the fuzz target, as libFuzzer would run it.
#include "server/dns/records_fuzz.cpp"  // NOLINT(bugprone-suspicious-include): the target itself, not a copy of it

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace pennypost::dns {
namespace {

TEST(RecordsFuzz, TheCorpusRunsThrough) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{PENNYPOST_TESTDATA "/fuzz/dns_records"}) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream file{entry.path(), std::ios::binary};
    const std::string octets{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()), 0);
    ++files;
  }
  EXPECT_GE(files, 10);
}

}  // namespace
}  // namespace pennypost::dns
