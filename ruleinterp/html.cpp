// Reading HTML and finding URLs for the selectors htmltext, tag, url and their kin (spec 10 sections 4.2, 6.23).
// Needs nothing. Any octets are HTML: a tag that is not closed ends with the text, an unknown entity stays.
#include <algorithm>
#include <array>
#include <charconv>

#include "ruleinterp/derived.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

struct Entity {
  std::string_view name;
  std::uint32_t code;
};

// Those that mail uses: markup, Latin-1 and common punctuation (HTML 4 section 24). Sorted by name.
constexpr auto kEntities = std::to_array<Entity>({
    {"AElig", 0xC6},   {"Aacute", 0xC1},   {"Acirc", 0xC2},    {"Agrave", 0xC0},  {"Aring", 0xC5},
    {"Atilde", 0xC3},  {"Auml", 0xC4},     {"Ccedil", 0xC7},   {"ETH", 0xD0},     {"Eacute", 0xC9},
    {"Ecirc", 0xCA},   {"Egrave", 0xC8},   {"Euml", 0xCB},     {"Iacute", 0xCD},  {"Icirc", 0xCE},
    {"Igrave", 0xCC},  {"Iuml", 0xCF},     {"Ntilde", 0xD1},   {"OElig", 0x152},  {"Oacute", 0xD3},
    {"Ocirc", 0xD4},   {"Ograve", 0xD2},   {"Oslash", 0xD8},   {"Otilde", 0xD5},  {"Ouml", 0xD6},
    {"Scaron", 0x160}, {"THORN", 0xDE},    {"Uacute", 0xDA},   {"Ucirc", 0xDB},   {"Ugrave", 0xD9},
    {"Uuml", 0xDC},    {"Yacute", 0xDD},   {"Yuml", 0x178},    {"aacute", 0xE1},  {"acirc", 0xE2},
    {"acute", 0xB4},   {"aelig", 0xE6},    {"agrave", 0xE0},   {"amp", '&'},      {"apos", '\''},
    {"aring", 0xE5},   {"atilde", 0xE3},   {"auml", 0xE4},     {"bdquo", 0x201E}, {"brvbar", 0xA6},
    {"bull", 0x2022},  {"ccedil", 0xE7},   {"cedil", 0xB8},    {"cent", 0xA2},    {"circ", 0x2C6},
    {"copy", 0xA9},    {"curren", 0xA4},   {"dagger", 0x2020}, {"deg", 0xB0},     {"divide", 0xF7},
    {"eacute", 0xE9},  {"ecirc", 0xEA},    {"egrave", 0xE8},   {"emsp", 0x2003},  {"ensp", 0x2002},
    {"eth", 0xF0},     {"euml", 0xEB},     {"euro", 0x20AC},   {"frac12", 0xBD},  {"frac14", 0xBC},
    {"frac34", 0xBE},  {"gt", '>'},        {"hellip", 0x2026}, {"iacute", 0xED},  {"icirc", 0xEE},
    {"iexcl", 0xA1},   {"igrave", 0xEC},   {"iquest", 0xBF},   {"iuml", 0xEF},    {"laquo", 0xAB},
    {"ldquo", 0x201C}, {"lsaquo", 0x2039}, {"lsquo", 0x2018},  {"lt", '<'},       {"macr", 0xAF},
    {"mdash", 0x2014}, {"micro", 0xB5},    {"middot", 0xB7},   {"nbsp", 0xA0},    {"ndash", 0x2013},
    {"not", 0xAC},     {"ntilde", 0xF1},   {"oacute", 0xF3},   {"ocirc", 0xF4},   {"oelig", 0x153},
    {"ograve", 0xF2},  {"ordf", 0xAA},     {"ordm", 0xBA},     {"oslash", 0xF8},  {"otilde", 0xF5},
    {"ouml", 0xF6},    {"para", 0xB6},     {"permil", 0x2030}, {"plusmn", 0xB1},  {"pound", 0xA3},
    {"quot", '"'},     {"raquo", 0xBB},    {"rdquo", 0x201D},  {"reg", 0xAE},     {"rsaquo", 0x203A},
    {"rsquo", 0x2019}, {"sbquo", 0x201A},  {"scaron", 0x161},  {"sect", 0xA7},    {"shy", 0xAD},
    {"sup1", 0xB9},    {"sup2", 0xB2},     {"sup3", 0xB3},     {"szlig", 0xDF},   {"thinsp", 0x2009},
    {"thorn", 0xFE},   {"tilde", 0x2DC},   {"times", 0xD7},    {"trade", 0x2122}, {"uacute", 0xFA},
    {"ucirc", 0xFB},   {"ugrave", 0xF9},   {"uml", 0xA8},      {"uuml", 0xFC},    {"yacute", 0xFD},
    {"yen", 0xA5},     {"yuml", 0xFF},     {"zwj", 0x200D},    {"zwnj", 0x200C},
});
static_assert(std::ranges::is_sorted(kEntities, {}, &Entity::name));

void append_utf8(std::string& out, std::uint32_t code) {
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) code = 0xFFFD;
  if (code == 0xA0) code = ' ';  // a no-break space is a space to those who search
  const auto put = [&](std::uint32_t octet) { out += static_cast<char>(octet); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

constexpr bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }

// Appends the character reference at `at` and returns the octets it takes; 0 when it is none.
std::size_t append_reference(std::string& out, std::string_view text, std::size_t at) {
  std::size_t i = at + 1;
  if (i < text.size() && text[i] == '#') {
    ++i;
    const bool hex = i < text.size() && (text[i] == 'x' || text[i] == 'X');
    if (hex) ++i;
    std::uint32_t code = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + text.size(), code, hex ? 16 : 10);
    if (end == text.data() + i) return 0;
    append_utf8(out, error == std::errc{} ? code : 0);
    std::size_t length = static_cast<std::size_t>(end - (text.data() + at));
    if (at + length < text.size() && text[at + length] == ';') ++length;
    return length;
  }
  while (i < text.size() && is_alnum(text[i]) && i - at < 10) ++i;
  const std::string_view name = text.substr(at + 1, i - at - 1);
  const auto found = std::ranges::lower_bound(kEntities, name, {}, &Entity::name);
  if (found == kEntities.end() || found->name != name) return 0;
  append_utf8(out, found->code);
  if (i < text.size() && text[i] == ';') ++i;
  return i - at;
}

// The text of a document while it is read: white space runs are one space, blocks begin a new line.
class TextWriter {
 public:
  explicit TextWriter(std::string& out) : out_{out} {}
  void add(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
      const char c = text[i];
      if (is_blank(c)) {
        space_ = true;
        ++i;
        continue;
      }
      if (c == '&') {
        flush();
        if (const std::size_t length = append_reference(out_, text, i); length > 0) {
          i += length;
          continue;
        }
      }
      flush();
      std::size_t end = i + 1;
      while (end < text.size() && text[end] != '&' && !is_blank(text[end])) ++end;
      out_.append(text.substr(i, end - i));
      i = end;
    }
  }
  void new_line() {
    if (!out_.empty()) line_ = true;
    space_ = false;
  }

 private:
  void flush() {
    if (line_ && !out_.empty() && out_.back() != '\n') out_ += '\n';
    if (!line_ && space_ && !out_.empty()) out_ += ' ';
    line_ = space_ = false;
  }
  std::string& out_;
  bool space_ = false, line_ = false;
};

constexpr auto kBlocks = std::to_array<std::string_view>(
    {"address", "article",  "blockquote", "body", "br",   "center", "dd", "div",    "dl",
     "dt",      "fieldset", "footer",     "form", "h1",   "h2",     "h3", "h4",     "h5",
     "h6",      "head",     "header",     "hr",   "html", "li",     "ol", "option", "p",
     "pre",     "section",  "table",      "td",   "th",   "title",  "tr", "ul"});
static_assert(std::ranges::is_sorted(kBlocks));

void add_links(std::string_view tag, std::vector<std::string_view>& links) {
  std::size_t i = 0;
  while (i < tag.size() && !is_blank(tag[i])) ++i;
  while (i < tag.size()) {
    while (i < tag.size() && (is_blank(tag[i]) || tag[i] == '/')) ++i;
    const std::size_t name_at = i;
    while (i < tag.size() && !is_blank(tag[i]) && tag[i] != '=') ++i;
    const std::string_view name = tag.substr(name_at, i - name_at);
    while (i < tag.size() && is_blank(tag[i])) ++i;
    if (i >= tag.size() || tag[i] != '=') continue;
    ++i;
    while (i < tag.size() && is_blank(tag[i])) ++i;
    std::string_view value;
    if (i < tag.size() && (tag[i] == '"' || tag[i] == '\'')) {
      const std::size_t end = std::min(tag.find(tag[i], i + 1), tag.size());
      value = tag.substr(i + 1, end - i - 1);
      i = std::min(end + 1, tag.size());
    } else {
      const std::size_t from = i;
      while (i < tag.size() && !is_blank(tag[i])) ++i;
      value = tag.substr(from, i - from);
    }
    // What points into the message itself, an anchor or a part by its Content-ID, is no link.
    value = trim(value);
    if (value.empty() || value.starts_with('#') || starts_ignoring_case(value, "cid:")) continue;
    for (const std::string_view wanted : {"href", "src", "action", "background", "cite"})
      if (equal_ignoring_case(name, wanted)) links.push_back(value);
  }
}

// Where a tag that begins at `from` (behind its <) ends: its >, quotes respected unless one is never closed.
std::size_t end_of_tag(std::string_view source, std::size_t from) {
  char quote = 0;
  bool is_value = false;  // an equals sign was the last that is no blank
  const std::size_t most = std::min(source.size(), from + 64 * 1024);
  for (std::size_t i = from; i < most; ++i) {
    const char c = source[i];
    if (quote) {
      if (c == quote) quote = 0;
    } else if ((c == '"' || c == '\'') && is_value) {
      quote = c;
    } else if (c == '>') {
      return i;
    }
    if (!is_blank(c)) is_value = c == '=' && !quote;
  }
  return std::min(source.find('>', from), source.size());
}

}  // namespace

std::string decode_entities(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '&') {
      if (const std::size_t length = append_reference(out, text, i); length > 0) {
        i += length;
        continue;
      }
    }
    out += text[i++];
  }
  return out;
}

HtmlParts read_html(std::string_view source) {
  HtmlParts parts;
  parts.text.reserve(source.size() / 2);
  TextWriter text{parts.text};
  std::size_t at = 0;
  while (at < source.size()) {
    const std::size_t open = std::min(source.find('<', at), source.size());
    text.add(source.substr(at, open - at));
    if (open == source.size()) break;
    if (source.substr(open, 4) == "<!--") {
      // "<!-->" and "<!--->" are whole comments (HTML 13.2.5.43).
      const std::string_view rest = source.substr(open + 4);
      const std::size_t end = rest.starts_with('>') || rest.starts_with("->") ? source.find('>', open + 4) - 2
                                                                              : source.find("-->", open + 4);
      at = end == std::string_view::npos ? source.size() : end + 3;
      continue;
    }
    const char next = open + 1 < source.size() ? source[open + 1] : ' ';
    if (!is_alnum(next) && next != '/' && next != '!' && next != '?') {
      text.add("<");
      at = open + 1;
      continue;
    }
    const std::size_t end = end_of_tag(source, open + 1);
    const std::string_view tag = source.substr(open + 1, end - open - 1);
    at = std::min(end + 1, source.size());
    if (next == '!' || next == '?') continue;
    parts.tags.push_back(tag);
    std::size_t name_end = next == '/' ? 1 : 0;
    while (name_end < tag.size() && is_alnum(tag[name_end])) ++name_end;
    const std::string name = lower(tag.substr(next == '/' ? 1 : 0, name_end - (next == '/' ? 1 : 0)));
    if (next != '/') add_links(tag, parts.links);
    if (std::ranges::binary_search(kBlocks, std::string_view{name})) text.new_line();
    if (next != '/' && (name == "script" || name == "style")) {
      const std::size_t close = find_ignoring_case(source, "</" + name, at);
      at = close == std::string_view::npos ? source.size() : close;
    }
  }
  return parts;
}

std::vector<std::string_view> urls_in_text(std::string_view text) {
  std::vector<std::string_view> urls;
  const auto ends = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == '"' || c == '`' || c == '{' || c == '}';
  };
  const auto add = [&](std::size_t begin) {
    std::size_t end = begin;
    while (end < text.size() && !ends(text[end])) ++end;
    const std::size_t whole = end;
    const std::string_view taken = text.substr(begin, end - begin);
    auto unopened = std::ranges::count(taken, ')') - std::ranges::count(taken, '(');
    while (end > begin && std::string_view{".,;:!?'\")]"}.find(text[end - 1]) != std::string_view::npos) {
      if (text[end - 1] == ')' && unopened-- <= 0) break;  // one that the URL itself has opened
      --end;
    }
    urls.push_back(text.substr(begin, end - begin));
    return whole;
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t colon = text.find_first_of(":.", at);
    if (colon == std::string_view::npos) break;
    if (text[colon] == ':' && text.substr(colon, 3) == "://") {
      std::size_t begin = colon;
      while (begin > at && is_alnum(text[begin - 1])) --begin;
      if (begin < colon && colon + 3 < text.size() && !ends(text[colon + 3])) {
        at = add(begin);
        continue;
      }
    } else if (text[colon] == '.' && colon >= at + 3 && equal_ignoring_case(text.substr(colon - 3, 3), "www") &&
               (colon == 3 || !is_alnum(text[colon - 4])) && colon + 1 < text.size() && is_alnum(text[colon + 1])) {
      at = add(colon - 3);
      continue;
    }
    at = colon + 1;
  }
  return urls;
}

std::string decode_url(std::string_view url) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  out.reserve(url.size());
  for (std::size_t i = 0; i < url.size(); ++i) {
    if (url[i] == '%' && i + 2 < url.size() && digit(url[i + 1]) >= 0 && digit(url[i + 2]) >= 0) {
      out += static_cast<char>(digit(url[i + 1]) * 16 + digit(url[i + 2]));
      i += 2;
    } else {
      out += url[i];
    }
  }
  return out;
}

}  // namespace pennypost::ruleinterp
