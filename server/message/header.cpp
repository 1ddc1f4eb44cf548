// Reading of header fields, line by line with memchr (RFC 5322 2.2 and 2.2.3).
// Needs nothing but the text. Whatever is not a field, a fold or the "From " line of an mbox ends the header, so text
// without an empty line before it becomes body and is never lost.
#include "server/message/header.h"

#include <array>
#include <cstring>

#include "server/message/encoded_words.h"

namespace pennypost::message {
namespace {

// Octets of a field name: printable ASCII without colon; 8-bit octets too, since broken programs send them.
constexpr auto kNameOctet = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 33; c < 256; ++c) table[c] = c != ':' && c != 127;
  return table;
}();

constexpr bool is_fold(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// The length of the line at the start of `text` with its line feed.
std::size_t line_length(std::string_view text) {
  const void* feed = std::memchr(text.data(), '\n', text.size());
  return feed ? static_cast<std::size_t>(static_cast<const char*>(feed) - text.data()) + 1 : text.size();
}

bool is_empty_line(std::string_view text) {
  return text[0] == '\n' || (text[0] == '\r' && text.size() > 1 && text[1] == '\n');
}

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool begins_field(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && kNameOctet[static_cast<unsigned char>(text[at])]) ++at;
  if (at == 0) return false;
  while (at < text.size() && is_blank(text[at])) ++at;
  return at < text.size() && text[at] == ':';
}

}  // namespace

bool Field::is(std::string_view other) const { return same_word(name, other); }

Fields::Iterator& Fields::Iterator::operator++() {
  for (; !rest_.empty() && !is_empty_line(rest_); first_line_ = false) {
    std::size_t name = 0;
    while (name < rest_.size() && kNameOctet[static_cast<unsigned char>(rest_[name])]) ++name;
    std::size_t colon = name;
    while (colon < rest_.size() && is_blank(rest_[colon])) ++colon;
    if (name > 0 && colon < rest_.size() && rest_[colon] == ':') {
      std::size_t end = colon + line_length(rest_.substr(colon));
      while (end < rest_.size() && is_blank(rest_[end])) end += line_length(rest_.substr(end));
      field_.name = rest_.substr(0, name);
      field_.all = rest_.substr(0, end);
      field_.value = without_line_end(field_.all.substr(colon + 1));
      rest_.remove_prefix(end);
      first_line_ = false;
      return *this;
    }
    // Before the first field: a fold of nothing, and the line that separates messages in an mbox, are passed over. That
    // line also further below, where a server has put its own fields above it, if another field follows.
    const auto length = line_length(rest_);
    const bool mbox = rest_.starts_with("From ") || rest_.starts_with(">From ");
    const bool passed_over =
        (first_line_ && (mbox || is_blank(rest_[0]))) || (mbox && begins_field(rest_.substr(length)));
    if (!passed_over) break;
    rest_.remove_prefix(length);
  }
  done_ = true;
  return *this;
}

std::string_view header_block(std::string_view raw) {
  auto field = Fields{raw}.begin();
  while (field != std::default_sentinel) ++field;
  const std::string_view rest = field.rest();
  std::size_t size = raw.size() - rest.size();
  if (!rest.empty() && is_empty_line(rest)) size += line_length(rest);
  return raw.substr(0, size);
}

std::optional<Field> find_field(std::string_view header, std::string_view name) {
  for (const Field& field : Fields{header}) {
    if (field.is(name)) return field;
  }
  return std::nullopt;
}

std::string unfold(std::string_view value) {
  while (!value.empty() && is_fold(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_fold(value.back())) value.remove_suffix(1);
  const bool one_line = value.find('\n') == std::string_view::npos && value.find('\r') == std::string_view::npos;
  if (one_line) return std::string{value};
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size();) {
    std::size_t stop = i;
    while (stop < value.size() && !is_fold(value[stop])) ++stop;
    out.append(value, i, stop - i);
    i = stop;
    bool folded = false;
    while (stop < value.size() && is_fold(value[stop])) folded |= value[stop++] == '\n';
    if (folded) {
      out += ' ';
    } else {
      for (; i < stop; ++i) out += value[i] == '\r' ? ' ' : value[i];
    }
    i = stop;
  }
  return out;
}

std::string decoded_field(std::string_view header, std::string_view name) {
  const auto field = find_field(header, name);
  return field ? decode_words(field->value) : std::string{};
}

std::string header_subset(std::string_view header, Subset subset, std::span<const std::string> names) {
  std::string out;
  for (const Field& field : Fields{header}) {
    bool named = false;
    for (const std::string& name : names) named = named || field.is(name);
    if (named == (subset == Subset::only)) {
      out += field.all;
      if (!field.all.ends_with('\n')) out += "\r\n";
    }
  }
  return out += "\r\n";
}

}  // namespace pennypost::message
