// The items of FETCH as the client wrote them (RFC 3501 sections 6.4.5 and 9 "fetch-att"). No I/O.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/imap/arguments.h"
#include "server/message/parts.h"

namespace pennypost::imap {

/// What one item gives. The first group stands in the row of a folder, the second in stored strings of the message, the
/// third is cut out of the body.
enum class Item : std::uint8_t {
  uid,
  flags,
  internal_date,
  rfc822_size,
  mod_seq,
  envelope,
  body_structure,
  body_short,  ///< BODY without a section: BODYSTRUCTURE without extension data
  section,     ///< BODY[...], RFC822, RFC822.HEADER, RFC822.TEXT
};

/// "BODY[1.2.HEADER.FIELDS (To From)]".
struct Section {
  enum class Fields : std::uint8_t { all, only, except };
  std::vector<std::uint32_t> path;
  message::SectionText text = message::SectionText::whole;
  Fields fields = Fields::all;
  std::vector<std::string> names;  ///< of header fields, as written
  bool operator==(const Section&) const = default;
};

/// "<0.2048>".
struct Partial {
  std::uint32_t offset = 0;
  std::uint32_t count = 0;
  bool operator==(const Partial&) const = default;
};

struct FetchItem {
  Item item = Item::uid;
  Section section;
  std::optional<Partial> partial;
  bool sets_seen = false;
  std::string label;  ///< how the response names it: "BODY[HEADER]<0>", "RFC822.SIZE"
};

/// The items of one FETCH, each once, in the order asked for.
struct FetchItems {
  std::vector<FetchItem> items;

  bool has(Item item) const;
  bool needs_strings() const { return has(Item::envelope) || has(Item::body_structure) || has(Item::body_short); }
  bool needs_body() const { return has(Item::section); }
  bool sets_seen() const;
  void add(Item item);
  void add(FetchItem item);
  /// "(UID FLAGS BODY.PEEK[1]<0.10>)": parses back to the same.
  std::string print() const;
};

/// A macro, one item, or a list in parentheses.
FetchItems parse_fetch_items(Arguments& in);

}  // namespace pennypost::imap
