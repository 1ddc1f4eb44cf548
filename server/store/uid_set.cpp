// Sets of UIDs as ranges.
#include "server/store/uid_set.h"

#include <algorithm>

namespace pennypost::store {

UidSet::UidSet(std::span<const Uid> uids) {
  for (const Uid uid : uids) add(uid);
}

UidSet UidSet::range(Uid first, Uid last) {
  UidSet set;
  set.add(first, last);
  return set;
}

void UidSet::add(Uid first, Uid last) {
  if (last < first) std::swap(first, last);
  if (number(last) == 0) return;
  first = std::max(first, Uid{1});
  const auto begin = std::uint64_t{number(first)};
  const auto end = std::uint64_t{number(last)};
  if (ranges_.empty() || std::uint64_t{number(ranges_.back().last)} + 1 < begin) {
    ranges_.push_back({first, last});
    return;
  }
  // Those that touch [first, last]: from the first whose end reaches first-1, to the last that begins by last+1.
  auto low = std::partition_point(ranges_.begin(), ranges_.end(),
                                  [begin](const UidRange& r) { return std::uint64_t{number(r.last)} + 1 < begin; });
  auto high = std::partition_point(low, ranges_.end(),
                                   [end](const UidRange& r) { return std::uint64_t{number(r.first)} <= end + 1; });
  if (low == high) {
    ranges_.insert(low, {first, last});
    return;
  }
  low->first = std::min(low->first, first);
  low->last = std::max(std::prev(high)->last, last);
  ranges_.erase(std::next(low), high);
}

bool UidSet::contains(Uid uid) const {
  const auto it =
      std::partition_point(ranges_.begin(), ranges_.end(), [uid](const UidRange& r) { return r.last < uid; });
  return it != ranges_.end() && it->first <= uid;
}

std::uint64_t UidSet::count() const {
  std::uint64_t n = 0;
  for (const auto& r : ranges_) n += std::uint64_t{number(r.last)} - number(r.first) + 1;
  return n;
}

}  // namespace pennypost::store
