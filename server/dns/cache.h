// What was asked for before, as long as it holds (RFC 1034 5.3.4, RFC 2308, RFC 9520).
#pragma once
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "server/base/limits.h"
#include "server/dns/records.h"

namespace pennypost::dns {

using Key = std::pair<std::string, Type>;  ///< a name in its query form, a type

/// Holds answers until their time is over by the clock of base; when it is full, what was not asked for longest goes.
/// Not for several threads at once.
class Cache {
 public:
  explicit Cache(int most_entries = kDnsCacheEntries.most, Octets most_octets = kDnsCacheOctets.most)
      : most_entries_{most_entries}, most_octets_{most_octets} {}
  /// What is held for it, if its time is not over. A clock that went backwards ends it too.
  std::optional<Result<Reply>> find(const Key& key);
  /// `holds` zero or less keeps nothing.
  void keep(const Key& key, Result<Reply> result, Seconds holds);
  void clear();
  int size() const { return static_cast<int>(entries_.size()); }
  Octets octets() const { return octets_; }

 private:
  struct Entry {
    Result<Reply> result;
    Timestamp kept;
    Timestamp ends;
    Octets octets;
    std::list<const Key*>::iterator use;
  };
  using Entries = std::map<Key, Entry>;
  void drop(Entries::iterator entry);

  const int most_entries_;
  const Octets most_octets_;
  Octets octets_;
  Entries entries_;
  std::list<const Key*> used_;  // last asked for in front
};

}  // namespace pennypost::dns
