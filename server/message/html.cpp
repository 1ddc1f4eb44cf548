// HTML to text by one pass over the source; no tree is built, nothing is fetched (HTML 4.01, and what mail makes of
// it). Broken tags cost nothing: a "<" that begins no tag is text, a tag or comment without an end takes the rest.
#include "server/message/html.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "server/base/text.h"
#include "server/message/header.h"

namespace pennypost::message {
namespace {

constexpr bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }
/// The character references of HTML 4 by name (sorted), those of XHTML and a few that mail uses besides.
constexpr auto kEntities = std::to_array<std::pair<std::string_view, std::uint16_t>>({
#include "server/message/html_entities.inc"
});
static_assert(std::ranges::is_sorted(kEntities));

constexpr std::size_t kLongestEntity = 10;

void append_utf8(std::string& out, std::uint32_t code) {
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) code = 0xFFFD;
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 63));
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  }
}

/// What the reference at `at` ("&") stands for and its length; length 0 when it is none.
std::pair<std::uint32_t, std::size_t> reference_at(std::string_view text, std::size_t at) {
  std::size_t i = at + 1;
  if (i < text.size() && text[i] == '#') {
    ++i;
    const bool hex = i < text.size() && (text[i] | 32) == 'x';
    if (hex) ++i;
    const std::size_t digits = i;
    std::uint32_t code = 0;
    for (; i < text.size(); ++i) {
      const char c = text[i];
      const bool letter = hex && (c | 32) >= 'a' && (c | 32) <= 'f';
      if (!is_digit(c) && !letter) break;
      const auto value = static_cast<std::uint32_t>(letter ? (c | 32) - 'a' + 10 : c - '0');
      code = std::min<std::uint32_t>(code * (hex ? 16 : 10) + value, 0x110000);
    }
    if (i == digits) return {0, 0};
    if (i < text.size() && text[i] == ';') ++i;
    return {code, i - at};
  }
  while (i < text.size() && i - at <= kLongestEntity && (is_letter(text[i]) || is_digit(text[i]))) ++i;
  const std::string_view name = text.substr(at + 1, i - at - 1);
  const auto found = std::ranges::lower_bound(kEntities, name, {}, &std::pair<std::string_view, std::uint16_t>::first);
  if (found == kEntities.end() || found->first != name) return {0, 0};
  if (i < text.size() && text[i] == ';') ++i;
  return {found->second, i - at};
}

/// What stands at a "<".
struct Markup {
  std::string name;     ///< of a tag, "/a" for a closing one; empty for comments and declarations
  std::size_t end = 0;  ///< behind it
};

/// Reads markup one by one. Searches that found nothing are not repeated, so hostile input stays linear.
class Scanner {
 public:
  explicit Scanner(std::string_view html) : html_{html} {}

  /// The tag, comment or declaration at `at`, where a "<" stands; none when it is only text.
  std::optional<Markup> markup_at(std::size_t at) {
    const std::string_view rest = html_.substr(at);
    if (rest.starts_with("<!--")) {
      if (rest.starts_with("<!-->")) return Markup{{}, at + 5};
      return Markup{{}, end_of(comment_end_, "-->", at + 4)};
    }
    if (rest.size() > 1 && (rest[1] == '!' || rest[1] == '?')) return Markup{{}, end_of(tag_end_, ">", at + 1)};
    std::size_t i = at + 1;
    if (i < html_.size() && html_[i] == '/') ++i;
    if (i >= html_.size() || !is_letter(html_[i])) return std::nullopt;
    Markup markup;
    if (html_[at + 1] == '/') markup.name = "/";
    for (; i < html_.size() && !is_white(html_[i]) && html_[i] != '>' && html_[i] != '/' && markup.name.size() < 32;
         ++i) {
      markup.name += ascii_lower(html_[i]);
    }
    markup.end = tag_end(i);
    return markup;
  }

  /// Behind the closing tag of script, style and the like; behind `from` when there is none.
  std::size_t behind_closing(std::string_view name, std::size_t from) {
    for (std::size_t i = from; (i = html_.find("</", i)) != std::string_view::npos; i += 2) {
      if (!same_word(html_.substr(i + 2, name.size()), name)) continue;
      return end_of(tag_end_, ">", i);
    }
    return html_.size();
  }

 private:
  /// Behind the ">" of a tag; a quoted ">" does not count when its quotes close in a sensible distance.
  std::size_t tag_end(std::size_t i) {
    constexpr std::size_t kLongestAttribute = 65536;
    for (; i < html_.size(); ++i) {
      if (html_[i] == '>') return i + 1;
      if (html_[i] != '"' && html_[i] != '\'') continue;
      if (i == 0 || html_[i - 1] != '=') {
        if (i == 0 || !is_white(html_[i - 1])) continue;  // a stray quote
      }
      const std::size_t close = html_.substr(0, std::min(html_.size(), i + kLongestAttribute)).find(html_[i], i + 1);
      if (close != std::string_view::npos) i = close;
    }
    return html_.size();
  }

  /// Behind the next `mark`; the end when there is none. `known` remembers the last answer.
  std::size_t end_of(std::size_t& known, std::string_view mark, std::size_t from) {
    if (known == std::string_view::npos) return html_.size();
    if (known < from) known = html_.find(mark, from);
    return known == std::string_view::npos ? html_.size() : known + mark.size();
  }

  std::string_view html_;
  std::size_t comment_end_ = 0;
  std::size_t tag_end_ = 0;
};

bool is_hidden(std::string_view name) {
  return name == "script" || name == "style" || name == "title" || name == "noscript" || name == "template";
}

/// Line ends that a tag makes: 0, 1 (its text begins a line) or 2 (a paragraph).
int line_ends(std::string_view name) {
  if (name.starts_with('/')) name.remove_prefix(1);
  if (name == "p" || name == "blockquote" || name == "ul" || name == "ol" || name == "dl" || name == "table" ||
      name == "pre" || (name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6')) {
    return 2;
  }
  for (const std::string_view block :
       {"div",    "tr",     "li",   "dt",   "dd",   "center", "form",     "hr",      "address", "section", "article",
        "header", "footer", "body", "html", "head", "option", "fieldset", "caption", "main",    "nav"}) {
    if (name == block) return 1;
  }
  return 0;
}

/// Text as it grows: white space runs together, line ends of blocks are not doubled.
class TextWriter {
 public:
  explicit TextWriter(std::size_t most) : most_{most} {}

  bool full() const { return out_.size() >= most_; }
  void preformatted(int step) { pre_ = std::max(0, pre_ + step); }

  void text(std::string_view piece) {
    for (std::size_t i = 0; i < piece.size();) {
      if (is_white(piece[i])) {
        white(piece[i]);
        ++i;
      } else if (piece[i] == '&') {
        const auto [code, length] = reference_at(piece, i);
        begin_word();
        if (length == 0) {
          out_ += '&';
        } else if (code == 0xA0) {
          out_ += ' ';
        } else if (code != 0xAD) {  // soft hyphen
          append_utf8(out_, code);
        }
        i += std::max<std::size_t>(length, 1);
      } else {
        begin_word();
        const std::size_t begin = i;
        while (i < piece.size() && !is_white(piece[i]) && piece[i] != '&') ++i;
        out_.append(piece, begin, i - begin);
      }
    }
  }

  void line_end() {
    out_ += '\n';
    space_ = false;
  }

  /// At least so many line ends behind what is there.
  void break_lines(int wanted) {
    space_ = false;
    if (out_.empty()) return;
    int there = 0;
    for (std::size_t i = out_.size(); i > 0 && out_[i - 1] == '\n' && there < wanted; --i) ++there;
    for (; there < wanted; ++there) out_ += '\n';
  }

  void cell() {
    if (!out_.empty() && out_.back() != '\n') space_ = true;
  }

  std::string take() {
    while (!out_.empty() && is_white(out_.back())) out_.pop_back();
    return std::move(out_);
  }

 private:
  void white(char c) {
    if (pre_ == 0) {
      space_ = true;
    } else if (c != '\r') {
      out_ += c;
    }
  }

  void begin_word() {
    if (space_ && !out_.empty() && out_.back() != '\n' && out_.back() != ' ') out_ += ' ';
    space_ = false;
  }

  std::string out_;
  std::size_t most_;
  bool space_ = false;  // white space stood before what comes
  int pre_ = 0;
};

}  // namespace

std::string html_to_text(std::string_view html, std::size_t most) {
  Scanner scanner{html};
  TextWriter writer{most};
  for (std::size_t at = 0; at < html.size() && !writer.full();) {
    const std::size_t less = std::min(html.find('<', at), html.size());
    writer.text(html.substr(at, less - at));
    at = less;
    if (at == html.size()) break;
    const auto markup = scanner.markup_at(at);
    if (!markup) {
      writer.text(html.substr(at, 1));
      ++at;
      continue;
    }
    at = markup->end;
    const std::string_view name = markup->name;
    if (is_hidden(name)) {
      at = scanner.behind_closing(name, at);
    } else if (name == "br") {
      writer.line_end();
    } else if (name == "td" || name == "th") {
      writer.cell();
    } else if (const int lines = line_ends(name); lines > 0) {
      writer.break_lines(lines);
      if (name == "pre") writer.preformatted(1);
      if (name == "/pre") writer.preformatted(-1);
    }
  }
  return writer.take();
}

std::vector<Tag> html_tags(std::string_view html) {
  std::vector<Tag> tags;
  Scanner scanner{html};
  for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at)) {
    auto markup = scanner.markup_at(at);
    if (!markup) {
      ++at;
      continue;
    }
    const bool hidden = is_hidden(markup->name) && markup->name != "title";
    const std::string name = markup->name;
    if (!markup->name.empty()) tags.push_back({std::move(markup->name), html.substr(at, markup->end - at)});
    at = hidden ? scanner.behind_closing(name, markup->end) : markup->end;
  }
  return tags;
}

std::string attribute(std::string_view tag, std::string_view name) {
  std::size_t i = tag.find_first_of(" \t\r\n\f/");
  while (i < tag.size()) {
    while (i < tag.size() && (is_white(tag[i]) || tag[i] == '/')) ++i;
    const std::size_t begin = i;
    while (i < tag.size() && !is_white(tag[i]) && tag[i] != '=' && tag[i] != '>' && tag[i] != '/') ++i;
    const std::string_view found = tag.substr(begin, i - begin);
    while (i < tag.size() && is_white(tag[i])) ++i;
    if (i >= tag.size() || tag[i] != '=') {
      if (found.empty()) ++i;
      continue;
    }
    ++i;
    while (i < tag.size() && is_white(tag[i])) ++i;
    std::size_t value = i;
    std::size_t end = i;
    if (i < tag.size() && (tag[i] == '"' || tag[i] == '\'')) {
      value = i + 1;
      end = std::min(tag.find(tag[i], value), tag.size());
      i = end + 1;
    } else {
      while (end < tag.size() && !is_white(tag[end]) && tag[end] != '>') ++end;
      i = end;
    }
    if (same_word(found, name)) return decode_entities(tag.substr(value, end - value));
  }
  return {};
}

std::string decode_entities(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t mark = std::min(text.find('&', i), text.size());
    out.append(text, i, mark - i);
    i = mark;
    if (i == text.size()) break;
    const auto [code, length] = reference_at(text, i);
    if (length == 0) {
      out += '&';
      ++i;
    } else {
      append_utf8(out, code);
      i += length;
    }
  }
  return out;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace pennypost::message
