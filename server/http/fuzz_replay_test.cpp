// Every seed of testdata/fuzz/http_form through its target: what once failed is tried at every test run.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "server/http/form_fuzz.cpp"

namespace {

TEST(FuzzSeeds, OfFormsPassTheirTarget) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{PENNYPOST_TESTDATA "/fuzz/http_form"}) {
    std::ifstream in{entry.path(), std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    const auto octets = text.str();
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
    ++files;
  }
  EXPECT_GT(files, 5);
}

}  // namespace
