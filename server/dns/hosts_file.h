// The hosts file of the system: names that the administrator gave addresses.
#pragma once
#include <ctime>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <Poco/Net/IPAddress.h>
#include <sys/types.h>

#include "server/base/text.h"

namespace pennypost::dns {

/// Read again when the file has changed. A file that is not there is an empty one. Any thread.
class HostsFile {
 public:
  /// Empty path: none.
  explicit HostsFile(std::string path) : path_{std::move(path)} {}
  /// In the order of the file; empty when the name does not stand there.
  std::vector<Poco::Net::IPAddress> find(std::string_view name);

 private:
  void read_if_changed();
  const std::string path_;
  std::mutex mutex_;
  timespec changed_{};
  off_t size_ = -1;
  std::multimap<std::string, Poco::Net::IPAddress, WordLess> addresses_;
};

}  // namespace pennypost::dns
