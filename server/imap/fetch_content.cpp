// Content of messages for FETCH (RFC 3501 6.4.5, 7.4.2). Needs the repository of messages. The commonest case, one
// whole BODY[] beside row items, is one bulk read for all messages; otherwise stored columns come in bulk, and only a
// section that is in no column is read for each message.
//
// A message is its prefix (lines of this copy) and then the shared body; offsets of stored parts count the body alone.
#include "server/imap/fetch_content.h"

#include <algorithm>

#include "server/imap/fetch_rows.h"
#include "server/imap/session.h"
#include "server/message/header.h"
#include "server/message/parts.h"
#include "server/message/structure.h"

namespace pennypost::imap {

namespace {

using message::SectionText;
using store::Columns;
using store::Fetched;

constexpr Octets kContentBlock = 64_KiB;  // several small messages to one system call
constexpr Octets kHeaderOfPart = 1_MiB;   // of an embedded message, for HEADER.FIELDS

bool is_whole(const Section& section) { return section.path.empty() && section.text == SectionText::whole; }

/// BODY[HEADER] and its fields, of the message itself: in the header column.
bool is_in_header(const Section& section) { return section.path.empty() && section.text == SectionText::header; }

/// The octets [first, end) that a partial leaves of `size`.
struct Window {
  std::int64_t first = 0;
  std::int64_t end = 0;
  std::int64_t size() const { return end - first; }
};
Window window_of(const std::optional<Partial>& partial, std::int64_t size) {
  if (!partial) return {0, size};
  const std::int64_t first = std::min<std::int64_t>(partial->offset, size);
  return {first, std::min<std::int64_t>(first + partial->count, size)};
}

class Content {
 public:
  Content(Session& session, const Chosen& chosen, const FetchItems& items)
      : session_{session},
        messages_{session.store().messages()},
        selection_{session.selected()},
        items_{items},
        uids_{chosen.uids(selection_.now())},
        out_{session.connection(), kContentBlock},
        printer_{out_, selection_} {}

  Result<std::uint64_t> run() {
    if (const FetchItem* whole = only_whole()) {
      const auto done = whole_messages(*whole);
      if (!done) return done.error();
    } else {
      const auto done = messages_.fetch(selection_.view.folder(), uids_, columns(), [this](const Fetched& fetched) {
        one(fetched);
        return !broken();
      });
      if (!done) return done.error();
    }
    return sent_;
  }

 private:
  bool broken() { return cut_off_ || session_.connection().ended() == net::Ended::broken; }

  /// The item, when everything else is in the rows.
  const FetchItem* only_whole() const {
    const FetchItem* whole = nullptr;
    for (const FetchItem& item : items_.items) {
      if (is_row_item(item.item)) continue;
      if (item.item != Item::section || !is_whole(item.section) || whole != nullptr) return nullptr;
      whole = &item;
    }
    return whole;
  }

  Columns columns() const {
    Columns columns = Columns::none;
    for (const FetchItem& item : items_.items) {
      switch (item.item) {
        case Item::envelope:
          columns = columns | Columns::envelope;
          break;
        case Item::body_structure:
        case Item::body_short:
          columns = columns | Columns::bodystructure;
          break;
        case Item::section:
          if (is_in_header(item.section))
            columns = columns | Columns::header;
          else if (item.section.path.empty())
            columns = columns | Columns::prefix;
          else
            columns = columns | Columns::parts;
          break;
        default:
          break;
      }
    }
    return columns;
  }

  const store::FolderRow* begin(Uid uid) {
    const auto msn = selection_.now().msn(uid);
    if (!msn) return nullptr;
    const store::FolderRow& row = selection_.now().row(*msn);
    printer_.begin(*msn);
    for (const FetchItem& item : items_.items)
      if (is_row_item(item.item)) printer_.item(item.item, row);
    return &row;
  }

  void literal_size(std::int64_t size) {
    out_.put('{');
    out_.number(static_cast<std::uint64_t>(size));
    out_.put("}\r\n");
  }

  void label(const FetchItem& item) { printer_.label(item.label); }

  void text(const FetchItem& item, std::string_view octets) {
    label(item);
    const Window window = window_of(item.partial, std::ssize(octets));
    literal_size(window.size());
    out_.put(octets.substr(static_cast<std::size_t>(window.first), static_cast<std::size_t>(window.size())));
  }

  /// What was announced does not come: the client is waiting for octets that nobody has.
  void give_up() {
    cut_off_ = true;
    session_.connection().cut_off();
  }

  store::ReadAhead::FromUid upcoming() const {
    return [&now = selection_.now()](Uid uid) -> std::optional<store::ReadAhead::Upcoming> {
      const auto msn = now.lower_bound(uid);
      if (msn > now.exists()) return std::nullopt;
      const store::FolderRow& row = now.row(msn);
      return store::ReadAhead::Upcoming{row.uid, Octets{static_cast<std::int64_t>(row.size)}};
    };
  }

  Result<void> whole_messages(const FetchItem& item) {
    const Window asked = window_of(item.partial, INT64_MAX);
    std::int64_t missing = 0;
    bool skipping = false;
    const auto each = [&](const store::Piece& piece) {
      if (piece.offset.count == 0) {
        if (missing != 0) give_up();
        if (broken()) return false;
        skipping = begin(piece.uid) == nullptr;
        if (!skipping) {
          label(item);
          literal_size(piece.size.count);
          missing = piece.size.count;
          ++sent_;
        }
      }
      if (skipping) return true;
      out_.put(piece.octets);
      missing -= std::ssize(piece.octets);
      if (missing == 0) printer_.end();
      return !broken();
    };
    const bool is_one = uids_.size() == 1 && !item.partial;
    const auto done = is_one ? selection_.ahead.fetch(uids_.front(), upcoming(), each)
                             : messages_.fetch_octets(selection_.view.folder(), uids_, each, Octets{asked.first},
                                                      Octets{asked.size()});
    if (missing != 0) give_up();
    return done;
  }

  void one(const Fetched& fetched) {
    if (begin(fetched.uid) == nullptr) return;
    ++sent_;
    for (const FetchItem& item : items_.items) {
      switch (item.item) {
        case Item::envelope:
          label(item);
          out_.put(fetched.envelope);
          break;
        case Item::body_structure:
          label(item);
          out_.put(fetched.bodystructure);
          break;
        case Item::body_short:
          label(item);
          out_.put(message::body_of_bodystructure(fetched.bodystructure));
          break;
        case Item::section:
          section(item, fetched);
          break;
        default:
          break;
      }
      if (broken()) return;
    }
    printer_.end();
  }

  void section(const FetchItem& item, const Fetched& fetched) {
    const Section& section = item.section;
    if (is_in_header(section)) {
      if (section.fields == Section::Fields::all) return text(item, fetched.header);
      return text(item, subset(section, fetched.header));
    }
    if (section.path.empty()) {
      const std::int64_t header = fetched.prefix_size.count + fetched.header_size.count;
      const std::int64_t begin = section.text == SectionText::text ? header : 0;
      return range(item, fetched, begin, fetched.size.count);
    }
    const auto tree = message::decode_parts(fetched.parts);
    const auto found = tree ? message::section_range(*tree, section.path, section.text) : std::nullopt;
    if (!found) {
      label(item);
      out_.put("NIL");
      return;
    }
    const auto begin = static_cast<std::int64_t>(found->begin);
    const auto end = static_cast<std::int64_t>(found->end);
    if (section.fields == Section::Fields::all)
      return range(item, fetched, begin + fetched.prefix_size.count, end + fetched.prefix_size.count);
    const Octets most = std::min(Octets{end - begin}, kHeaderOfPart);
    const auto header = messages_.body_text(fetched.body, Octets{begin}, most, kHeaderOfPart);
    if (!header) return give_up();
    text(item, subset(section, *header));
  }

  static std::string subset(const Section& section, std::string_view header) {
    const auto which = section.fields == Section::Fields::only ? message::Subset::only : message::Subset::except;
    return message::header_subset(header, which, section.names);
  }

  /// Octets [begin, end) of the message, cut by the item's partial.
  void range(const FetchItem& item, const Fetched& fetched, std::int64_t begin, std::int64_t end) {
    label(item);
    const Window window = window_of(item.partial, end - begin);
    literal_size(window.size());
    std::int64_t at = begin + window.first;
    const std::int64_t behind = begin + window.end;
    const std::int64_t prefix = fetched.prefix_size.count;
    if (at < prefix && at < behind) {
      const std::int64_t here = std::min(behind, prefix) - at;
      out_.put(fetched.prefix.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(here)));
      at += here;
    }
    if (at >= behind) return;
    std::int64_t missing = behind - at;
    const auto read =
        messages_.read_body(fetched.body, Octets{at - prefix}, Octets{missing}, [&](std::string_view piece) {
          out_.put(piece);
          missing -= std::ssize(piece);
          return !broken();
        });
    if (!read || missing != 0) give_up();
  }

  Session& session_;
  store::Messages& messages_;
  Selection& selection_;
  const FetchItems& items_;
  std::vector<Uid> uids_;
  Out out_;
  RowPrinter printer_;
  std::uint64_t sent_ = 0;
  bool cut_off_ = false;
};

}  // namespace

Result<std::uint64_t> fetch_content(Session& session, const Chosen& chosen, const FetchItems& items) {
  return Content{session, chosen, items}.run();
}

}  // namespace pennypost::imap
