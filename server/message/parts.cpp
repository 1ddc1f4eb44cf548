// The part tree as stored octets, and the way from an IMAP section to a range (RFC 3501 6.4.5, RFC 9051 6.4.5.1).
// The stored form: version, number of parts, then for each part in order one octet (kind, encoding) and numbers of
// seven bits an octet: gap before its header, header size, body size, lines, and (not for leaves) the parts inside it.
// decode_parts believes nothing: whatever would point outside is an error.
#include "server/message/parts.h"

#include "server/message/parse.h"

namespace pennypost::message {
namespace {

constexpr char kVersion = 1;

void put(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

/// Reads numbers off the front of stored octets; after the end or a number beyond 63 bits, `good` is false.
struct Numbers {
  std::string_view left;
  bool good = true;

  std::uint64_t next() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 63 && !left.empty(); shift += 7) {
      const auto octet = static_cast<unsigned char>(left.front());
      left.remove_prefix(1);
      number |= static_cast<std::uint64_t>(octet & 0x7F) << shift;
      if (octet < 0x80) return number;
    }
    good = false;
    return 0;
  }
};

/// The child number `ordinal` (from 1) of a part.
std::optional<std::uint32_t> child(const PartTree& tree, std::uint32_t of, std::uint32_t ordinal) {
  if (ordinal == 0) return std::nullopt;
  for (std::uint32_t i = of + 1; i < tree.parts[of].after; i = tree.parts[i].after) {
    if (--ordinal == 0) return i;
  }
  return std::nullopt;
}

bool is_message(const PartTree& tree, std::uint32_t part) {
  return part == 0 || tree.parts[tree.parts[part].parent].kind == PartKind::embedded;
}

}  // namespace

std::string encode_parts(const PartTree& tree) {
  std::string out{kVersion};
  put(out, tree.parts.size());
  std::vector<std::uint64_t> cursor(tree.parts.size(), 0);  // of each open part: where its next child may begin
  for (std::uint32_t i = 0; i < tree.parts.size(); ++i) {
    const PartRange& part = tree.parts[i];
    out += static_cast<char>(static_cast<unsigned>(part.kind) | static_cast<unsigned>(part.encoding) << 2);
    put(out, part.header_begin - (i == 0 ? 0 : cursor[part.parent]));
    put(out, part.body_begin - part.header_begin);
    put(out, part.end - part.body_begin);
    put(out, part.lines);
    if (part.kind != PartKind::leaf) put(out, part.after - i - 1);
    cursor[i] = part.body_begin;
    cursor[part.parent] = i == 0 ? part.body_begin : part.end;
  }
  return out;
}

std::string encode_parts(const Message& message) { return encode_parts(message.tree); }

Result<PartTree> decode_parts(std::string_view stored) {
  const auto broken = [](const char* why) {
    return error(Kind::internal, "The stored structure of the message is damaged", std::string{"part tree: "} + why);
  };
  if (stored.empty() || stored[0] != kVersion) return broken("unknown version");
  Numbers numbers{stored.substr(1)};
  const std::uint64_t count = numbers.next();
  if (!numbers.good || count == 0 || count > stored.size()) return broken("impossible number of parts");
  PartTree tree;
  tree.parts.resize(count);
  std::vector<std::uint64_t> cursor(count, 0);
  std::uint32_t parent = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    PartRange& part = tree.parts[i];
    if (numbers.left.empty()) return broken("cut off");
    const auto what = static_cast<unsigned char>(numbers.left.front());
    numbers.left.remove_prefix(1);
    if ((what & 3) > static_cast<unsigned>(PartKind::embedded)) return broken("unknown kind");
    if ((what >> 2) > static_cast<unsigned>(Encoding::unknown)) return broken("unknown encoding");
    part.kind = static_cast<PartKind>(what & 3);
    part.encoding = static_cast<Encoding>(what >> 2);
    // The parent is the innermost open part whose subtree reaches this far.
    while (i > 0 && tree.parts[parent].after <= i) {
      if (parent == 0) return broken("more parts than the message holds");
      parent = tree.parts[parent].parent;
    }
    part.parent = parent;
    constexpr std::uint64_t kFar = std::uint64_t{1} << 60;
    const std::uint64_t gap = numbers.next();
    const std::uint64_t header = numbers.next();
    const std::uint64_t body = numbers.next();
    part.lines = numbers.next();
    const std::uint64_t inside = part.kind == PartKind::leaf ? 0 : numbers.next();
    if (!numbers.good || gap > kFar || header > kFar || body > kFar) return broken("cut off or too large");
    part.header_begin = (i == 0 ? 0 : cursor[parent]) + gap;
    part.body_begin = part.header_begin + header;
    part.end = part.body_begin + body;
    if (i > 0 && part.end > tree.parts[parent].end) return broken("a part beyond its parent");
    if (part.lines > body) return broken("more lines than octets");
    if ((part.kind != PartKind::leaf && inside == 0) || inside > count - i - 1)
      return broken("wrong number of parts inside");
    part.after = i + 1 + static_cast<std::uint32_t>(inside);
    if (i > 0 && part.after > tree.parts[parent].after) return broken("parts beyond their parent");
    cursor[i] = part.body_begin;
    if (i > 0) cursor[parent] = part.end;
    if (part.kind != PartKind::leaf) parent = i;
  }
  if (tree.parts[0].after != count || !numbers.left.empty()) return broken("wrong length");
  return tree;
}

std::optional<std::uint32_t> find_part(const PartTree& tree, std::span<const std::uint32_t> path) {
  if (tree.parts.empty()) return std::nullopt;
  std::uint32_t at = 0;
  bool at_message = true;  // at a message as a whole, not at its part 1
  for (const std::uint32_t ordinal : path) {
    if (!at_message && tree.parts[at].kind == PartKind::embedded) {
      ++at;
      at_message = true;
    }
    if (tree.parts[at].kind == PartKind::multipart) {
      const auto found = child(tree, at, ordinal);
      if (!found) return std::nullopt;
      at = *found;
    } else if (!at_message || ordinal != 1) {
      return std::nullopt;
    }
    at_message = false;
  }
  return at;
}

std::optional<Range> section_range(const PartTree& tree, std::span<const std::uint32_t> path, SectionText text) {
  const auto at = find_part(tree, path);
  if (!at) return std::nullopt;
  const PartRange& part = tree.parts[*at];
  if (text == SectionText::whole) return path.empty() ? Range{part.header_begin, part.end} : part.body();
  if (text == SectionText::mime) return path.empty() ? std::nullopt : std::optional{part.header()};
  if (!path.empty() && part.kind != PartKind::embedded) return std::nullopt;
  const PartRange& message = path.empty() ? part : tree.parts[*at + 1];
  return text == SectionText::header ? message.header() : message.body();
}

std::string part_number(const PartTree& tree, std::uint32_t index) {
  std::string number;
  const auto prepend = [&number](std::uint32_t ordinal) {
    number = number.empty() ? std::to_string(ordinal) : std::to_string(ordinal) + "." + number;
  };
  for (std::uint32_t at = index;; at = tree.parts[at].parent) {
    if (is_message(tree, at)) {
      if (at == index && tree.parts[at].kind != PartKind::multipart) prepend(1);
      // What is inside a message of one part is reached through that part's number.
      if (at != index && tree.parts[at].kind == PartKind::embedded) prepend(1);
      if (at == 0) return number;
      continue;
    }
    std::uint32_t ordinal = 1;
    for (std::uint32_t i = tree.parts[at].parent + 1; i < at; i = tree.parts[i].after) ++ordinal;
    prepend(ordinal);
  }
}

}  // namespace pennypost::message
