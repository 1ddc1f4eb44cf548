// Finding the literal that an expression needs (issue 3, point 5). Only the outermost sequence is read: groups and
// classes end a run and are passed over, an alternative at the outermost level, options that change how the expression
// is read, and anything unknown mean that no literal is given.
#include "ruleinterp/literal.h"

#include <string_view>

#include "ruleinterp/regex.h"

namespace pennypost::ruleinterp {
namespace {

constexpr std::size_t kShortest = 3;

bool one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

class Reader {
 public:
  explicit Reader(std::string_view body) : body_{body} {}

  std::string run() {
    while (at_ < body_.size() && known_) step();
    end_run();
    return known_ && best_.size() >= kShortest ? best_ : std::string{};
  }

 private:
  void step() {
    const char c = body_[at_];
    if (c == '|') {
      known_ = false;
    } else if (c == '(') {
      end_run();
      skip_group();
      skip_quantifier();
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
    } else if (one_of(c, "*+?{")) {
      // Of a character that was just read: it may be absent, so it is no part of the run.
      if (!run_.empty()) run_.pop_back();
      end_run();
      skip_quantifier();
    } else {
      run_ += c;
      ++at_;
    }
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
    end_run();
    if (one_of(c, "dDwWsShHvVRbBAzZGntrfae")) return skip_quantifier();
    known_ = false;  // \Q, \x, \p, back references, ...
  }

  void skip_quantifier() {
    while (at_ < body_.size() && one_of(body_[at_], "*+?{")) {
      if (body_[at_] == '{') {
        const std::size_t end = body_.find('}', at_);
        if (end == std::string_view::npos) {
          known_ = false;
          return;
        }
        at_ = end;
      }
      ++at_;
    }
  }

  void skip_class() {
    ++at_;
    if (at_ < body_.size() && body_[at_] == '^') ++at_;
    if (at_ < body_.size() && body_[at_] == ']') ++at_;
    while (at_ < body_.size() && body_[at_] != ']') {
      if (body_[at_] == '\\') {
        ++at_;
        if (at_ < body_.size() && one_of(body_[at_], "QE")) known_ = false;
      } else if (body_.substr(at_, 2) == "[:") {
        const std::size_t end = body_.find(":]", at_);
        if (end != std::string_view::npos) at_ = end + 1;
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
        if (at_ + 1 < body_.size() && one_of(body_[at_ + 1], "QE")) known_ = false;
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
        if (rest.starts_with('*') || rest.starts_with("?#")) known_ = false;
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

  void end_run() {
    if (run_.size() > best_.size()) best_ = run_;
    run_.clear();
  }

  std::string_view body_;
  std::size_t at_ = 0;
  std::string run_, best_;
  bool known_ = true;
};

}  // namespace

std::string required_literal(const Regex& regex) {
  if (regex.extended()) return {};
  return Reader{regex.body()}.run();
}

}  // namespace pennypost::ruleinterp
