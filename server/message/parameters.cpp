// Fields of the form "value; name=value" (RFC 2045 5.1, RFC 2183 2, RFC 2231), read as mail programs write them:
// comments, missing semicolons, unquoted values with spaces, Windows paths with backslashes. One pass, nothing fails.
#include "server/message/parameters.h"

#include <algorithm>

#include "server/base/limits.h"
#include "server/message/charset.h"
#include "server/message/encoded_words.h"
#include "server/message/header.h"

namespace pennypost::message {
namespace {

constexpr bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0'; }

constexpr bool is_token(char c) {
  return static_cast<unsigned char>(c) > 32 && c != 127 &&
         std::string_view{"()<>@,;:\\\"/[]?="}.find(c) == std::string_view::npos;
}

/// A cursor over a field value.
struct Reader {
  std::string_view in;
  std::size_t at = 0;

  bool done() const { return at >= in.size(); }
  char here() const { return in[at]; }

  void skip_white() {
    while (!done() && is_white(here())) ++at;
  }

  /// Behind the comment that begins here; `at` itself when it has no end.
  std::size_t comment_end() const {
    int depth = 0;
    for (std::size_t i = at; i < in.size(); ++i) {
      if (in[i] == '\\') {
        ++i;
      } else if (in[i] == '(') {
        ++depth;
      } else if (in[i] == ')' && --depth == 0) {
        return i + 1;
      }
    }
    return at;
  }

  /// White space and comments; a comment without an end takes everything.
  void skip() {
    for (skip_white(); !done() && here() == '('; skip_white()) {
      const std::size_t end = comment_end();
      at = end == at ? in.size() : end;
    }
  }

  std::string_view token() {
    const std::size_t begin = at;
    while (!done() && is_token(here())) ++at;
    return in.substr(begin, at - begin);
  }

  std::string quoted() {
    std::string out;
    for (++at; !done() && here() != '"'; ++at) {
      // Only quotes and backslashes are ever escaped in practice; other backslashes belong to a path.
      if (here() == '\\' && at + 1 < in.size() && (in[at + 1] == '"' || in[at + 1] == '\\')) ++at;
      if (here() != '\r' && here() != '\n' && here() != '\0') out += here();
    }
    if (!done()) ++at;
    return out;
  }

  /// A value without quotes: to the semicolon, a comment at its end, or the next "name=".
  std::string bare() {
    std::string out;
    bool comments_close = true;
    while (!done() && here() != ';') {
      if (!is_white(here())) {
        out += here();
        ++at;
        continue;
      }
      const std::size_t white = at;
      skip_white();
      if (done() || here() == ';') break;
      Reader ahead{in, at};
      if (!ahead.token().empty() && !ahead.done() && ahead.here() == '=') break;
      if (here() == '(' && comments_close) {
        const std::size_t end = comment_end();
        comments_close = end != at;
        Reader behind{in, end};
        behind.skip_white();
        if (comments_close && (behind.done() || behind.here() == ';')) {
          at = behind.at;
          break;
        }
      }
      out += in[white] == '\t' ? '\t' : ' ';
    }
    return out;
  }
};

/// One "name*1*=value" as read, before the pieces are joined.
struct Piece {
  std::string name;
  std::string value;
  int number = -1;  ///< of a continuation
  bool extended = false;
};

/// Takes "*", "*0", "*0*" off a name.
Piece piece_named(std::string_view name) {
  Piece piece;
  if (name.size() > 1 && name.ends_with('*')) {
    piece.extended = true;
    name.remove_suffix(1);
  }
  const std::size_t star = name.rfind('*');
  if (star != std::string_view::npos && star > 0 && star + 1 < name.size() && name.size() - star <= 4 &&
      std::ranges::all_of(name.substr(star + 1), [](char c) { return c >= '0' && c <= '9'; })) {
    piece.number = std::stoi(std::string{name.substr(star + 1)});
    name = name.substr(0, star);
  }
  piece.name = name;
  return piece;
}

std::string percent_encoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (is_token(c) && octet < 128 && c != '*' && c != '\'' && c != '%') {
      out += c;
    } else {
      out += '%';
      out += kHex[octet >> 4];
      out += kHex[octet & 15];
    }
  }
  return out;
}

/// Joins the pieces of continuations, in the order of their numbers up to the first gap.
Parameters joined(std::vector<Piece>& pieces) {
  Parameters out;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    Piece& first = pieces[i];
    if (first.number < 0) {
      out.push_back({std::move(first.name), std::move(first.value), first.extended});
      continue;
    }
    if (first.name.empty()) continue;  // taken already
    std::vector<Piece*> run;
    for (std::size_t k = i; k < pieces.size(); ++k) {
      if (pieces[k].number >= 0 && same_word(pieces[k].name, first.name)) run.push_back(&pieces[k]);
    }
    std::ranges::stable_sort(run, {}, &Piece::number);
    const bool extended = std::ranges::any_of(run, &Piece::extended);
    Parameter parameter{first.name, {}, extended};
    if (extended && !run.front()->extended) parameter.value = "''";  // no charset told: the first piece was plain
    int expected = 0;
    for (Piece* piece : run) {
      if (piece->number == expected) {
        ++expected;
        parameter.value += extended && !piece->extended ? percent_encoded(piece->value) : piece->value;
      }
    }
    for (Piece* piece : run) piece->name.clear();
    if (expected > 0) out.push_back(std::move(parameter));
  }
  return out;
}

Parameters read_parameters(Reader& in) {
  std::vector<Piece> pieces;
  while (!in.done() && pieces.size() < static_cast<std::size_t>(kMimeParameters.most)) {
    in.skip();
    if (in.done()) break;
    const std::string_view name = in.token();
    if (name.empty()) {
      ++in.at;  // a semicolon, or an octet that has no place here
      continue;
    }
    in.skip();
    if (in.done() || in.here() != '=') continue;  // a word alone says nothing
    ++in.at;
    in.skip();
    Piece piece = piece_named(name);
    if (!in.done() && in.here() == '"') {
      piece.value = in.quoted();
      while (!in.done() && in.here() != ';' && !is_white(in.here()) && in.here() != '(') ++in.at;  // rubbish behind it
    } else if (!in.done()) {
      piece.value = in.bare();
    }
    pieces.push_back(std::move(piece));
  }
  return joined(pieces);
}

std::string percent_decoded(std::string_view text) {
  const auto hex = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string_view limited(std::string_view value) { return value.substr(0, kHeaderValue.most.size()); }

}  // namespace

bool ContentType::is(std::string_view a, std::string_view b) const {
  return same_word(type, a) && (b.empty() || same_word(subtype, b));
}

std::optional<ContentType> parse_content_type(std::string_view value) {
  Reader in{limited(value)};
  in.skip();
  const std::string_view type = in.token();
  in.skip();
  if (type.empty() || in.done() || in.here() != '/') return std::nullopt;
  ++in.at;
  in.skip();
  const std::string_view subtype = in.token();
  if (subtype.empty()) return std::nullopt;
  return ContentType{std::string{type}, std::string{subtype}, read_parameters(in)};
}

std::optional<Disposition> parse_disposition(std::string_view value) {
  Reader in{limited(value)};
  in.skip();
  const std::string_view word = in.token();
  if (word.empty()) return std::nullopt;
  return Disposition{std::string{word}, read_parameters(in)};
}

std::optional<std::string_view> raw_parameter(const Parameters& parameters, std::string_view name) {
  for (const Parameter& parameter : parameters) {
    if (same_word(parameter.name, name)) return parameter.value;
  }
  return std::nullopt;
}

std::optional<std::string> parameter(const Parameters& parameters, std::string_view name) {
  const Parameter* plain = nullptr;
  for (const Parameter& candidate : parameters) {
    if (!same_word(candidate.name, name)) continue;
    if (!candidate.extended) {
      if (!plain) plain = &candidate;
      continue;
    }
    const std::string_view value = candidate.value;
    const std::size_t first = value.find('\'');
    const std::size_t second = first == std::string_view::npos ? first : value.find('\'', first + 1);
    if (second == std::string_view::npos) return to_utf8(percent_decoded(value));
    return to_utf8(percent_decoded(value.substr(second + 1)), value.substr(0, first));
  }
  if (!plain) return std::nullopt;
  return decode_words(plain->value);
}

std::string write_parameter(std::string_view name, std::string_view utf8_value) {
  std::string clean;
  for (const char c : utf8_value) clean += static_cast<unsigned char>(c) < 32 || c == 127 ? ' ' : c;
  std::string out = ";\r\n ";
  out += name;
  if (is_ascii(clean) && clean.size() <= 60) {
    out += "=\"";
    for (const char c : clean) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out += '"';
  }
  std::string encoded = "utf-8''" + percent_encoded(clean);
  const std::size_t room = 70 - std::min<std::size_t>(name.size(), 40);
  if (encoded.size() <= room) return out.append("*=").append(encoded);
  out.resize(out.size() - name.size() - 3);
  for (int number = 0; !encoded.empty(); ++number) {
    std::size_t take = std::min(encoded.size(), room);
    if (take < encoded.size()) {  // a percent sign and its two digits stay together
      if (encoded[take - 1] == '%')
        take -= 1;
      else if (encoded[take - 2] == '%')
        take -= 2;
    }
    if (number > 0) out += ';';
    out.append("\r\n ").append(name).append("*").append(std::to_string(number)).append("*=").append(encoded, 0, take);
    encoded.erase(0, take);
  }
  return out;
}

}  // namespace pennypost::message
