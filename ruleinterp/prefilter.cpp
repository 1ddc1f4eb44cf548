// The Hyperscan side of many patterns in one pass (issue 3, point 5).
//
// Why a false bit is a promise: only literals are scanned for, without regard to case: a plain search itself, or texts
// that an expression cannot match without (literal.h); an expression without one is always tried. A pattern is a
// candidate when all that it needs was seen, so a word that is in every mail brings none by itself; a literal that many
// patterns need is looked for once. Whole expressions are not given to the scanner: version 5.4.9 misses matches of
// "<(b|font)[^>]*>[^<]*click". The pieces of a source are joined with LF and scanned as one text. When a database
// cannot be made or a scan fails, everything is tried.
#include "ruleinterp/prefilter.h"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <unordered_set>

#include <fmt/format.h>
#include <hs/hs.h>

#include "ruleinterp/literal.h"
#include "ruleinterp/regex.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

// The scratch of a thread, large enough for every database that the thread has met. Asking the library costs a checksum
// over the whole database, so each is asked for once; databases are told apart by a serial number, never by address.
class Scratch {
 public:
  Scratch() = default;
  ~Scratch() { hs_free_scratch(space_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// Null when there is no memory for it.
  hs_scratch_t* for_database(const hs_database_t* database, std::uint64_t serial) {
    if (!met_.contains(serial)) {
      if (hs_alloc_scratch(database, &space_) != HS_SUCCESS) return nullptr;
      if (met_.size() > 10'000) met_.clear();  // programs come and go; what is gone is never asked for
      met_.insert(serial);
    }
    return space_;
  }

 private:
  hs_scratch_t* space_ = nullptr;
  std::unordered_set<std::uint64_t> met_;
};

constexpr std::size_t kWideGap = 64;
// How often one scan looks for a neighbour: a text that repeats one word a million times ends it early.
constexpr std::size_t kFreeLooks = 20'000;
constexpr std::size_t kOctetsPerLook = 4;

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::string literal_as_expression(std::string_view text) {
  std::string out;
  for (const char c : text) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return out;
}

}  // namespace

class Prefilter {
 public:
  void add(std::uint32_t pattern, const Search& search) { members_.push_back({pattern, &search}); }
  std::size_t size() const { return members_.size(); }

  void scan(std::size_t patterns, std::span<const std::string_view> pieces, Candidates& candidates) const {
    std::call_once(made_, [this] { make(); });
    candidates.reset(patterns, !database_);
    if (!database_) return;
    for (const std::uint32_t pattern : always_) candidates.set(pattern);
    if (pieces.empty()) return;
    thread_local Scratch scratch;
    hs_scratch_t* const space = scratch.for_database(database_.get(), serial_);
    if (!space) return candidates.reset(patterns, true);
    thread_local std::string joined;
    std::string_view text = pieces[0];
    if (pieces.size() > 1) {
      joined.clear();
      for (const std::string_view piece : pieces) {
        joined += piece;
        joined += '\n';
      }
      text = joined;
    }
    constexpr std::size_t kMost = 0x7FFFFFFF;
    if (text.size() > kMost) return candidates.reset(patterns, true);
    const char* begin = text.data() ? text.data() : "";
    thread_local std::vector<std::uint8_t> missing;
    missing = needs_;
    thread_local std::vector<std::uint8_t> settled;
    settled.assign(literals_.size(), 0);
    Scan scan{*this, text, missing, settled, candidates, kFreeLooks + text.size() / kOctetsPerLook};
    const auto on_match = [](unsigned literal, unsigned long long, unsigned long long end, unsigned, void* context) {
      static_cast<Scan*>(context)->saw(literal, static_cast<std::size_t>(end));
      return 0;
    };
    if (hs_scan(database_.get(), begin, static_cast<unsigned>(text.size()), 0, space, on_match, &scan) != HS_SUCCESS)
      candidates.reset(patterns, true);
  }

  void prepare() const {
    std::call_once(made_, [this] { make(); });
  }

 private:
  struct Member {
    std::uint32_t pattern;
    const Search* search;
  };
  // A literal belongs to need `bit` of a member.
  struct Use {
    std::uint32_t member;
    std::uint32_t beside;  // where it begins in besides_, in lower case; of size 0 unless the gap is known
    std::uint16_t beside_size;
    std::uint8_t bit;
    Gap gap;
    Needed::Side side;
  };
  struct Literal {
    std::uint32_t size = 0;
    bool once = true;  // the first place will do
    std::vector<Use> uses;
  };
  // One scan: of each member, the bits of its needs that were not seen yet.
  struct Scan {
    const Prefilter& filter;
    std::string_view text;
    std::vector<std::uint8_t>& missing;
    std::vector<std::uint8_t>& settled;  // of each literal: no further place matters
    Candidates& candidates;
    std::size_t looks_left;
    void saw(unsigned number, std::size_t end) {
      if (settled[number]) return;
      const Literal& literal = filter.literals_[number];
      // Without looks each neighbour may be there.
      const bool looks = looks_left >= literal.uses.size();
      looks_left -= looks ? literal.uses.size() : 0;
      settled[number] = literal.once || !looks;
      for (const Use& use : literal.uses) {
        std::uint8_t& bits = missing[use.member];
        if (!(bits & use.bit) || (looks && use.gap != Gap::unknown && !is_beside(use, end - literal.size, end)))
          continue;
        bits = static_cast<std::uint8_t>(bits & ~use.bit);
        if (bits == 0) candidates.set(filter.members_[use.member].pattern);
      }
    }
    // Whether the neighbour stands beside begin..end. Behind a wide gap it is not looked for: it may.
    bool is_beside(const Use& use, std::size_t begin, std::size_t end) const {
      const std::string_view wanted = std::string_view{filter.besides_}.substr(use.beside, use.beside_size);
      std::size_t gap = 0;
      if (use.side == Needed::Side::before) {
        while (gap < begin && is_in(use.gap, text[begin - gap - 1]))
          if (++gap > kWideGap) return true;
        const std::size_t to = begin - gap;
        return wanted.size() <= to && equal_ignoring_case(text.substr(to - wanted.size(), wanted.size()), wanted);
      }
      while (end + gap < text.size() && is_in(use.gap, text[end + gap]))
        if (++gap > kWideGap) return true;
      return equal_ignoring_case(text.substr(end + gap, wanted.size()), wanted);
    }
  };
  struct Closer {
    void operator()(hs_database_t* database) const { hs_free_database(database); }
  };

  void make() const {
    std::map<std::string, std::uint32_t> numbers;  // of literals, in lower case
    needs_.assign(members_.size(), 0);
    for (std::uint32_t member = 0; member < members_.size(); ++member) {
      const Search& search = *members_[member].search;
      const std::vector<Needed> needed =
          search.regex() ? required_literals(*search.regex()) : std::vector<Needed>{{.texts = {search.plain()}}};
      if (needed.empty() || needed[0].texts[0].empty()) {
        always_.push_back(members_[member].pattern);
        continue;
      }
      for (const Needed& one : needed) {
        const auto bit = static_cast<std::uint8_t>(needs_[member] + 1);  // 1, 2, 4
        needs_[member] |= bit;
        for (const std::string& text : one.texts) {
          const auto [at, is_new] = numbers.emplace(lower(text), static_cast<std::uint32_t>(literals_.size()));
          if (is_new) literals_.emplace_back().size = static_cast<std::uint32_t>(text.size());
          Literal& literal = literals_[at->second];
          literal.once = literal.once && one.gap == Gap::unknown;
          literal.uses.push_back({member, static_cast<std::uint32_t>(besides_.size()),
                                  static_cast<std::uint16_t>(one.beside.size()), bit, one.gap, one.side});
          besides_ += lower(one.beside);
        }
      }
    }
    std::vector<std::string> texts;
    std::vector<unsigned> flags, ids;
    for (const auto& [text, number] : numbers) {
      texts.push_back(literal_as_expression(text));
      flags.push_back(HS_FLAG_CASELESS | (literals_[number].once ? HS_FLAG_SINGLEMATCH : 0U));
      ids.push_back(number);
    }
    compile(std::move(texts), std::move(flags), std::move(ids));
  }

  // One expression that Hyperscan refuses must not cost the others: it says which one it was.
  void compile(std::vector<std::string> texts, std::vector<unsigned> flags, std::vector<unsigned> ids) const {
    while (!texts.empty()) {
      std::vector<const char*> expressions;
      for (const std::string& text : texts) expressions.push_back(text.c_str());
      hs_database_t* database = nullptr;
      hs_compile_error_t* error = nullptr;
      if (hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(texts.size()),
                           HS_MODE_BLOCK, nullptr, &database, &error) == HS_SUCCESS) {
        database_.reset(database);
        return;
      }
      const int refused = error ? error->expression : -1;
      hs_free_compile_error(error);
      if (refused < 0) return;  // too large as a whole: everything is tried
      const auto at = static_cast<std::ptrdiff_t>(refused);
      for (const Use& use : literals_[ids[static_cast<std::size_t>(refused)]].uses)
        always_.push_back(members_[use.member].pattern);
      texts.erase(texts.begin() + at);
      flags.erase(flags.begin() + at);
      ids.erase(ids.begin() + at);
    }
  }

  std::vector<Member> members_;
  std::uint64_t serial_ = next_serial();
  mutable std::once_flag made_;
  mutable std::unique_ptr<hs_database_t, Closer> database_;
  mutable std::vector<std::uint32_t> always_;
  mutable std::vector<Literal> literals_;
  mutable std::string besides_;
  mutable std::vector<std::uint8_t> needs_;  // of each member: a bit for each of its needs
};

Prefilters::Prefilters() = default;
Prefilters::~Prefilters() = default;
Prefilters::Prefilters(Prefilters&&) noexcept = default;
Prefilters& Prefilters::operator=(Prefilters&&) noexcept = default;

void Prefilters::add(std::uint32_t source, std::uint32_t pattern, const Search& search) {
  if (filters_.size() <= source) filters_.resize(source + 1);
  if (!filters_[source]) filters_[source] = std::make_unique<Prefilter>();
  filters_[source]->add(pattern, search);
}

void Prefilters::scan(std::uint32_t source, std::size_t patterns, std::span<const std::string_view> pieces,
                      Candidates& candidates) const {
  const Prefilter* filter = source < filters_.size() ? filters_[source].get() : nullptr;
  if (off_ || !filter || filter->size() < kWorthwhile) return candidates.reset(patterns, true);
  filter->scan(patterns, pieces, candidates);
}

void Prefilters::prepare() const {
  if (off_) return;
  for (const auto& filter : filters_)
    if (filter && filter->size() >= kWorthwhile) filter->prepare();
}

}  // namespace pennypost::ruleinterp
