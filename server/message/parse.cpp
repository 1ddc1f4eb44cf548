// The MIME parser: one pass over the octets with a stack of open parts (RFC 2046 5.1, RFC 5322 2.1).
// Line by line with memchr while a boundary is awaited; without one, the rest is only counted. Memory: one Part and one
// PartRange a part, one Open a level. Nothing is refused: what passes a limit becomes octets of the last part.
#include "server/message/parse.h"

#include <cstring>
#include <iterator>
#include <string>

#include "server/message/header.h"
#include "server/message/transfer.h"

namespace pennypost::message {
namespace {

/// The number of line feeds, eight octets at a time.
std::uint64_t line_feeds(std::string_view text) {
  constexpr std::uint64_t kLow = 0x7F7F7F7F7F7F7F7FU;
  constexpr std::uint64_t kFeeds = 0x0A0A0A0A0A0A0A0AU;
  std::uint64_t count = 0;
  std::size_t i = 0;
  while (i + 8 <= text.size()) {
    std::uint64_t octets = 0;  // counts up to 255 in each of eight octets
    const std::size_t stop = i + std::min<std::size_t>((text.size() - i) / 8, 255) * 8;
    for (; i < stop; i += 8) {
      std::uint64_t eight;
      std::memcpy(&eight, text.data() + i, 8);
      eight ^= kFeeds;
      octets += ~(((eight & kLow) + kLow) | eight | kLow) >> 7;  // 1 where the octet is now zero
    }
    constexpr std::uint64_t kPairs = 0x00FF00FF00FF00FFU;
    const std::uint64_t pairs = (octets & kPairs) + (octets >> 8 & kPairs);
    count += pairs * 0x0001000100010001U >> 48;
  }
  for (; i < text.size(); ++i) count += text[i] == '\n';
  return count;
}

/// A part whose end was not seen yet.
struct Open {
  std::uint32_t part;
  std::uint64_t lines_before;  ///< line feeds before its body
  std::string boundary;        ///< of a multipart that awaits more parts; empty otherwise
};

class Parser {
 public:
  Parser(std::string_view raw, const ParseLimits& limits) : raw_{raw}, limits_{limits} { message_.raw = raw; }

  Message run() {
    begin_part(0, false);
    while (at_ < raw_.size() && awaited_ > 0) read_line();
    lines_ += line_feeds(raw_.substr(at_));
    close_down_to(0, raw_.size(), lines_);
    return std::move(message_);
  }

 private:
  /// Reads one line of a body and acts if it is a boundary.
  void read_line() {
    const char* const line = raw_.data() + at_;
    const std::size_t left = raw_.size() - at_;
    const void* const feed = std::memchr(line, '\n', left);
    const std::size_t size = feed ? static_cast<std::size_t>(static_cast<const char*>(feed) - line) : left;
    const std::size_t next = at_ + size + (feed ? 1 : 0);
    if (size > 2 && line[0] == '-' && line[1] == '-') {
      bool closing = false;
      const std::size_t level = boundary_level({line, size}, closing);
      if (level < open_.size()) return at_boundary(level, closing, next, feed != nullptr);
    }
    lines_ += feed ? 1 : 0;
    at_ = next;
  }

  /// The innermost open multipart whose boundary this line is; open_.size() when it is none.
  std::size_t boundary_level(std::string_view line, bool& closing) const {
    while (line.size() > 2 && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
    line.remove_prefix(2);
    const std::string_view closed = line.ends_with("--") ? line.substr(0, line.size() - 2) : std::string_view{};
    if (!(awaited_sizes_ & (size_bit(line) | size_bit(closed)))) return open_.size();
    for (std::size_t level = open_.size(); level-- > 0;) {
      const std::string& boundary = open_[level].boundary;
      if (boundary.empty()) continue;
      if (line == boundary) return closing = false, level;
      if (closed == boundary) return closing = true, level;
    }
    return open_.size();
  }

  void at_boundary(std::size_t level, bool closing, std::size_t next, bool ended) {
    if (!closing && full()) {  // the last part keeps everything that follows
      message_.limited = true;
      for (Open& open : open_) stop_awaiting(open);
      return;
    }
    // The line end before the boundary belongs to the boundary.
    std::size_t end = at_;
    if (end > 0 && raw_[end - 1] == '\n') end -= end > 1 && raw_[end - 2] == '\r' ? 2 : 1;
    close_down_to(level + 1, end, lines_ - (end < at_ ? 1 : 0));
    lines_ += ended ? 1 : 0;
    at_ = next;
    if (closing) {
      stop_awaiting(open_[level]);
    } else {
      const std::uint32_t parent = open_[level].part;
      begin_part(parent, message_.parts[parent].type.is("multipart", "digest"));
    }
  }

  /// Reads the header at at_ and opens the part; goes on into the message that a message/rfc822 holds.
  void begin_part(std::uint32_t parent, bool in_digest) {
    for (;;) {
      const auto index = static_cast<std::uint32_t>(message_.parts.size());
      Part& part = message_.parts.emplace_back();
      PartRange& range = message_.tree.parts.emplace_back();
      range.parent = parent;
      range.header_begin = at_;
      if (in_digest) part.type = {"message", "rfc822", {}};
      read_header(part);
      range.body_begin = at_;
      range.encoding = encoding_named(part.encoding);
      open_.push_back({index, lines_, {}});
      const bool embedded = part.type.is("message", "rfc822") || part.type.is("message", "global");
      if (!embedded && !part.type.is("multipart")) return;
      if (embedded && range.encoding == Encoding::base64 && !looks_like_header()) {
        part.opaque = true;
        return;
      }
      if (static_cast<int>(open_.size()) >= limits_.depth || full()) {
        part.opaque = true;
        message_.limited = true;
        return;
      }
      if (!embedded) {
        range.kind = PartKind::multipart;
        await_boundary(open_.back(), part.type);
        return;
      }
      range.kind = PartKind::embedded;
      parent = index;
      in_digest = false;
    }
  }

  void read_header(Part& part) {
    const std::string_view text = raw_.substr(at_);
    const std::uint64_t begin = at_;
    auto field = Fields{text}.begin();
    std::string_view rest = text;
    bool boundary = false;
    for (; field != std::default_sentinel; ++field) {
      if (awaited_ > 0 && field->name.starts_with("--") && is_boundary(field->all)) {
        boundary = true;
        break;
      }
      note(part, *field);
      rest = field.rest();
    }
    if (boundary) {
      at_ = static_cast<std::uint64_t>(field->all.data() - raw_.data());
    } else {
      rest = field.rest();
      at_ = raw_.size() - rest.size();
      if (rest.starts_with('\n')) at_ += 1;
      if (rest.starts_with("\r\n")) at_ += 2;
    }
    lines_ += line_feeds(raw_.substr(begin, at_ - begin));
  }

  bool is_boundary(std::string_view line) const {
    bool closing = false;
    return boundary_level(line.substr(0, line.find('\n')), closing) < open_.size();
  }

  static void note(Part& part, const Field& field) {
    if (field.name.size() < 10 || (field.name[0] | 32) != 'c' || !same_word(field.name.substr(0, 8), "content-"))
      return;
    const std::string_view name = field.name.substr(8);
    const auto first = [&field](std::string_view& place) {
      if (place.empty()) place = field.value;
    };
    if (same_word(name, "type")) {
      if (part.declared) return;
      auto type = parse_content_type(field.value);
      part.declared = type.has_value();
      part.type = type ? std::move(*type) : ContentType{};
    } else if (same_word(name, "transfer-encoding")) {
      first(part.encoding);
    } else if (same_word(name, "id")) {
      first(part.id);
    } else if (same_word(name, "description")) {
      first(part.description);
    } else if (same_word(name, "disposition")) {
      first(part.disposition);
    } else if (same_word(name, "language")) {
      first(part.language);
    } else if (same_word(name, "location")) {
      first(part.location);
    } else if (same_word(name, "md5")) {
      first(part.md5);
    }
  }

  /// True when the body that begins here starts with a field: then it is not really base64.
  bool looks_like_header() const { return Fields{raw_.substr(at_)}.begin() != std::default_sentinel; }

  bool full() const { return static_cast<int>(message_.parts.size()) >= limits_.parts; }

  static std::uint64_t size_bit(std::string_view boundary) { return std::uint64_t{1} << (boundary.size() & 63); }

  void await_boundary(Open& open, const ContentType& type) {
    std::string_view boundary = raw_parameter(type.parameters, "boundary").value_or(std::string_view{});
    while (!boundary.empty() && (boundary.back() == ' ' || boundary.back() == '\t')) boundary.remove_suffix(1);
    if (boundary.empty()) return;
    open.boundary = boundary;
    ++awaited_;
    awaited_sizes_ |= size_bit(boundary);
  }

  void stop_awaiting(Open& open) {
    if (open.boundary.empty()) return;
    open.boundary.clear();
    --awaited_;
    awaited_sizes_ = 0;
    for (const Open& other : open_) {
      if (!other.boundary.empty()) awaited_sizes_ |= size_bit(other.boundary);
    }
  }

  /// Closes the open parts from the innermost down to `level`; `lines` are the line feeds before `end`.
  void close_down_to(std::size_t level, std::uint64_t end, std::uint64_t lines) {
    while (open_.size() > level) {
      Open& open = open_.back();
      stop_awaiting(open);
      PartRange& range = message_.tree.parts[open.part];
      if (range.body_begin > end) {  // empty: the line end before the boundary ends its header
        end = range.body_begin;
        lines = open.lines_before;
      }
      range.end = end;
      range.lines = lines - open.lines_before;
      const bool childless = range.kind == PartKind::multipart && open.part + 1 == message_.parts.size();
      range.after = static_cast<std::uint32_t>(message_.parts.size()) + (childless && !full() ? 1 : 0);
      if (childless) text_instead_of_parts(open.part);
      open_.pop_back();
    }
  }

  /// A multipart in which no boundary was found gets one part: all of its body, as text (RFC 3501 wants at least one).
  void text_instead_of_parts(std::uint32_t multipart) {
    if (full()) {
      message_.tree.parts[multipart].kind = PartKind::leaf;
      message_.parts[multipart].opaque = true;
      message_.limited = true;
      return;
    }
    PartRange child = message_.tree.parts[multipart];
    child.header_begin = child.body_begin;
    child.parent = multipart;
    child.kind = PartKind::leaf;
    child.after = multipart + 2;
    message_.tree.parts.push_back(child);
    const std::string_view encoding = message_.parts[multipart].encoding;
    message_.parts.emplace_back().encoding = encoding;
  }

  std::string_view raw_;
  ParseLimits limits_;
  Message message_;
  std::vector<Open> open_;
  std::size_t at_ = 0;
  std::uint64_t lines_ = 0;          // line feeds before at_
  int awaited_ = 0;                  // open multiparts with a boundary
  std::uint64_t awaited_sizes_ = 0;  // their lengths modulo 64, to pass over most lines that begin with "--"
};

}  // namespace

std::string_view Message::fields() const {
  std::string_view whole = header();
  if (whole.ends_with("\r\n\r\n") || whole == "\r\n")
    whole.remove_suffix(2);
  else if (whole.ends_with("\n\n") || whole == "\n")
    whole.remove_suffix(1);
  return whole;
}

Message parse(std::string_view raw, const ParseLimits& limits) { return Parser{raw, limits}.run(); }

}  // namespace pennypost::message
