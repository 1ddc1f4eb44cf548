// Reading of zip directories (PKWARE APPNOTE 4.3.7, 4.3.12, 4.3.16) for ZipCount and its kin (spec 10 section 5).
// Every offset comes from a stranger: each is checked against the size, each entry moves on, entries are counted.
#include "ruleinterp/statements/zip.h"

#include <algorithm>

namespace pennypost::ruleinterp {
namespace {

constexpr std::size_t kMostEntries = 10'000;
constexpr std::size_t kEndRecord = 22, kCentralHeader = 46, kLocalHeader = 30;

// Little-endian numbers at checked places; 0 outside of the file.
class Octets {
 public:
  explicit Octets(std::string_view file) : file_{file} {}
  std::uint32_t number(std::size_t at, std::size_t octets) const {
    std::uint32_t value = 0;
    if (at > file_.size() || octets > file_.size() - at) return 0;
    for (std::size_t i = octets; i-- > 0;) value = value << 8 | static_cast<unsigned char>(file_[at + i]);
    return value;
  }
  std::string_view text(std::size_t at, std::size_t octets) const {
    return at > file_.size() ? std::string_view{} : file_.substr(at, octets);
  }

 private:
  std::string_view file_;
};

void add(std::vector<ZipEntry>& entries, std::string_view path, std::uint64_t size) {
  if (!path.empty() && path.back() != '/') entries.push_back({std::string{path}, size});
}

std::vector<ZipEntry> from_directory(std::string_view file, std::size_t at) {
  const Octets octets{file};
  std::vector<ZipEntry> entries;
  for (std::size_t seen = 0; seen < kMostEntries && octets.number(at, 4) == 0x02014B50; ++seen) {
    const std::size_t name = octets.number(at + 28, 2);
    add(entries, octets.text(at + kCentralHeader, name), octets.number(at + 24, 4));
    at += kCentralHeader + name + octets.number(at + 30, 2) + octets.number(at + 32, 2);
  }
  return entries;
}

std::vector<ZipEntry> from_begin(std::string_view file) {
  const Octets octets{file};
  std::vector<ZipEntry> entries;
  std::size_t at = 0;
  for (std::size_t seen = 0; seen < kMostEntries && octets.number(at, 4) == 0x04034B50; ++seen) {
    const std::size_t name = octets.number(at + 26, 2);
    add(entries, octets.text(at + kLocalHeader, name), octets.number(at + 22, 4));
    const std::size_t content = at + kLocalHeader + name + octets.number(at + 28, 2);
    const std::size_t packed = octets.number(at + 18, 4);
    const bool sizes_follow = octets.number(at + 6, 2) & 8;
    if (content >= file.size()) break;
    if (sizes_follow && packed == 0) {
      const std::size_t next = file.find("PK\x03\x04", content);
      if (next == std::string_view::npos) break;
      at = next;
    } else {
      if (packed > file.size() - content) break;
      at = content + packed;
    }
  }
  return entries;
}

}  // namespace

std::vector<ZipEntry> zip_entries(std::string_view file) {
  const Octets octets{file};
  if (file.size() >= kEndRecord) {
    const std::size_t last = file.size() - kEndRecord;
    const std::size_t first = last > 0xFFFF ? last - 0xFFFF : 0;
    for (std::size_t at = last + 1; at-- > first;) {
      if (octets.number(at, 4) != 0x06054B50) continue;
      auto entries = from_directory(file, octets.number(at + 16, 4));
      // A file with something in front (a self-extracting archive) has its directory right before the end record.
      const std::size_t size = octets.number(at + 12, 4);
      if (entries.empty() && size <= at) entries = from_directory(file, at - size);
      if (!entries.empty() || octets.number(at + 10, 2) == 0) return entries;
      break;
    }
  }
  return from_begin(file);
}

}  // namespace pennypost::ruleinterp
