// The cache of answers. Needs the clock of base. Full is no error: the oldest goes.
#include "server/dns/cache.h"

#include "server/base/clock.h"

namespace pennypost::dns {
namespace {

// About what an entry takes in memory: a stranger's zone decides about its answers.
Octets size_of(const Key& key, const Result<Reply>& result) {
  std::size_t size = 300 + key.first.size();
  if (result) {
    for (const Record& record : (*result)->records) size += sizeof(Record) + record.name.size() + record.data.size();
  } else {
    size += result.error().for_log.size() * 2;
  }
  return {static_cast<std::int64_t>(size)};
}

}  // namespace

std::optional<Result<Reply>> Cache::find(const Key& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  const Timestamp at = now();
  if (at >= found->second.ends || at < found->second.kept) {
    drop(found);
    return std::nullopt;
  }
  used_.splice(used_.begin(), used_, found->second.use);
  return found->second.result;
}

void Cache::keep(const Key& key, Result<Reply> result, Seconds holds) {
  if (const auto old = entries_.find(key); old != entries_.end()) drop(old);
  if (holds <= Seconds{0}) return;
  const Octets octets = size_of(key, result);
  if (octets > most_octets_) return;
  const Timestamp at = now();
  const auto [added, is_new] = entries_.emplace(key, Entry{std::move(result), at, at + holds, octets, {}});
  used_.push_front(&added->first);
  added->second.use = used_.begin();
  octets_ += octets;
  while (size() > most_entries_ || octets_ > most_octets_) drop(entries_.find(*used_.back()));
}

void Cache::drop(Entries::iterator entry) {
  octets_ = octets_ - entry->second.octets;
  used_.erase(entry->second.use);
  entries_.erase(entry);
}

void Cache::clear() {
  entries_.clear();
  used_.clear();
  octets_ = {};
}

}  // namespace pennypost::dns
