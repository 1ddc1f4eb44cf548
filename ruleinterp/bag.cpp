// The collections of scripts (spec 10 section 3.4, 11 section 2.3). Needs nothing. The index is made when a large bag
// is first asked for a value, grows with it, and is dropped when something is taken out.
#include "ruleinterp/bag.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace pennypost::ruleinterp {
namespace {

constexpr std::size_t kSmall = 32;  // values that are looked through faster than hashed

}  // namespace

std::uint32_t& Bag::place_of(std::string_view value) const {
  const std::size_t mask = index_.size() - 1;
  std::size_t at = std::hash<std::string_view>{}(value)&mask;
  while (index_[at] != 0 && items_[index_[at] - 1] != value) at = (at + 1) & mask;
  return index_[at];
}

void Bag::make_index() const {
  index_.assign(std::bit_ceil(items_.size() * 4), 0);
  for (std::uint32_t i = 0; i < items_.size(); ++i)
    if (std::uint32_t& place = place_of(items_[i]); place == 0) place = i + 1;
}

bool Bag::contains(std::string_view value) const {
  if (items_.size() <= kSmall) return std::ranges::find(items_, value) != items_.end();
  if (index_.empty()) make_index();
  return place_of(value) != 0;
}

void Bag::add(std::string_view value) {
  items_.push_back(value);
  if (index_.empty()) return;
  if (items_.size() * 2 > index_.size()) return make_index();
  if (std::uint32_t& place = place_of(value); place == 0) place = static_cast<std::uint32_t>(items_.size());
}

void Bag::clear() {
  items_.clear();
  index_.clear();
}

void Bag::remove_first(std::string_view value) {
  const auto found = std::ranges::find(items_, value);
  if (found == items_.end()) return;
  items_.erase(found);
  index_.clear();
}

void Bag::remove_all_of(const Bag& other) {
  if (&other == this) return clear();
  std::erase_if(items_, [&](std::string_view value) { return other.contains(value); });
  index_.clear();
}

}  // namespace pennypost::ruleinterp
