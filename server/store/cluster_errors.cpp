// Errors of the cluster (see the header).
#include "server/store/cluster_errors.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace pennypost::store {

namespace fs = std::filesystem;

namespace {

std::string last_words(const std::string& log_text) {
  std::istringstream in{log_text};
  std::string line;
  std::string found;
  while (std::getline(in, line))
    if (line.find("FATAL") != std::string::npos || line.find("PANIC") != std::string::npos ||
        line.find("error:") != std::string::npos || line.find("could not") != std::string::npos)
      found = line;
  return found.empty() ? line : found;
}

}  // namespace

std::string whole_file(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string end_of_file(const fs::path& path, std::uintmax_t from) {
  std::ifstream in{path, std::ios::binary};
  in.seekg(static_cast<std::streamoff>(from));
  std::ostringstream out;
  out << in.rdbuf();
  auto text = out.str();
  if (text.size() > 2000) text.erase(0, text.size() - 2000);
  return text;
}

Error errno_error(const std::string& doing, int problem) {
  const std::string why = std::strerror(problem);
  switch (problem) {
    case EROFS:
      return error(Kind::not_permitted, doing + ": the file system is read-only");
    case EACCES:
    case EPERM:
      return error(Kind::not_permitted, doing + ": no permission");
    case ENOSPC:
    case EDQUOT:
      return error(Kind::disk_full, doing + ": the disk is full");
    case ENOTDIR:
      return error(Kind::bad_input, doing + ": part of the path is not a folder");
    default:
      return error(Kind::unavailable, doing + ": " + why);
  }
}

Error log_error(const std::string& doing, const std::string& text) {
  const auto has = [&text](const char* part) { return text.find(part) != std::string::npos; };
  if (has("No space left on device") || has("Disk quota exceeded"))
    return error(Kind::disk_full, doing + ": the disk is full. Make room and start again; nothing is lost.");
  if (has("Read-only file system")) return error(Kind::not_permitted, doing + ": the file system is read-only");
  if (has("Permission denied") || has("has wrong ownership") || has("must be owned"))
    return error(Kind::not_permitted, doing + ": the folder does not belong to the server's user. " + last_words(text));
  if (has("incompatible with server") || has("not compatible with this version"))
    return error(Kind::bad_input, doing + ": the folder is of another version of PostgreSQL. " + last_words(text));
  return error(Kind::unavailable, doing + ": " + last_words(text));
}

}  // namespace pennypost::store
