// Decoded views of a message: text parts, attachments, URLs, search text (RFC 2045, RFC 2183, RFC 2387).
// Everything is made on demand from the octets of the message; every function takes a limit or is bounded by the parts.
#include "server/message/text.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "server/base/limits.h"
#include "server/message/charset.h"
#include "server/message/encoded_words.h"
#include "server/message/header.h"
#include "server/message/html.h"
#include "server/message/transfer.h"

namespace pennypost::message {
namespace {

constexpr std::size_t kPiece = 65536;    // octets decoded at once
constexpr std::size_t kMetaArea = 2048;  // where the charset of an HTML part may be told (HTML 5: 1,024)

bool is_text(const Message& message, std::uint32_t part) {
  return message.tree.parts[part].kind == PartKind::leaf && !message.parts[part].opaque &&
         message.parts[part].type.is("text");
}

/// The charset that <meta charset=...> or <meta content="...charset=..."> names; empty when none does.
std::string meta_charset(std::string_view html) {
  for (const Tag& tag : html_tags(html.substr(0, kMetaArea))) {
    if (tag.name != "meta") continue;
    if (std::string charset = attribute(tag.all, "charset"); !charset.empty()) return charset;
    const std::string content = to_lower(attribute(tag.all, "content"));
    if (const std::size_t at = content.find("charset="); at != std::string::npos) return content.substr(at + 8);
  }
  return {};
}

/// The disposition without its parameters, lower case; empty when there is none.
std::string disposition_word(const Part& part) {
  const auto disposition = parse_disposition(part.disposition);
  return disposition ? to_lower(disposition->value) : std::string{};
}

bool shown_by_html(const Message& message, std::uint32_t part) {
  const std::uint32_t parent = message.tree.parts[part].parent;
  return !message.parts[part].id.empty() && parent != part && message.parts[parent].type.is("multipart", "related");
}

std::string file_name(const Part& part) {
  if (const auto disposition = parse_disposition(part.disposition)) {
    if (auto name = parameter(disposition->parameters, "filename"); name && !name->empty()) return std::move(*name);
  }
  return parameter(part.type.parameters, "name").value_or(std::string{});
}

/// The text of a part for people: HTML without tags.
std::string plain_text_of(const Message& message, std::uint32_t part, std::size_t most) {
  if (!message.parts[part].type.is("text", "html")) return text_of(message, part, most);
  // Tags are several times the text; what they hide is cut at the same limit again.
  const std::size_t source = most > std::string::npos / 8 ? std::string::npos : most * 8;
  return std::string{cut_utf8(html_to_text(text_of(message, part, source), most), most)};
}

/// Walks the parts as a reader does.
class Reader {
 public:
  Reader(const Message& message, std::size_t most) : message_{message}, most_{most} {}

  std::string run() {
    visit(0);
    return std::move(out_);
  }

 private:
  void visit(std::uint32_t index) {
    if (out_.size() >= most_) return;
    const PartRange& range = message_.tree.parts[index];
    if (range.kind == PartKind::multipart && message_.parts[index].type.is("multipart", "alternative"))
      return alternative(index);
    if (range.kind == PartKind::leaf) return leaf(index);
    for (std::uint32_t child = index + 1; child < range.after; child = message_.tree.parts[child].after) visit(child);
  }

  /// The plain text; otherwise the first alternative that has any text.
  void alternative(std::uint32_t index) {
    const std::size_t before = out_.size();
    const std::uint32_t after = message_.tree.parts[index].after;
    for (const bool plain : {true, false}) {
      for (std::uint32_t child = index + 1; child < after; child = message_.tree.parts[child].after) {
        if (message_.parts[child].type.is("text", "plain") == plain) visit(child);
        if (out_.size() > before) return;
      }
    }
  }

  void leaf(std::uint32_t index) {
    if (!is_text(message_, index) || disposition_word(message_.parts[index]) == "attachment") return;
    const std::string text = plain_text_of(message_, index, most_ - out_.size());
    if (text.empty()) return;
    if (!out_.empty() && out_.back() != '\n') out_ += '\n';
    out_ += text;
  }

  const Message& message_;
  std::size_t most_;
  std::string out_;
};

void append_header_text(std::string& out, std::string_view header, std::string_view raw_charset, std::size_t most) {
  for (const Field& field : Fields{header}) {
    if (out.size() >= most) return;
    out.append(field.name).append(": ").append(decode_words(field.value, raw_charset)).append("\n");
  }
}

constexpr bool is_scheme_octet(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

constexpr bool ends_url(char c) {
  return static_cast<unsigned char>(c) <= 32 || c == 127 ||
         std::string_view{"<>\"`{}|\\^"}.find(c) != std::string_view::npos;
}

/// The end of a URL that begins before `from`: behind its last octet that is no punctuation of the sentence around it.
std::size_t url_end(std::string_view text, std::size_t from) {
  std::size_t end = from;
  bool opened = false;
  while (end < text.size() && !ends_url(text[end])) opened |= text[end++] == '(';
  while (end > from) {
    const char c = text[end - 1];
    if (std::string_view{".,;:!?'*_]"}.find(c) == std::string_view::npos && (c != ')' || opened)) break;
    --end;
  }
  return end;
}

/// Keeps each URL once, in order.
class UrlList {
 public:
  explicit UrlList(std::vector<std::string>& out) : out_{out}, seen_{out.begin(), out.end()} {}
  bool full() const { return out_.size() >= static_cast<std::size_t>(kHtmlUrls.most); }
  void add(std::string url) {
    if (!full() && seen_.insert(url).second) out_.push_back(std::move(url));
  }

 private:
  std::vector<std::string>& out_;
  std::unordered_set<std::string> seen_;
};

void find_urls(std::string_view text, UrlList& list) {
  for (std::size_t i = 0; i < text.size() && !list.full();) {
    const std::size_t at = text.find_first_of(":wW", i);
    if (at == std::string_view::npos) return;
    i = at + 1;
    std::size_t begin = at;
    std::size_t body = 0;  // where the part behind "http://", "mailto:" or "www." begins
    if (text[at] != ':') {
      const bool at_word = at == 0 || (!is_scheme_octet(text[at - 1]) && text[at - 1] != '@' && text[at - 1] != '/');
      if (!at_word || text.size() - at < 5 || !same_word(text.substr(at, 4), "www.")) continue;
      body = at + 4;
    } else {
      while (begin > 0 && at - begin < 7 && is_scheme_octet(text[begin - 1])) --begin;
      const std::string scheme = to_lower(text.substr(begin, at - begin));
      const bool slashes = text.substr(at).starts_with("://");
      const auto named = [&](std::string_view name) {
        return scheme.ends_with(name) ? begin += scheme.size() - name.size(), true : false;
      };
      if (slashes && (named("https") || named("http") || named("ftp"))) {
        body = at + 3;
      } else if (!slashes && named("mailto")) {
        body = at + 1;
      } else {
        continue;
      }
    }
    const std::size_t end = url_end(text, body);
    if (end > body) list.add(std::string{text.substr(begin, end - begin)});
    i = std::max(end, at + 1);
  }
}

void find_html_urls(std::string_view html, UrlList& list) {
  static constexpr std::array<std::string_view, 6> kAttributes = {"href",       "src",  "action",
                                                                  "background", "data", "poster"};
  for (const Tag& tag : html_tags(html)) {
    if (list.full()) return;
    for (const std::string_view name : kAttributes) {
      if (tag.all.size() < name.size() + 4) continue;
      std::string value = attribute(tag.all, name);
      std::erase_if(value, [](char c) { return c == '\r' || c == '\n' || c == '\t'; });
      const std::size_t begin = std::min(value.find_first_not_of(' '), value.size());
      value.erase(0, begin);
      const std::string head = to_lower(std::string_view{value}.substr(0, 8));
      const bool absolute = head.starts_with("http:") || head.starts_with("https:") || head.starts_with("ftp:") ||
                            head.starts_with("mailto:") || head.starts_with("//") || head.starts_with("www.");
      if (absolute) list.add(std::move(value));
    }
  }
}

}  // namespace

std::string octets_of(const Message& message, std::uint32_t part, std::size_t most) {
  const std::string_view body = message.body(part);
  if (message.tree.parts[part].kind != PartKind::leaf) return std::string{body.substr(0, most)};
  std::string out;
  Decoder decoder{message.tree.parts[part].encoding};
  for (std::size_t i = 0; i < body.size() && out.size() < most; i += kPiece) decoder.push(body.substr(i, kPiece), out);
  if (out.size() < most) decoder.finish(out);
  if (out.size() > most) out.resize(most);
  return out;
}

std::string text_of(const Message& message, std::uint32_t part, std::size_t most) {
  if (!is_text(message, part)) return {};
  const std::string octets = octets_of(message, part, most);
  std::string charset = parameter(message.parts[part].type.parameters, "charset").value_or(std::string{});
  if (charset.empty() && message.parts[part].type.is("text", "html")) charset = meta_charset(octets);
  return to_utf8(octets, charset);
}

std::string first_charset(const Message& message) {
  for (const Part& part : message.parts) {
    if (!part.type.is("text")) continue;
    if (auto charset = parameter(part.type.parameters, "charset"); charset && !charset->empty())
      return std::move(*charset);
  }
  return {};
}

std::vector<Attachment> attachments(const Message& message) {
  std::vector<Attachment> list;
  for (std::uint32_t i = 0; i < message.parts.size(); ++i) {
    const Part& part = message.parts[i];
    const PartRange& range = message.tree.parts[i];
    if (range.kind == PartKind::multipart) continue;
    Attachment attachment{
        .part = i, .name = file_name(part), .type = to_lower(part.type.type + "/" + part.type.subtype)};
    const std::string disposition = disposition_word(part);
    attachment.declared = disposition == "attachment";
    if (is_text(message, i) && attachment.name.empty() && !attachment.declared) continue;
    attachment.is_inline = !attachment.declared && (disposition == "inline" || shown_by_html(message, i));
    attachment.octets = range.body().size();
    list.push_back(std::move(attachment));
  }
  return list;
}

bool has_attachments(const Message& message) {
  return std::ranges::any_of(attachments(message), [&](const Attachment& attachment) {
    return attachment.declared || message.tree.parts[attachment.part].kind == PartKind::embedded ||
           (!attachment.name.empty() && !shown_by_html(message, attachment.part));
  });
}

std::string search_text(const Message& message, SearchText what, std::size_t most) {
  std::string out;
  const std::string charset = first_charset(message);
  for (std::uint32_t i = 0; i < message.parts.size() && out.size() < most; ++i) {
    const bool inner_message = i > 0 && message.tree.parts[message.tree.parts[i].parent].kind == PartKind::embedded;
    if (inner_message || (i == 0 && what == SearchText::headers_and_body))
      append_header_text(out, message.header(i), charset, most);
    if (message.tree.parts[i].kind == PartKind::multipart) continue;
    if (const std::string name = file_name(message.parts[i]); !name.empty()) out.append(name).append("\n");
    if (out.size() >= most || !is_text(message, i)) continue;
    out.append(plain_text_of(message, i, most - out.size()));
    if (!out.empty() && out.back() != '\n') out += '\n';
  }
  const std::string folded = fold_case(out);
  return std::string{cut_utf8(folded, most)};
}

std::string readable_text(const Message& message, std::size_t most) { return Reader{message, most}.run(); }

std::vector<std::string> urls(const Message& message, std::size_t most) {
  std::vector<std::string> out;
  UrlList list{out};
  std::size_t looked_at = 0;
  for (std::uint32_t i = 0; i < message.parts.size() && looked_at < most && !list.full(); ++i) {
    if (!is_text(message, i)) continue;
    const std::string text = text_of(message, i, most - looked_at);
    looked_at += text.size();
    if (message.parts[i].type.is("text", "html")) {
      find_html_urls(text, list);
      find_urls(html_to_text(text), list);
    } else {
      find_urls(text, list);
    }
  }
  return out;
}

void find_urls(std::string_view text, std::vector<std::string>& out) {
  UrlList list{out};
  find_urls(text, list);
}

}  // namespace pennypost::message
