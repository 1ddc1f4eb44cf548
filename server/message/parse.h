// Reading of a message into its tree of parts (RFC 5322, RFC 2045, RFC 2046).
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/base/limits.h"
#include "server/message/parameters.h"
#include "server/message/parts.h"

namespace pennypost::message {

/// What the header of a part says of it. The views are raw, folded field values in the message; empty when absent.
struct Part {
  ContentType type;       ///< the declared type, or the default of its place (text/plain; in a digest message/rfc822)
  bool declared = false;  ///< a usable Content-Type field is there
  bool opaque = false;    ///< a multipart or message that is not looked into (limit, encoded): octets for IMAP
  std::string_view encoding;     ///< Content-Transfer-Encoding
  std::string_view id;           ///< Content-ID
  std::string_view description;  ///< Content-Description
  std::string_view disposition;  ///< Content-Disposition
  std::string_view language;     ///< Content-Language
  std::string_view location;     ///< Content-Location
  std::string_view md5;          ///< Content-MD5
};

/// A message that was read. Holds views into `raw`, which must live as long; memory beside it grows only with the
/// number of parts (at most ParseLimits::parts).
struct Message {
  std::string_view raw;
  PartTree tree;            ///< where the parts lie
  std::vector<Part> parts;  ///< what they are; the same indexes as tree.parts
  bool limited = false;     ///< a limit was passed: some of it was not looked into

  std::string_view text(Range range) const { return raw.substr(range.begin, range.size()); }
  /// The header of part `index` with the empty line behind it; of part 0: of the message.
  std::string_view header(std::uint32_t index = 0) const { return text(tree.parts[index].header()); }
  /// The fields of the message: its header without the empty line behind them. A message that begins with an empty line
  /// has none.
  std::string_view fields() const;
  /// The body of part `index` as it stands, transfer encoding included.
  std::string_view body(std::uint32_t index = 0) const { return text(tree.parts[index].body()); }
};

struct ParseLimits {
  int depth = kMimeDepth.most;  ///< levels of multipart and message/rfc822; 1 is a message without parts
  int parts = kMimeParts.most;  ///< parts altogether, the message itself included
};

/// Reads a message: one pass, time linear in its size, never throws but for want of memory, accepts any octets. Lines
/// end with CR LF or LF. A boundary line counts when it is the boundary (and "--" at the end) and white space, nothing
/// else (RFC 2046 5.1.1); of nested boundaries the innermost that fits wins. A missing closing boundary ends with its
/// parent. A multipart without any boundary line has one text/plain part: all of its body. A header that runs into text
/// without an empty line ends before the first line that is no field. Threads: none shared.
Message parse(std::string_view raw, const ParseLimits& limits = {});

}  // namespace pennypost::message
