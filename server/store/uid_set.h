// A set of UIDs as sorted, disjoint, non-adjacent ranges: the form in which IMAP names messages.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "server/base/ids.h"

namespace pennypost::store {

struct UidRange {
  Uid first{};
  Uid last{};  ///< inclusive
  bool operator==(const UidRange&) const = default;
};

/// Adding costs O(log n) at the end, O(n) in the middle. Uid{0} is never a member.
class UidSet {
 public:
  UidSet() = default;
  explicit UidSet(std::span<const Uid> uids);
  static UidSet all() { return range(Uid{1}, Uid{0xFFFFFFFFU}); }
  static UidSet range(Uid first, Uid last);  ///< either order

  void add(Uid uid) { add(uid, uid); }
  void add(Uid first, Uid last);
  bool contains(Uid uid) const;
  bool empty() const { return ranges_.empty(); }
  std::uint64_t count() const;
  const std::vector<UidRange>& ranges() const { return ranges_; }
  bool operator==(const UidSet&) const = default;

 private:
  std::vector<UidRange> ranges_;
};

}  // namespace pennypost::store
