// An ordered collection of values (spec 10 section 3.4).
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace pennypost::ruleinterp {

/// Values in the order of adding; the same value may stand in it several times. Views: what they point at must live as
/// long as the bag. A large bag finds a value by an index, so filling one with as many values as a message can bring
/// (AddBag unique) costs the same for each. One thread.
class Bag {
 public:
  using Items = std::vector<std::string_view>;

  Items::const_iterator begin() const { return items_.begin(); }
  Items::const_iterator end() const { return items_.end(); }
  std::size_t size() const { return items_.size(); }

  bool contains(std::string_view value) const;
  void add(std::string_view value);
  void clear();
  /// Takes out the first such value; the order of the others is kept.
  void remove_first(std::string_view value);
  /// Takes out every value that stands in `other`, which may be this bag.
  void remove_all_of(const Bag& other);

 private:
  void make_index() const;
  std::uint32_t& place_of(std::string_view value) const;

  Items items_;
  // Open addressing: number of the item + 1, 0 = free; empty while the bag is small or not yet asked.
  mutable std::vector<std::uint32_t> index_;
};

}  // namespace pennypost::ruleinterp
