// Search values (spec 10 section 4.3): plain text, or /expression/ with modifiers, by PCRE2 with its compiler to
// machine code. An expression works on octets; its lines end with LF, CR LF or CR.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::ruleinterp {

/// A search value taken apart; the views point into the text it was made of.
struct SearchForm {
  bool expression = false;
  std::string_view body;       ///< what stands between the slashes, or the whole plain text
  std::string_view modifiers;  ///< letters after the last slash
};

/// `/.../` from the first to the last slash is an expression, anything else is plain text.
SearchForm search_form(std::string_view written);

/// How much work one match may cost; PCRE2 counts it. A match that passes it counts as "no match".
inline constexpr std::uint32_t kMatchLimit = 1'000'000;
inline constexpr std::uint32_t kMatchHeapKib = 16 * 1024;

/// Where a match stands in the subject.
struct Match {
  static constexpr std::size_t kMostGroups = 100;
  std::size_t begin = 0, end = 0;
  std::vector<std::string_view> groups;  ///< [0] = the whole match; filled up to the last group that took part
};

enum class Matched { no, yes, too_much_work };

/// A compiled expression; immutable, used by many threads at once.
class Regex {
 public:
  struct Error {
    std::string text;
    std::size_t offset = 0;  ///< octets into the body
  };
  /// Null and `error` filled in when body or modifiers (i, m, s, x; g is ignored) make no expression.
  static std::unique_ptr<const Regex> compile(std::string_view body, std::string_view modifiers, Error& error);
  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  /// Searches from octet `from`. `match` may be null. The machine code is made at the first use.
  Matched match(std::string_view subject, std::size_t from, Match* match) const;

  const std::string& body() const { return body_; }
  bool ignores_case() const { return ignore_case_; }
  bool multi_line() const { return multi_line_; }
  bool dot_all() const { return dot_all_; }
  bool extended() const { return extended_; }

 private:
  Regex() = default;
  void* code_ = nullptr;
  mutable std::once_flag jit_;
  std::string body_;
  bool ignore_case_ = false, multi_line_ = false, dot_all_ = false, extended_ = false;
};

/// A search value that is ready: plain text (found without regard to case) or an expression.
class Search {
 public:
  /// Null and `error` filled in when the expression does not compile.
  static std::shared_ptr<const Search> make(std::string_view written, Regex::Error& error);

  Matched find(std::string_view subject, std::size_t from, Match* match) const;

  bool is_expression() const { return regex_ != nullptr; }
  const Regex* regex() const { return regex_.get(); }
  const std::string& plain() const { return plain_; }
  const std::string& written() const { return written_; }

 private:
  std::unique_ptr<const Regex> regex_;
  std::string plain_;
  std::string written_;
};

}  // namespace pennypost::ruleinterp
