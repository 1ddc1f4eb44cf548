// Address lists, read token by token in one pass (RFC 5322 3.4 and 4.4, RFC 6532 3.2).
// Written for what arrives, not for the grammar: missing brackets, commas and domains, dots and 8-bit octets anywhere.
// Nothing fails; an element without any word or address is left out.
#include "server/message/address.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "server/base/limits.h"
#include "server/base/text.h"
#include "server/message/encoded_words.h"

namespace pennypost::message {
namespace {

constexpr std::size_t kEncodedWord = 256;  // how far the end of an encoded word is looked for

enum class Kind : std::uint8_t { atom, quoted, dot, at, literal, comma, semicolon, colon, less, greater, comment, end };

struct Token {
  Kind kind = Kind::end;
  bool spaced = false;  ///< white space or a comment stands before it
  std::string text;
};

constexpr bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0'; }
constexpr bool is_special(char c) { return std::string_view{"()<>[]:;@\\,.\""}.find(c) != std::string_view::npos; }

constexpr std::size_t kDomain = 255;      // RFC 5321 section 4.5.3.1.2
constexpr std::size_t kDomainLabel = 63;  // RFC 1035 section 2.3.4

bool is_domain(std::string_view domain) {
  if (domain.empty() || domain.size() > kDomain) return false;
  if (domain.front() == '[') return domain.size() > 2 && domain.find(']') == domain.size() - 1;
  return std::ranges::all_of(split(domain, '.'), [](std::string_view label) {
    return !label.empty() && label.size() <= kDomainLabel && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label,
                               [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || !is_ascii(c); });
  });
}

/// Cuts a value into tokens. White space, NUL and stray closing brackets only separate.
class Lexer {
 public:
  explicit Lexer(std::string_view in) : in_{in} {}

  Token next() {
    Token token;
    while (at_ < in_.size() && separates(in_[at_])) {
      token.spaced = true;
      ++at_;
    }
    if (at_ == in_.size()) return token;
    const auto single = [&](Kind kind) {
      token.kind = kind;
      ++at_;
      return token;
    };
    switch (in_[at_]) {
      case '.':
        return single(Kind::dot);
      case '@':
        return single(Kind::at);
      case ',':
        return single(Kind::comma);
      case ';':
        return single(Kind::semicolon);
      case ':':
        return single(Kind::colon);
      case '<':
        return single(Kind::less);
      case '>':
        return single(Kind::greater);
      case '"':
        return quoted(std::move(token));
      case '(':
        return comment(std::move(token));
      case '[':
        return literal(std::move(token));
      default:
        break;
    }
    token.kind = Kind::atom;
    if (const std::size_t size = encoded_word(); size > 0) {
      token.text = in_.substr(at_, size);
      at_ += size;
      return token;
    }
    while (at_ < in_.size() && !is_white(in_[at_]) && (!is_special(in_[at_]) || in_[at_] == '\\')) {
      if (in_[at_] == '\\' && at_ + 1 < in_.size() && !is_white(in_[at_ + 1])) ++at_;
      token.text += in_[at_++];
    }
    return token;
  }

 private:
  bool separates(char c) const { return is_white(c) || c == ')' || c == ']' || (c == '"' && !quotes_close_); }

  /// A quoted string; of a quote that is never closed only the sign goes.
  Token quoted(Token token) {
    quotes_close_ = closing_quote() < in_.size();
    if (!quotes_close_) {
      Token behind = next();
      behind.spaced = true;
      return behind;
    }
    token.kind = Kind::quoted;
    for (++at_; at_ < in_.size() && in_[at_] != '"'; ++at_) {
      if (in_[at_] == '\\' && at_ + 1 < in_.size()) ++at_;
      if (in_[at_] != '\r' && in_[at_] != '\n' && in_[at_] != '\0') token.text += in_[at_];
    }
    at_ = std::min(at_ + 1, in_.size());
    return token;
  }

  std::size_t closing_quote() const {
    std::size_t i = at_ + 1;
    while (i < in_.size() && in_[i] != '"') i += in_[i] == '\\' ? 2 : 1;
    return i;
  }

  Token comment(Token token) {
    token.kind = Kind::comment;
    int depth = 1;
    for (++at_; at_ < in_.size(); ++at_) {
      const char c = in_[at_];
      if (c == '\\' && at_ + 1 < in_.size() && !is_white(in_[at_ + 1])) {
        token.text += in_[++at_];
        continue;
      }
      if (c == '(') ++depth;
      if (c == ')' && --depth == 0) break;
      if (c != '\r' && c != '\n' && c != '\0') token.text += c;
    }
    at_ = std::min(at_ + 1, in_.size());
    return token;
  }

  Token literal(Token token) {
    token.kind = Kind::literal;
    while (at_ < in_.size() && in_[at_] != ']' && in_[at_] != '>' && in_[at_] != ',') {
      if (!is_white(in_[at_])) token.text += in_[at_];
      ++at_;
    }
    if (at_ < in_.size() && in_[at_] == ']') token.text += in_[at_++];
    return token;
  }

  /// The size of an encoded word here, which may hold octets that are special elsewhere (they should not be there).
  std::size_t encoded_word() const {
    const std::string_view rest = in_.substr(at_, kEncodedWord);
    if (!rest.starts_with("=?")) return 0;
    int marks = 0;
    for (std::size_t i = 2; i < rest.size() && !is_white(rest[i]); ++i) {
      if (rest[i] == '?' && ++marks >= 3 && i + 1 < rest.size() && rest[i + 1] == '=') return i + 2;
    }
    return 0;
  }

  std::string_view in_;
  std::size_t at_ = 0;
  bool quotes_close_ = true;  // false once a quote had no end: then no later one has
};

/// A domain holds nothing that could end an address on a command line or in a field (RFC 5321 4.1.2).
std::string clean_domain(std::string domain) {
  const bool literal = domain.size() > 2 && domain.front() == '[' && domain.back() == ']';
  const auto bad = [literal](char c) {
    return static_cast<unsigned char>(c) <= 32 || c == 127 || (is_special(c) && c != '.' && !(literal && c == ':'));
  };
  if (!literal) {
    std::erase_if(domain, bad);
    return domain;
  }
  std::string inner = domain.substr(1, domain.size() - 2);
  std::erase_if(inner, bad);
  return "[" + inner + "]";
}

bool is_word(const Token& token) { return token.kind == Kind::atom || token.kind == Kind::quoted; }

const char* sign(Kind kind) { return kind == Kind::dot ? "." : kind == Kind::at ? "@" : ""; }

/// Tokens as a display name: a space where there was white space.
std::string phrase(const std::vector<Token>& tokens, std::size_t from, std::size_t to) {
  std::string out;
  for (std::size_t i = from; i < to; ++i) {
    const bool between_words = i > from && is_word(tokens[i]) && is_word(tokens[i - 1]);
    if (i > from && (tokens[i].spaced || between_words)) out += ' ';
    out += tokens[i].text;
    out += sign(tokens[i].kind);
  }
  return out;
}

/// Tokens as one side of an address: no white space but between two words, where some is needed.
std::string joined(const std::vector<Token>& tokens, std::size_t from, std::size_t to) {
  std::string out;
  for (std::size_t i = from; i < to; ++i) {
    if (i > from && is_word(tokens[i]) && is_word(tokens[i - 1]) && tokens[i].spaced) out += ' ';
    out += tokens[i].text;
    out += sign(tokens[i].kind);
  }
  return out;
}

std::size_t last_at(const std::vector<Token>& tokens) {
  for (std::size_t i = tokens.size(); i-- > 0;) {
    if (tokens[i].kind == Kind::at) return i;
  }
  return tokens.size();
}

/// Collects elements: names, the address in brackets or without, the comment behind.
class ListReader {
 public:
  explicit ListReader(std::string_view value) : lexer_{value} {}

  std::vector<AddressOrGroup> run() {
    for (Token token = lexer_.next(); count_ < kHeaderAddresses.most; token = lexer_.next()) {
      switch (token.kind) {
        case Kind::end:
          return finish();
        case Kind::comma:
          end_element();
          break;
        case Kind::semicolon:
          end_element();
          in_group_ = false;
          break;
        case Kind::colon:
          at_colon(std::move(token));
          break;
        case Kind::less:
          in_brackets();
          break;
        case Kind::greater:
          break;
        case Kind::comment:
          comment_ = std::move(token.text);
          spaced_ = true;
          break;
        case Kind::atom:
        case Kind::quoted:
        case Kind::dot:
        case Kind::at:
        case Kind::literal:
          take(std::move(token));
          break;
      }
    }
    return finish();
  }

 private:
  std::vector<AddressOrGroup> finish() {
    end_element();
    return std::move(list_);
  }

  void take(Token token) {
    if (complete_) return;  // words behind the brackets say nothing
    token.spaced = token.spaced || std::exchange(spaced_, false);
    tokens_.push_back(std::move(token));
  }

  void at_colon(Token token) {
    const bool names_a_group = !complete_ && !tokens_.empty() && last_at(tokens_) == tokens_.size();
    if (!names_a_group) {
      token.kind = Kind::atom;
      token.text = ":";
      return take(std::move(token));
    }
    list_.emplace_back(Group{phrase(tokens_, 0, tokens_.size()), {}});
    in_group_ = true;
    tokens_.clear();
    comment_.clear();
  }

  /// Behind "<": route, address, ">". A second "<", or a comma outside a route, ends it too.
  void in_brackets() {
    if (complete_) end_element();
    Address address;
    address.name = phrase(tokens_, 0, tokens_.size());
    tokens_.clear();
    bool route = false;
    for (Token token = lexer_.next();; token = lexer_.next()) {
      if (token.kind == Kind::comment) continue;
      if (token.kind == Kind::at && tokens_.empty() && address.route.empty()) route = true;
      if (token.kind == Kind::colon && route) {
        address.route = joined(tokens_, 0, tokens_.size());
        tokens_.clear();
        route = false;
        continue;
      }
      if (token.kind == Kind::comma && route) {
        token.kind = Kind::atom;
        token.text = ",";
      }
      const bool over = token.kind == Kind::end || token.kind == Kind::greater || token.kind == Kind::comma ||
                        token.kind == Kind::less;
      if (over) break;
      if (token.kind == Kind::colon || token.kind == Kind::semicolon) {
        token.text = token.kind == Kind::colon ? ":" : ";";
        token.kind = Kind::atom;
      }
      tokens_.push_back(std::move(token));
    }
    const std::size_t at = last_at(tokens_);
    address.local = joined(tokens_, 0, at);
    if (at < tokens_.size()) address.domain = clean_domain(joined(tokens_, at + 1, tokens_.size()));
    tokens_.clear();
    address_ = std::move(address);
    complete_ = true;
  }

  void end_element() {
    if (!complete_ && !tokens_.empty()) {
      address_ = without_brackets();
      complete_ = true;
    }
    if (complete_) {
      if (address_.name.empty()) address_.name = std::move(comment_);
      if (in_group_) {
        std::get<Group>(list_.back()).members.push_back(std::move(address_));
      } else {
        list_.emplace_back(std::move(address_));
      }
      ++count_;
    }
    address_ = {};
    complete_ = false;
    spaced_ = false;
    tokens_.clear();
    comment_.clear();
  }

  /// "a@b", "Name a@b", "name": the words around the last "@" are the address, those before it the name.
  Address without_brackets() const {
    Address address;
    const std::size_t at = last_at(tokens_);
    if (at == tokens_.size()) {
      const bool one_word = std::ranges::count_if(tokens_, is_word) <= 1 || !has_gap();
      (one_word ? address.local : address.name) = phrase(tokens_, 0, tokens_.size());
      return address;
    }
    std::size_t from = at;
    while (from > 0 && (!is_word(tokens_[from - 1]) || from == at || !is_word(tokens_[from]))) --from;
    std::size_t to = at + 1;
    while (to < tokens_.size() && (tokens_[to].kind == Kind::dot || to == at + 1 || tokens_[to - 1].kind == Kind::dot))
      ++to;
    address.local = joined(tokens_, from, at);
    address.domain = clean_domain(joined(tokens_, at + 1, to));
    address.name = phrase(tokens_, 0, from);
    return address;
  }

  /// True when white space stands between two of the tokens.
  bool has_gap() const {
    return std::any_of(tokens_.begin() + 1, tokens_.end(), [](const Token& token) { return token.spaced; });
  }

  Lexer lexer_;
  std::vector<AddressOrGroup> list_;
  std::vector<Token> tokens_;  // of the element so far
  std::string comment_;        // the last one: a name in the old form
  Address address_;            // from brackets, when complete_
  bool complete_ = false;
  bool in_group_ = false;
  bool spaced_ = false;  // a comment stood before the next token
  int count_ = 0;
};

bool is_dot_atom(std::string_view local) {
  const auto atom = [](char c) {
    return static_cast<unsigned char>(c) > 32 && c != 127 && (!is_special(c) || c == '.');
  };
  return !local.empty() && local.front() != '.' && local.back() != '.' && local.find("..") == std::string_view::npos &&
         std::ranges::all_of(local, atom);
}

}  // namespace

std::vector<AddressOrGroup> addresses(std::string_view value) {
  return ListReader{value.substr(0, kHeaderValue.most.size())}.run();
}

std::vector<Address> mailboxes(std::string_view value) {
  std::vector<Address> out;
  for (AddressOrGroup& entry : addresses(value)) {
    if (Group* group = std::get_if<Group>(&entry)) {
      std::ranges::move(group->members, std::back_inserter(out));
    } else {
      out.push_back(std::get<Address>(std::move(entry)));
    }
  }
  return out;
}

std::string addr_spec(const Address& address) {
  std::string out;
  if (is_dot_atom(address.local) || (address.local.empty() && address.domain.empty())) {
    out = address.local;
  } else {
    out += '"';
    for (const char c : address.local) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  if (!address.domain.empty()) out.append("@").append(address.domain);
  return out;
}

bool is_addr_spec(std::string_view text) {
  if (std::ranges::any_of(text, is_control) || !is_utf8(text)) return false;
  const std::vector<Address> read = mailboxes(text);
  return read.size() == 1 && !read[0].local.empty() && is_domain(read[0].domain) && addr_spec(read[0]) == text;
}

std::string display_name(const Address& address, std::string_view raw_charset) {
  return decode_words(address.name, raw_charset);
}

std::string to_string(const Address& address, std::string_view raw_charset) {
  const std::string name = display_name(address, raw_charset);
  const std::string spec = addr_spec(address);
  if (name.empty()) return spec;
  if (spec.empty()) return name;
  return name + " <" + spec + ">";
}

}  // namespace pennypost::message
