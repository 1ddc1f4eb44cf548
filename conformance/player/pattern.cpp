// Expected lines to regular expressions (PCRE2). Literal octets are escaped, patterns become their expression, the
// pieces of <all:...> every order of them. A line that takes too many steps to match counts as not matching. Sources:
// docs/conformance.md; RFC 3501 9 (string, flag-list, date-time), RFC 5322 3.3 (date).
#define PCRE2_CODE_UNIT_WIDTH 8
#include "conformance/player/pattern.h"

#include <array>
#include <cctype>
#include <sstream>

#include <pcre2.h>

namespace pennypost::conformance {
namespace {

constexpr const char* kString = R"((?:"(?:[^"\\\r\n]|\\["\\])*"|\{[0-9]+\}\r\n.*?))";
constexpr const char* kDate = R"("[ 0-9][0-9]-[A-Z][a-z]{2}-[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} [-+][0-9]{4}")";
constexpr const char* kMaildate =
    R"((?:[A-Z][a-z]{2}, )?[ 0-9]?[0-9] [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}(?::[0-9]{2})? (?:[-+][0-9]{4}|GMT|UT)(?: \([^)]*\))?)";

/// PCRE2 takes expressions of some 64 KiB. Longer texts stand for themselves as a short token, which also takes their
/// place in the line before it is matched.
constexpr std::size_t kLongText = 4096;
struct LongText {
  std::string token;
  std::string text;
};

std::string replaced(std::string in, const std::string& what, const std::string& with) {
  for (auto at = in.find(what); at != std::string::npos; at = in.find(what, at + with.size()))
    in.replace(at, what.size(), with);
  return in;
}

/// The octets as an expression that matches them alone.
std::string escaped(std::string_view octets) {
  std::string out;
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    if (std::isalnum(octet) != 0 || c == ' ')
      out += c;
    else if (octet > 32 && octet < 127)
      out += {'\\', c};
    else
      out += fmt::format("\\x{:02x}", octet);
  }
  return out;
}

std::string flag_list(const std::string& written, bool others_too) {
  std::istringstream in{written};
  std::string looks, one_of = R"(\\Recent)";
  for (std::string flag; in >> flag;) {
    looks += "(?=[^)]*[( ]" + escaped(flag) + "[ )])";
    one_of += "|" + escaped(flag);
  }
  if (others_too) one_of = "[^ ()]+";
  return "(?i:(?=\\()" + looks + "\\((?:(?:" + one_of + ")(?: (?!\\))|(?=\\))))*\\))";
}

class Writer {
 public:
  Writer(const Variables& variables, std::vector<LongText>& long_texts)
      : variables_{variables}, long_texts_{long_texts} {}

  std::string expression(const Template& text) const {
    std::string out;
    for (const auto& part : text) {
      const auto one = piece(part);
      out += part.capture.empty() ? one : "(?<" + part.capture + ">" + one + ")";
    }
    return out;
  }

 private:
  std::string octets(std::string_view text) const {
    if (text.size() < kLongText) return escaped(text);
    long_texts_.push_back({fmt::format("\x01long text {}\x02", long_texts_.size()), std::string{text}});
    return escaped(long_texts_.back().token);
  }

  /// A value in each of its IMAP spellings.
  std::string any_spelling(const std::string& value) const {
    std::string quoted = "\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    quoted += '"';
    const std::string literal = fmt::format("{{{}}}\r\n{}", value.size(), value);
    return "(?:" + octets(quoted) + "|" + octets(literal) + (value.empty() ? "" : "|" + octets(value)) + ")";
  }

  std::string piece(const Part& part) const {
    switch (part.form) {
      case Form::literal:
        return octets(part.text);
      case Form::substitute:
        return octets(variables_.value(part.text));
      case Form::any:
        return ".*?";
      case Form::number:
        return "[0-9]+";
      case Form::word:
        return "[^ ()\\r\\n]+";
      case Form::date:
        return kDate;
      case Form::maildate:
        return kMaildate;
      case Form::string:
        return part.choices.empty() ? kString : any_spelling(variables_.expand(part.choices[0]));
      case Form::flags:
        return flag_list(part.text, false);
      case Form::flags_at_least:
        return flag_list(part.text, true);
      case Form::regex:
        return "(?:" + part.text + ")";
      case Form::fold:
        return "(?i:" + escaped(part.text) + ")";
      case Form::all:
        return every_order(part.choices);
    }
    return {};
  }

  /// So many pieces as there are, a space between them, each only if its mark is not set yet.
  std::string every_order(const std::vector<Template>& choices) const {
    const auto id = ++marks_;
    std::string one_of;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      const auto mark = fmt::format("_{}_{}", id, i);
      one_of += fmt::format("{}(?(<{}>)(*FAIL)|{}(?<{}>))", i == 0 ? "" : "|", mark, expression(choices[i]), mark);
    }
    return fmt::format("(?:(?(<_{0}_s>) )(?:{1})(?<_{0}_s>)){{{2}}}", id, one_of, choices.size());
  }

  const Variables& variables_;
  std::vector<LongText>& long_texts_;
  mutable int marks_ = 0;
};

std::size_t count_line_breaks(const Template& text, const Variables& variables) {
  std::string known;
  for (const auto& part : text) {
    if (part.form == Form::literal) known += part.text;
    if (part.form == Form::substitute) known += variables.value(part.text);
  }
  std::size_t out = 0;
  for (auto at = known.find("\r\n"); at != std::string::npos; at = known.find("\r\n", at + 2)) ++out;
  return out;
}

}  // namespace

struct Pattern::Compiled {
  pcre2_code* code = nullptr;
  pcre2_match_data* data = nullptr;
  std::vector<LongText> long_texts;
  Compiled() = default;
  Compiled(const Compiled&) = delete;
  ~Compiled() {
    pcre2_match_data_free(data);
    pcre2_code_free(code);
  }
};

Pattern::Pattern(const Template& text, const Variables& variables) : compiled_{std::make_unique<Compiled>()} {
  const std::string expression = Writer{variables, compiled_->long_texts}.expression(text);
  line_breaks_ = count_line_breaks(text, variables);
  int error = 0;
  PCRE2_SIZE at = 0;
  constexpr auto options = PCRE2_DOTALL | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DUPNAMES;
  compiled_->code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(), options, &error, &at, nullptr);
  if (compiled_->code == nullptr) {
    std::array<PCRE2_UCHAR, 200> reason{};
    pcre2_get_error_message(error, reason.data(), reason.size());
    throw Failure{
        fmt::format("the pattern is no regular expression: {}", reinterpret_cast<const char*>(reason.data()))};
  }
  compiled_->data = pcre2_match_data_create_from_pattern(compiled_->code, nullptr);
}

Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

bool Pattern::matches(std::string_view given, Variables& captures) const {
  std::string line{given};
  for (const auto& [token, text] : compiled_->long_texts) line = replaced(std::move(line), text, token);
  const int found = pcre2_match(compiled_->code, reinterpret_cast<PCRE2_SPTR>(line.data()), line.size(), 0, 0,
                                compiled_->data, nullptr);
  if (found < 0) return false;
  std::uint32_t names = 0, entry_size = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(compiled_->code, PCRE2_INFO_NAMECOUNT, &names);
  pcre2_pattern_info(compiled_->code, PCRE2_INFO_NAMEENTRYSIZE, &entry_size);
  pcre2_pattern_info(compiled_->code, PCRE2_INFO_NAMETABLE, &table);
  const PCRE2_SIZE* places = pcre2_get_ovector_pointer(compiled_->data);
  for (std::uint32_t i = 0; i < names; ++i) {
    const auto* entry = table + std::size_t{i} * entry_size;
    const std::size_t group = static_cast<std::size_t>(entry[0]) << 8 | entry[1];
    const auto begin = places[2 * group], end = places[2 * group + 1];
    // A piece of an alternative took no part; a mark of <all:...> is no variable.
    if (begin == PCRE2_UNSET || entry[2] == '_') continue;
    std::string value = line.substr(begin, end - begin);
    for (const auto& [token, text] : compiled_->long_texts) value = replaced(std::move(value), token, text);
    captures.set(reinterpret_cast<const char*>(entry + 2), std::move(value));
  }
  return true;
}

}  // namespace pennypost::conformance
