// The Hyperscan side of many patterns in one pass (issue 3, point 5).
//
// Why a false bit is a promise: only literals are scanned for, without regard to case: a plain search itself, or a text
// that an expression cannot match without (literal.h); an expression without one is always tried. Whole expressions are
// not given to the scanner: version 5.4.9 misses matches of "<(b|font)[^>]*>[^<]*click". The pieces of a source are
// joined with LF and scanned as one text. When a database cannot be made or a scan fails, everything is tried.
#include "ruleinterp/prefilter.h"

#include <atomic>
#include <mutex>
#include <string>
#include <unordered_set>

#include <fmt/format.h>
#include <hs/hs.h>

#include "ruleinterp/literal.h"
#include "ruleinterp/regex.h"

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
    const auto on_match = [](unsigned id, unsigned long long, unsigned long long, unsigned, void* context) {
      static_cast<Candidates*>(context)->set(id);
      return 0;
    };
    if (hs_scan(database_.get(), begin, static_cast<unsigned>(text.size()), 0, space, on_match, &candidates) !=
        HS_SUCCESS)
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
  struct Closer {
    void operator()(hs_database_t* database) const { hs_free_database(database); }
  };

  void make() const {
    std::vector<std::string> texts;
    std::vector<unsigned> flags, ids;
    for (const Member& member : members_) {
      const Regex* regex = member.search->regex();
      const std::vector<std::string> literals =
          regex ? required_literals(*regex) : std::vector<std::string>{member.search->plain()};
      if (literals.empty() || literals[0].empty()) {
        always_.push_back(member.pattern);
        continue;
      }
      for (const std::string& literal : literals) {
        texts.push_back(literal_as_expression(literal));
        flags.push_back(HS_FLAG_SINGLEMATCH | HS_FLAG_CASELESS);
        ids.push_back(member.pattern);
      }
    }
    // One expression that Hyperscan refuses must not cost the others: it says which one it was.
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
      always_.push_back(ids[static_cast<std::size_t>(refused)]);
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
