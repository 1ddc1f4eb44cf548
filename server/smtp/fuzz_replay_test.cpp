// Every seed of testdata/fuzz through its target: what once failed is tried at every test run.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#define LLVMFuzzerTestOneInput fuzz_path  // two targets in one program
#include "server/smtp/path_fuzz.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_data_scanner
#include "server/smtp/data_scanner_fuzz.cpp"
#undef LLVMFuzzerTestOneInput

namespace {

int replay(const std::string& target, int (*fuzz)(const std::uint8_t*, std::size_t)) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{PENNYPOST_TESTDATA "/fuzz/" + target}) {
    std::ifstream in{entry.path(), std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    const auto octets = text.str();
    fuzz(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());  // ends the program when it fails
    ++files;
  }
  return files;
}

TEST(FuzzSeeds, PassTheirTargets) {
  EXPECT_GT(replay("smtp_path", fuzz_path), 5);
  EXPECT_GT(replay("smtp_data_scanner", fuzz_data_scanner), 5);
}

}  // namespace
