// A reader of IMAP's lists, for comparing sizes; made for checking, so it takes the grammar word by word and gives up
// on anything else. Source: RFC 3501 7.4.2 and 9 (body, body-fields).
#include "conformance/load/structure.h"

#include <cctype>
#include <charconv>

namespace pennypost::load {
namespace {

constexpr int kDeepest = 200;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_{text} {}

  bool list(Data& out, int depth = 0) {
    if (depth > kDeepest || !take('(')) return false;
    out.is_list = true;
    for (;;) {
      while (take(' ')) {
      }
      if (take(')')) return true;
      if (at_ >= text_.size()) return false;
      Data item;
      if (!(peek() == '(' ? list(item, depth + 1) : value(item))) return false;
      out.items.push_back(std::move(item));
    }
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  bool value(Data& out) {
    if (take('"')) {
      for (; at_ < text_.size(); ++at_) {
        if (text_[at_] == '"') return ++at_, true;
        if (text_[at_] == '\\') ++at_;
        if (at_ < text_.size()) out.text += text_[at_];
      }
      return false;
    }
    if (take('{')) {
      std::size_t size = 0;
      const auto [stop, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (error != std::errc{} || !std::string_view{stop, text_.data() + text_.size()}.starts_with("}\r\n"))
        return false;
      at_ = static_cast<std::size_t>(stop - text_.data()) + 3;
      if (text_.size() - at_ < size) return false;
      out.text = text_.substr(at_, size);
      at_ += size;
      return true;
    }
    const auto end = text_.find_first_of(" ()", at_);
    if (end == std::string_view::npos || end == at_) return false;
    out.text = text_.substr(at_, end - at_);
    at_ = end;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool equal_without_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(a[i])) != std::tolower(static_cast<unsigned char>(b[i]))) return false;
  return true;
}

bool is_multipart(const Data& body) { return body.is_list && !body.items.empty() && body.items[0].is_list; }

bool collect(const Data& body, const std::string& section, std::vector<PartSize>& out);

bool collect_children(const Data& multipart, const std::string& section, std::vector<PartSize>& out) {
  for (std::size_t i = 0; i < multipart.items.size() && multipart.items[i].is_list; ++i) {
    const auto number = std::to_string(i + 1);
    if (!collect(multipart.items[i], section.empty() ? number : section + "." + number, out)) return false;
  }
  return true;
}

/// `section` names this part; a multipart has no size of its own.
bool collect(const Data& body, const std::string& section, std::vector<PartSize>& out) {
  if (is_multipart(body)) return collect_children(body, section, out);
  constexpr std::size_t size_at = 6, inner_at = 8;
  if (!body.is_list || body.items.size() <= size_at) return false;
  const auto& size = body.items[size_at].text;
  PartSize part{section, 0};
  const auto [stop, error] = std::from_chars(size.data(), size.data() + size.size(), part.octets);
  if (error != std::errc{} || stop != size.data() + size.size()) return false;
  out.push_back(part);
  const bool message =
      equal_without_case(body.items[0].text, "message") && equal_without_case(body.items[1].text, "rfc822");
  if (!message) return true;
  if (body.items.size() <= inner_at) return false;
  const auto& inner = body.items[inner_at];
  return is_multipart(inner) ? collect_children(inner, section, out) : collect(inner, section + ".1", out);
}

}  // namespace

std::optional<Data> read_list(std::string_view response) {
  const auto open = response.find('(');
  if (open == std::string_view::npos) return std::nullopt;
  Data out;
  if (!Reader{response.substr(open)}.list(out)) return std::nullopt;
  return out;
}

std::optional<std::vector<PartSize>> part_sizes(const Data& body_structure) {
  std::vector<PartSize> out;
  const bool good =
      is_multipart(body_structure) ? collect_children(body_structure, "", out) : collect(body_structure, "1", out);
  if (!good) return std::nullopt;
  return out;
}

}  // namespace pennypost::load
