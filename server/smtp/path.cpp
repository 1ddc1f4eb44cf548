// Reader of MAIL and RCPT arguments (see the header). Pure functions over a line whose length the session has already
// limited; one pass, no recursion, no failure other than the PathProblem it returns.
#include "server/smtp/path.h"

#include <algorithm>
#include <cctype>

namespace pennypost::smtp {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_high(char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// atext of RFC 5321 4.1.2 (through RFC 5322 3.2.3), the dot, and what RFC 6531 adds.
bool is_local_octet(char c) {
  return is_alnum(c) || is_high(c) || std::string_view{"!#$%&'*+-/=?^_`{|}~."}.find(c) != std::string_view::npos;
}
bool is_domain_octet(char c) { return is_alnum(c) || is_high(c) || c == '-' || c == '_' || c == '.'; }

bool starts_with_word(std::string_view in, std::string_view word) {
  return in.size() >= word.size() && std::equal(word.begin(), word.end(), in.begin(), [](char a, char b) {
           return a == static_cast<char>(std::toupper(static_cast<unsigned char>(b)));
         });
}

/// Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing over U+10FFFF.
bool is_utf8(std::string_view s) {
  for (std::size_t i = 0; i < s.size();) {
    const auto c = static_cast<unsigned char>(s[i]);
    std::size_t more = 0;
    std::uint32_t value = 0;
    if (c < 0x80) {
      ++i;
      continue;
    }
    if (c >= 0xc2 && c <= 0xdf) {
      more = 1;
      value = c & 0x1fU;
    } else if (c >= 0xe0 && c <= 0xef) {
      more = 2;
      value = c & 0x0fU;
    } else if (c >= 0xf0 && c <= 0xf4) {
      more = 3;
      value = c & 0x07U;
    } else {
      return false;
    }
    if (i + more >= s.size()) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(s[i + k]);
      if ((next & 0xc0U) != 0x80) return false;
      value = (value << 6U) | (next & 0x3fU);
    }
    if (more == 2 && (value < 0x800 || (value >= 0xd800 && value <= 0xdfff))) return false;
    if (more == 3 && (value < 0x10000 || value > 0x10ffff)) return false;
    i += more + 1;
  }
  return true;
}

/// What is left to read; each reader takes its part from the front and says whether it was there.
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_{rest} {}

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }
  template <typename P>
  std::string_view take_while(P wanted) {
    std::size_t n = 0;
    while (n < rest_.size() && wanted(rest_[n])) ++n;
    const auto taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }

  /// A-d-l of RFC 5321: "@a,@b:", dropped.
  bool source_route() {
    if (peek() != '@') return true;
    while (take('@')) {
      std::string ignored;
      if (!domain(ignored)) return false;
      if (take(':')) return true;
      if (!take(',')) return false;
    }
    return false;
  }

  bool quoted_local(std::string& out) {
    if (!take('"')) return false;
    while (!at_end()) {
      char c = peek();
      rest_.remove_prefix(1);
      if (c == '"') return !out.empty();
      if (c == '\\') {
        if (at_end()) return false;
        c = peek();
        rest_.remove_prefix(1);
      }
      if (is_control(c)) return false;
      out += c;
    }
    return false;
  }

  bool local(std::string& out) {
    if (peek() == '"') return quoted_local(out);
    out = take_while(is_local_octet);
    return !out.empty();
  }

  bool domain(std::string& out) {
    if (peek() == '[') {
      const auto inside =
          take_while([](char c) { return c != ']' && !is_control(c) && !is_space(c) && c != '>' && !is_high(c); });
      if (!take(']') || inside.size() < 2) return false;
      out = std::string{inside} + "]";
      return true;
    }
    out = take_while(is_domain_octet);
    if (out.size() > 1 && out.back() == '.') out.pop_back();  // "example.com." names the same domain
    return !out.empty() && out.front() != '.' && out.find("..") == std::string::npos && out.back() != '.';
  }

 private:
  std::string_view rest_;
};

bool read_address(Reader& in, Path& out) {
  if (!in.source_route() || !in.local(out.local)) return false;
  if (in.take('@') && !in.domain(out.domain)) return false;
  const std::size_t size = out.local.size() + 1 + out.domain.size();
  if (size > kMostPathOctets || out.domain.size() > 255) return false;
  out.utf8 = std::ranges::any_of(out.local, is_high) || std::ranges::any_of(out.domain, is_high);
  return !out.utf8 || (is_utf8(out.local) && is_utf8(out.domain));
}

bool read_path_itself(Reader& in, PathKind kind, Path& out) {
  if (!in.take('<')) {
    return read_address(in, out);  // no brackets: the original's clients sometimes leave them out
  }
  if (kind == PathKind::reverse && in.take('>')) return true;
  return read_address(in, out) && in.take('>');
}

bool read_parameters(Reader& in, std::vector<Parameter>& out) {
  while (!in.at_end()) {
    if (!is_space(in.peek())) return false;
    in.skip_spaces();
    if (in.at_end()) break;
    Parameter p;
    p.keyword = in.take_while([](char c) { return is_alnum(c) || c == '-'; });
    if (p.keyword.empty() || p.keyword.front() == '-' || p.keyword.size() > 64) return false;
    std::ranges::transform(p.keyword, p.keyword.begin(),
                           [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
    if (in.take('=')) {
      p.value = in.take_while([](char c) { return !is_space(c) && !is_control(c) && c != '='; });
      if (p.value->empty()) return false;
      // esmtp-value has no "=", but ORCPT and ENVID of real clients do carry one unencoded: taken, it harms nothing.
      while (in.take('='))
        *p.value += "=" + std::string{in.take_while([](char c) { return !is_space(c) && !is_control(c) && c != '='; })};
      if (!is_utf8(*p.value)) return false;
    }
    if (out.size() >= kMostParameters) return false;
    if (std::ranges::any_of(out, [&](const Parameter& o) { return o.keyword == p.keyword; })) return false;
    out.push_back(std::move(p));
  }
  return true;
}

}  // namespace

std::string Path::text() const {
  if (null()) return {};
  std::string out;
  if (std::ranges::all_of(local, is_local_octet)) {
    out = local;
  } else {
    out = "\"";
    for (const char c : local) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  if (!domain.empty()) out += "@" + domain;
  return out;
}

PathReading read_path(std::string_view argument, PathKind kind) {
  const std::string_view keyword = kind == PathKind::reverse ? "FROM" : "TO";
  PathReading out;
  if (!starts_with_word(argument, keyword)) return {PathProblem::keyword, {}};
  Reader in{argument.substr(keyword.size())};
  in.skip_spaces();
  if (!in.take(':')) return {PathProblem::keyword, {}};
  in.skip_spaces();
  if (!read_path_itself(in, kind, out.read.path) || (!in.at_end() && !is_space(in.peek())))
    return {PathProblem::path, {}};
  if (!read_parameters(in, out.read.parameters)) return {PathProblem::parameter, {}};
  return out;
}

std::optional<std::string> decode_xtext(std::string_view in) {
  const auto hex = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  std::string out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] == '+') {
      if (i + 2 >= in.size()) return std::nullopt;
      const int high = hex(in[i + 1]);
      const int low = hex(in[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else if (in[i] <= ' ' || in[i] == 0x7f) {
      return std::nullopt;
    } else {
      out += in[i];  // "=" and octets over 0x7f are not xtext, but are what they look like
    }
  }
  return out;
}

std::string encode_xtext(std::string_view in) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : in) {
    if (c > ' ' && c < 0x7f && c != '+' && c != '=') {
      out += c;
    } else {
      const auto u = static_cast<unsigned char>(c);
      out += '+';
      out += kHex[u >> 4U];
      out += kHex[u & 0xfU];
    }
  }
  return out;
}

}  // namespace pennypost::smtp
