// The tree of parts as octet ranges, its compact stored form, and the answer to BODY[section] from it.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace pennypost::message {

struct Message;

/// How a part's body is to be read.
enum class PartKind : std::uint8_t {
  leaf,       ///< text, image, ...: no parts inside that we look at
  multipart,  ///< multipart/*: its children are the parts between its boundaries, always at least one
  embedded,   ///< message/rfc822 or message/global: its one child is the message inside
};

/// Content-Transfer-Encoding (RFC 2045 section 6; uuencode as old mail programs wrote it).
enum class Encoding : std::uint8_t { seven_bit, eight_bit, binary, quoted_printable, base64, uuencode, unknown };

/// Octets [begin, end) of the stored message.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

/// Where one part lies. Offsets count octets from the start of the stored message, line ends as they were received.
struct PartRange {
  std::uint64_t header_begin = 0;
  std::uint64_t body_begin =
      0;                     ///< behind the empty line that ends the header; the header is [header_begin, body_begin)
  std::uint64_t end = 0;     ///< the body is [body_begin, end); the line end before a boundary is not in it
  std::uint64_t lines = 0;   ///< line feeds in the body
  std::uint32_t after = 0;   ///< index behind the last part inside this one (parts stand in the order of the message)
  std::uint32_t parent = 0;  ///< index of the enclosing part; of the message itself: its own, 0
  PartKind kind = PartKind::leaf;
  Encoding encoding = Encoding::seven_bit;

  Range header() const { return {header_begin, body_begin}; }
  Range body() const { return {body_begin, end}; }
  bool operator==(const PartRange&) const = default;
};

/// All parts of a message in the order of the message; number 0 is the message itself. The first child of part i is
/// i+1 (when parts[i].after > i+1), the next sibling of part c is parts[c].after while that is below parts[i].after.
struct PartTree {
  std::vector<PartRange> parts;
  bool operator==(const PartTree&) const = default;
};

/// The stored form: about ten octets for a plain message, about ten more a part. Opaque, may hold any octet; the first
/// octet is the version of the form.
std::string encode_parts(const PartTree& tree);
std::string encode_parts(const Message& message);

/// Reads the stored form. Error: internal when the octets are not such a form (cut off, other version, ranges outside
/// each other); never reads outside `stored`.
Result<PartTree> decode_parts(std::string_view stored);

/// What of a part BODY[...] asks for (RFC 3501 6.4.5, RFC 9051 6.4.5).
enum class SectionText : std::uint8_t {
  whole,   ///< BODY[], BODY[1.2]: the message, or the body of the part
  header,  ///< BODY[HEADER], BODY[1.2.HEADER], and the text that HEADER.FIELDS chooses from (header_subset)
  text,    ///< BODY[TEXT], BODY[1.2.TEXT]
  mime,    ///< BODY[1.2.MIME]
};

/// The octets of a section: `path` is {1, 2} for "1.2", empty for the message itself. None when the message has no such
/// part, when HEADER or TEXT is asked of a part that is not a message, or MIME of the message itself.
std::optional<Range> section_range(const PartTree& tree, std::span<const std::uint32_t> path, SectionText text);

/// The index of the part with this number ({1, 2} for "1.2"); none when there is no such part. The empty path is part
/// 0. A message that is not multipart has one part 1, which is the message itself: index 0 (inside an embedded message:
/// the index of that message).
std::optional<std::uint32_t> find_part(const PartTree& tree, std::span<const std::uint32_t> path);

/// The opposite of find_part: the IMAP number of part `index`, "1.2"; empty for the multipart that a message is.
std::string part_number(const PartTree& tree, std::uint32_t index);

}  // namespace pennypost::message
