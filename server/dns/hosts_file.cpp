// The hosts file (hosts(5)): address, then names; "#" begins a comment. Lines that are none are passed over.
#include "server/dns/hosts_file.h"

#include <fstream>

#include <sys/stat.h>

namespace pennypost::dns {

std::vector<Poco::Net::IPAddress> HostsFile::find(std::string_view name) {
  if (path_.empty()) return {};
  const std::lock_guard lock{mutex_};
  read_if_changed();
  std::vector<Poco::Net::IPAddress> found;
  const auto [begin, end] = addresses_.equal_range(name);
  for (auto entry = begin; entry != end; ++entry) found.push_back(entry->second);
  return found;
}

void HostsFile::read_if_changed() {
  struct stat facts {};
  if (::stat(path_.c_str(), &facts) != 0) return addresses_.clear();
  if (facts.st_mtim.tv_sec == changed_.tv_sec && facts.st_mtim.tv_nsec == changed_.tv_nsec && facts.st_size == size_)
    return;
  changed_ = facts.st_mtim;
  size_ = facts.st_size;
  addresses_.clear();
  std::ifstream file{path_};
  for (std::string line; std::getline(file, line);) {
    const auto words = split_words(cut(line, '#').first);
    Poco::Net::IPAddress address;
    if (words.size() < 2 || !Poco::Net::IPAddress::tryParse(std::string{words[0]}, address)) continue;
    for (std::size_t i = 1; i < words.size(); ++i) addresses_.emplace(words[i], address);
  }
}

}  // namespace pennypost::dns
