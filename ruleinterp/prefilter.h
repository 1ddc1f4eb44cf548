// Many patterns in one pass: all constant searches on the same source become one Hyperscan database, which says in one
// pass over the text which of them may match; only those are tried with PCRE2. The answers are those of testing one by
// one, since the database never misses a match: what it cannot promise for is always tried.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace pennypost::ruleinterp {

class Search;

/// Bits of patterns that may match, by pattern number.
class Candidates {
 public:
  void reset(std::size_t patterns, bool all) { bits_.assign((patterns + 63) / 64, all ? ~std::uint64_t{0} : 0); }
  void set(std::uint32_t pattern) { bits_[pattern / 64] |= std::uint64_t{1} << (pattern % 64); }
  /// Those of patterns 64 * number and up.
  std::uint64_t word(std::uint32_t number) const { return bits_[number]; }
  bool may_match(std::uint32_t pattern) const { return bits_[pattern / 64] >> (pattern % 64) & 1; }

 private:
  std::vector<std::uint64_t> bits_;
};

class Prefilter;

/// One filter a source. Immutable after `add`; the databases are made at the first scan (once, whichever thread) or by
/// `prepare`, because making them takes longer than all the rest of loading.
class Prefilters {
 public:
  Prefilters();
  ~Prefilters();
  Prefilters(Prefilters&&) noexcept;
  Prefilters& operator=(Prefilters&&) noexcept;

  /// Fewer patterns than this on a source are tried one by one: the scan would cost as much.
  static constexpr std::size_t kWorthwhile = 4;

  void add(std::uint32_t source, std::uint32_t pattern, const Search& search);
  /// Which patterns of the source may match in the pieces. A false bit is a promise.
  void scan(std::uint32_t source, std::size_t patterns, std::span<const std::string_view> pieces,
            Candidates& candidates) const;
  /// Makes all databases now.
  void prepare() const;
  /// For tests and comparisons: never filters, so every pattern is tried.
  void switch_off() { off_ = true; }

 private:
  std::vector<std::unique_ptr<Prefilter>> filters_;
  bool off_ = false;
};

}  // namespace pennypost::ruleinterp
