// Finding the literals that an expression needs (issue 3, point 5). A sequence gives its runs of characters and the
// groups that it cannot do without, each of these with the longest literals of all its sides; classes end a run and are
// passed over. Options that change how the expression is read, and anything unknown, mean that no literal is given.
#include "ruleinterp/literal.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "ruleinterp/regex.h"

namespace pennypost::ruleinterp {
namespace {

constexpr std::size_t kShortest = 3;
constexpr std::size_t kMostTexts = 20;
constexpr int kDeepest = 8;

// Octets that are sure to be there.
std::size_t shortest(const Needed& needed) {
  std::size_t least = needed.texts[0].size();
  for (const std::string& text : needed.texts) least = std::min(least, text.size());
  return least + needed.beside.size();
}

bool one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

class Reader {
 public:
  Reader(std::string_view body, int depth) : body_{body}, depth_{depth} {}

  // Of a sequence: all that it needs. Of alternatives: one set, of what each of them needs most.
  std::vector<Needed> run() {
    if (depth_ > kDeepest) return {};
    std::vector<Needed> all;
    Needed sides;
    std::size_t count = 0;
    while (known_) {
      all.clear();
      needed_.clear();
      while (at_ < body_.size() && known_ && body_[at_] != '|') step();
      end_run();
      ++count;
      all.swap(needed_);
      if (all.empty()) {
        known_ = false;  // this side needs nothing, so all together do not
        break;
      }
      std::ranges::stable_sort(all, std::greater{}, shortest);
      sides.texts.insert(sides.texts.end(), all[0].texts.begin(), all[0].texts.end());
      if (at_ >= body_.size()) break;
      ++at_;  // the bar
    }
    if (!known_) return {};
    if (count > 1) all.assign(1, sides);
    std::erase_if(all, [](const Needed& one) { return one.texts.size() > kMostTexts; });
    all.resize(std::min(all.size(), kMostNeeded));
    return all;
  }

 private:
  void step() {
    const char c = body_[at_];
    if (c == '(') {
      end_run();
      const std::size_t begin = at_ + 1;
      skip_group();
      const std::size_t end = at_ > begin ? at_ - 1 : begin;
      const bool may_be_absent = at_quantifier() && body_[at_] != '+';
      skip_quantifier();
      if (known_ && !may_be_absent) inside(body_.substr(begin, end - begin));
    } else if (c == '[') {
      end_run();
      skip_class();
      skip_quantifier();
    } else if (one_of(c, ".^$")) {
      end_run();
      ++at_;
      skip_quantifier();
    } else if (c == '\\') {
      escape();
    } else if (at_quantifier()) {
      // Of a character that was just read: it may be absent, so it is no part of the run.
      if (!run_.empty()) run_.pop_back();
      end_run();
      skip_quantifier();
    } else {
      run_ += c;
      ++at_;
    }
  }

  // The literals of a plain group; of those that look around, set options or choose, none.
  void inside(std::string_view content) {
    if (content.starts_with("?:")) {
      content.remove_prefix(2);
    } else if (content.starts_with('?')) {
      return;
    }
    for (Needed& one : Reader{content, depth_ + 1}.run()) needed_.push_back(std::move(one));
  }

  void escape() {
    if (at_ + 1 >= body_.size()) {
      known_ = false;
      return;
    }
    const char c = body_[at_ + 1];
    at_ += 2;
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter) {
      run_ += c;
      return;
    }
    std::string left = run_;
    end_run();
    if (one_of(c, "dDwWsShHvVRbBAzZGntrfae")) {
      const Gap gap = c == 's' ? Gap::spaces : c == 'W' ? Gap::marks : Gap::unknown;
      if (gap != Gap::unknown && !left.empty() && !is_in(gap, left.back())) {
        left_ = std::move(left);
        gap_ = gap;
      }
      return skip_quantifier();
    }
    known_ = false;  // \Q, \x, \p, back references, ...
  }

  // A quantifier begins here. A "{" that begins none is a plain character; of forms that differ between versions of
  // PCRE ("{,3}", blanks inside) nothing is known.
  bool at_quantifier() {
    if (at_ >= body_.size() || !one_of(body_[at_], "*+?{")) return false;
    if (body_[at_] != '{') return true;
    std::size_t i = at_ + 1;
    const auto digits = [&] {
      while (i < body_.size() && body_[i] >= '0' && body_[i] <= '9') ++i;
    };
    if (i >= body_.size() || !one_of(body_[i], "0123456789, ")) return false;
    digits();
    if (i > at_ + 1 && i < body_.size() && body_[i] == ',') {
      ++i;
      digits();
    }
    if (i >= body_.size() || body_[i] != '}') known_ = false;
    return known_;
  }

  void skip_quantifier() {
    while (at_quantifier()) at_ = body_[at_] == '{' ? body_.find('}', at_) + 1 : at_ + 1;
  }

  void skip_class() {
    ++at_;
    if (at_ < body_.size() && body_[at_] == '^') ++at_;
    if (at_ < body_.size() && body_[at_] == ']') ++at_;
    while (at_ < body_.size() && body_[at_] != ']') {
      if (body_[at_] == '\\') {
        ++at_;
        if (at_ < body_.size() && one_of(body_[at_], "QEc")) known_ = false;
      } else if (body_[at_] == '[' && at_ + 1 < body_.size() && one_of(body_[at_ + 1], ":.=")) {
        // [:alpha:] or [:^alpha:]; where it is neither, the next bracket may end the class.
        const std::size_t end = body_.find_first_not_of("^abcdefghijklmnopqrstuvwxyz", at_ + 2);
        if (body_[at_ + 1] != ':' || end == std::string_view::npos || body_.substr(end, 2) != ":]") {
          known_ = false;
          return;
        }
        at_ = end + 1;
      }
      ++at_;
    }
    ++at_;
  }

  void skip_group() {
    int depth = 0;
    while (at_ < body_.size()) {
      const char c = body_[at_];
      if (c == '\\') {
        if (at_ + 1 < body_.size() && one_of(body_[at_ + 1], "QEc")) known_ = false;
        at_ += 2;
        continue;
      }
      if (c == '[') {
        skip_class();
        continue;
      }
      if (c == '(') {
        ++depth;
        const std::string_view rest = body_.substr(at_ + 1);
        if (rest.starts_with('*') || rest.starts_with("?#") || rest.starts_with("?C")) known_ = false;
        // Options: only those that do not change what a plain character means.
        if (rest.starts_with('?')) {
          std::size_t i = 1;
          while (i < rest.size() && one_of(rest[i], "imsJUn-^xa")) ++i;
          if (i > 1 && i < rest.size() && one_of(rest[i], ":)") &&
              rest.substr(1, i - 1).find_first_not_of("ims-") != std::string_view::npos)
            known_ = false;
        }
      }
      if (c == ')') --depth;
      ++at_;
      if (depth == 0) return;
    }
    known_ = false;
  }

  // The run is over; it may stand behind left_ with only gap_ between.
  void end_run() {
    if (gap_ != Gap::unknown && !run_.empty() && !is_in(gap_, run_.front()) &&
        std::max(run_.size(), left_.size()) >= kShortest) {
      // It says more than the left text alone, which was noted when it ended.
      if (!needed_.empty() && needed_.back() == Needed{.texts = {left_}}) needed_.pop_back();
      if (run_.size() >= left_.size()) {
        needed_.push_back({{run_}, gap_, Needed::Side::before, left_});
      } else {
        needed_.push_back({{left_}, gap_, Needed::Side::behind, run_});
      }
    } else if (run_.size() >= kShortest) {
      needed_.push_back({.texts = {run_}});
    }
    run_.clear();
    gap_ = Gap::unknown;
  }

  std::string_view body_;
  int depth_;
  std::size_t at_ = 0;
  std::string run_, left_;
  Gap gap_ = Gap::unknown;      // between left_ and the run that begins now
  std::vector<Needed> needed_;  // by the side that is being read
  bool known_ = true;
};

}  // namespace

bool is_in(Gap gap, char c) {
  switch (gap) {
    case Gap::unknown:
      return true;
    case Gap::spaces:
      return c == ' ' || (c >= '\t' && c <= '\r');
    case Gap::marks:
      return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
  }
  return true;
}

std::vector<Needed> required_literals(const Regex& regex) {
  if (regex.extended()) return {};
  return Reader{regex.body(), 0}.run();
}

}  // namespace pennypost::ruleinterp
