// For tests: a folder that lives as long as a test.
#pragma once
#include <filesystem>

#include "server/base/random.h"

namespace pennypost {

class TestFolder {
 public:
  TestFolder() : path_{std::filesystem::temp_directory_path() / ("pennypost-" + random_name(10))} {
    std::filesystem::create_directory(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace pennypost
