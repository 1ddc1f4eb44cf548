// What a zip file says that it holds; nothing is unpacked.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::ruleinterp {

struct ZipEntry {
  std::string path;
  std::uint64_t size = 0;  ///< octets when unpacked, as the file claims
};

/// Files (no folders) of a zip file, at most 10,000; empty when the octets are no zip file. A file whose directory is
/// missing or broken is read from its begin as far as that goes.
std::vector<ZipEntry> zip_entries(std::string_view file);

}  // namespace pennypost::ruleinterp
