// Sets of message numbers and UIDs: as the client wrote them (SequenceSet) and as the server counts them (NumberSet).
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::imap {

/// Numbers from `first` to `last`, both included; first <= last.
struct NumberRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  bool operator==(const NumberRange&) const = default;
};

/// Numbers as sorted ranges that neither touch nor overlap. Prints as RFC 3501 "sequence-set": "1:3,7". One thread.
class NumberSet {
 public:
  NumberSet() = default;
  explicit NumberSet(std::vector<NumberRange> any_order);

  /// Adds one number; cheap when numbers come in rising order.
  void add(std::uint32_t n);
  void add(NumberRange range);
  bool contains(std::uint32_t n) const;
  bool empty() const { return ranges_.empty(); }
  std::uint64_t count() const;
  std::uint32_t lowest() const { return ranges_.front().first; }
  std::uint32_t highest() const { return ranges_.back().last; }
  std::span<const NumberRange> ranges() const { return ranges_; }
  std::string print() const;
  void print_to(std::string& out) const;
  bool operator==(const NumberSet&) const = default;

 private:
  void normalize();
  std::vector<NumberRange> ranges_;
};

/// What the client wrote: RFC 3501 section 9 "sequence-set", with "*" not yet known; or "$", the saved result of a
/// search (RFC 5182), which `resolve` cannot know and the session fills in.
class SequenceSet {
 public:
  static constexpr std::uint32_t kStar = 0;  // no message number or UID is 0
  struct Part {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    bool operator==(const Part&) const = default;
  };

  /// None when `text` is no sequence set (empty, 0, above 2^32-1, a stray character).
  static std::optional<SequenceSet> parse(std::string_view text);
  static SequenceSet of(std::vector<Part> parts) { return SequenceSet{std::move(parts)}; }

  /// The numbers meant when "*" is `highest`. With highest 0 (nothing there) "*" means nothing.
  NumberSet resolve(std::uint32_t highest) const;
  /// The largest number written; kStar when only "*" is written.
  std::uint32_t largest_written() const;
  bool uses_star() const;
  std::string print() const;
  bool operator==(const SequenceSet&) const = default;

 private:
  explicit SequenceSet(std::vector<Part> parts) : parts_{std::move(parts)} {}
  std::vector<Part> parts_;
};

}  // namespace pennypost::imap
