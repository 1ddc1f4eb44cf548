// What goes wrong with the files and the programs of the cluster, in words for the administrator.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "server/base/result.h"

namespace pennypost::store {

/// The whole file; empty where it cannot be read.
std::string whole_file(const std::filesystem::path& path);
/// The last 2,000 octets of what stands behind octet `from` of a file.
std::string end_of_file(const std::filesystem::path& path, std::uintmax_t from);

/// `problem` is an errno of `doing`.
Error errno_error(const std::string& doing, int problem);
/// `text` is what PostgreSQL wrote while `doing`: its last complaint is the reason.
Error log_error(const std::string& doing, const std::string& text);

}  // namespace pennypost::store
