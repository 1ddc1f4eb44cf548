// Messages in folders (messages.messages) and their bodies (messages.bodies, messages.chunks). What a client sees is
// `prefix` (header lines of one copy) and then the shared body; sizes and offsets of a *message* count both, offsets of
// a *body* (as in the stored parts) do not count the prefix. New messages come in by delivery_writer.h.
// Every change locks the folder's row first (several in the order of ids), raises its modseq and keeps its counters.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/base/units.h"
#include "server/store/flags.h"
#include "server/store/uid_set.h"

namespace pennypost::store {

class Database;
class FolderStates;
class News;
class OctetBatch;
class Workers;

enum class FlagOp { add, remove, replace };

struct FlagChange {
  FlagOp op = FlagOp::add;
  Flags flags;
  Keywords keywords;
};

struct FlagsStored {
  ModSeq mod_seq{};           ///< of the folder now
  std::vector<Uid> changed;   ///< whose flags really changed
  std::vector<Uid> modified;  ///< left alone because they are newer than `unchanged_since` (RFC 7162 3.1.3)
};

struct Copied {
  UidValidity uid_validity{};
  std::vector<std::pair<Uid, Uid>> uids;  ///< source and new UID, ascending (RFC 4315 COPYUID)
};

/// What to fetch; columns that are not asked for stay empty and are not read.
enum class Columns : unsigned {
  none = 0,
  envelope = 1,
  bodystructure = 2,
  parts = 4,
  prefix = 8,
  header = 16,   ///< prefix and the body's header: the message's whole header
  summary = 32,  ///< subject ... references
  uidl = 64,
  spam = 128,
};
constexpr Columns operator|(Columns a, Columns b) {
  return static_cast<Columns>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool has(Columns all, Columns one) { return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0; }

/// One message of a fetch; views are valid during the call back only.
struct Fetched {
  Uid uid{};
  BodyId body{};
  Octets size;  ///< prefix and body
  Octets prefix_size;
  Octets header_size;  ///< of the body
  std::string_view envelope, bodystructure, parts, prefix;
  std::string_view header;
  std::string_view subject, base_subject, from_name, from_addr, to_list, reply_to, message_id, in_reply_to, references;
  std::optional<Timestamp> date;
  bool has_attachments = false;
  std::string_view uidl;  ///< never empty when asked for
  double spam_score = 0;
};
/// Gives false to stop.
using FetchedSink = std::function<bool(const Fetched&)>;

/// Octets of one message on their way to a client, in order.
struct Piece {
  Uid uid{};
  Octets size;    ///< of the whole message (or of the asked range, where it is shorter)
  Octets offset;  ///< of this piece in it; 0 begins a message
  std::string_view octets;
};
using PieceSink = std::function<bool(const Piece&)>;
using OctetSink = std::function<bool(std::string_view)>;

/// POP3's view of a folder.
struct MaildropEntry {
  Uid uid{};
  Octets size;
  std::string uidl;
};

/// One object a process; any thread. No connection is held while a sink runs: a slow client costs no connection. Sinks
/// get a message that another session expunged meanwhile not at all.
class Messages {
 public:
  Messages(Database& database, FolderStates& states, News& news, Workers& workers)
      : database_{database}, states_{states}, news_{news}, workers_{workers} {}

  /// Errors of all changes: not_found (folder gone), disk_full, unavailable. UIDs that do not exist are passed over.
  Result<FlagsStored> store_flags(FolderId folder, const UidSet& uids, const FlagChange& change,
                                  std::optional<ModSeq> unchanged_since = std::nullopt);
  /// Flags, keywords and internal date go along (RFC 3501 6.4.7). All or nothing.
  Result<Copied> copy(FolderId from, const UidSet& uids, FolderId to);
  /// Copy and removal in one commit (RFC 6851).
  Result<Copied> move(FolderId from, const UidSet& uids, FolderId to);
  /// Removes what carries \Deleted, of `only` when given (UID EXPUNGE). Gives the removed UIDs, ascending.
  Result<std::vector<Uid>> expunge(FolderId folder, const UidSet* only = nullptr);
  /// Removes these whatever their flags (POP3 QUIT after DELE).
  Result<std::vector<Uid>> remove(FolderId folder, const UidSet& uids);
  /// Sets or clears the hold state (spec 50 section 4.2). A message that is released comes back under a new UID.
  Result<std::int64_t> hold(FolderId folder, const UidSet& uids);
  Result<std::int64_t> release(FolderId folder);

  /// In the order of `uids`, in batches of bounded memory.
  Result<void> fetch(FolderId folder, std::span<const Uid> uids, Columns columns, const FetchedSink& sink);
  /// Whole messages (prefix and body), in the order of `uids`, in pieces of at most 256 KiB; an empty message gives one
  /// empty piece. While the sink has some, the next ones are read: for those asked for one by one there is ReadAhead.
  /// With `first`/`most` the same range of each (RFC 3501 BODY[]<0.100>).
  Result<void> fetch_octets(FolderId folder, std::span<const Uid> uids, const PieceSink& sink, Octets first = {0},
                            Octets most = {INT64_MAX});
  /// A range of a stored body (offsets without prefix), for parts and for sending. Error: not_found.
  Result<void> read_body(BodyId body, Octets first, Octets most, const OctetSink& sink);
  Result<Octets> body_size(BodyId body);
  /// The same into one string; error too_large above `limit`.
  Result<std::string> body_text(BodyId body, Octets first, Octets most, Octets limit = {64 * 1024 * 1024});
  /// The stored columns of a body without a folder entry (queue, bounces); `fetched` views live during the call.
  Result<void> body_columns(BodyId body, const FetchedSink& sink);

  /// Not held messages, ascending, for POP3 LIST and UIDL.
  Result<std::vector<MaildropEntry>> maildrop(FolderId folder);

  /// Messages (ascending) whose stored search text holds `needle` (both case-folded by the caller); `unindexed` are
  /// those without search text, which the caller looks through itself.
  struct Found {
    std::vector<Uid> matching;
    std::vector<Uid> unindexed;
  };
  Result<Found> search_text(FolderId folder, std::string_view needle);

  /// Looks at up to `most` bodies that have lost a reference and removes those that have none left; gives how many. Run
  /// by maintenance.
  Result<std::int64_t> sweep(std::size_t most);

 private:
  friend class ReadAhead;
  Result<bool> give(const OctetBatch& batch, Uid uid, Octets first, Octets most, const PieceSink& sink);

  Database& database_;
  FolderStates& states_;
  News& news_;
  Workers& workers_;
  std::atomic<std::int64_t> read_ahead_{0};  // octets reserved by all ReadAhead
};

}  // namespace pennypost::store
