// The state of a folder, once per process however many sessions have it open (DESIGN section 5), and a session's view
// of it. Rows stand in immutable blocks that states of different age share: a change copies one block, a view costs a
// few pointers, an idle session no row at all. A view is what the client knows (its message numbers, RFC 3501 2.3.1.2):
// it changes only in `sync`.
#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/base/units.h"
#include "server/store/flags.h"
#include "server/store/folders.h"
#include "server/store/news.h"
#include "server/store/uid_set.h"

namespace pennypost::store {

class Database;

/// Message sequence number, from 1 (RFC 3501 2.3.1.2).
using Msn = std::uint32_t;

struct FolderRow {
  BodyId body{};
  ModSeq mod_seq{};
  std::int64_t internal_date = 0;  ///< seconds since 1970, UTC
  Uid uid{};
  std::uint32_t size = 0;  ///< prefix and body
  Flags flags;
  std::uint16_t keyword_set = 0;  ///< into FolderSnapshot::keywords; 0 is none
  bool operator==(const FolderRow&) const = default;
};

/// A folder at one modseq. Immutable, shared by any number of views and threads. Held messages are not in it.
class FolderSnapshot {
 public:
  static constexpr std::size_t kBlockRows = 256;
  struct Block {
    std::vector<FolderRow> rows;  ///< never empty, ascending by UID
  };
  struct KeywordSets {
    std::vector<Keywords> sets{{}};  ///< number 0 is the empty set; a number keeps its meaning
  };

  std::uint32_t exists() const { return exists_; }
  std::uint32_t unseen() const { return unseen_; }
  const FolderRow& row(Msn msn) const;  ///< 1..exists()
  std::optional<Msn> msn(Uid uid) const;
  /// The first message with this UID or a higher one; exists()+1 when there is none.
  Msn lower_bound(Uid uid) const;
  std::optional<Msn> first_unseen() const;
  const Keywords& keywords(const FolderRow& row) const { return keywords_->sets[row.keyword_set]; }
  /// Every keyword that some message of the folder had since it was loaded, for FLAGS.
  Keywords all_keywords() const;
  /// Calls for each row from `first` to `last`; quicker than row() one by one. Gives false when `each` did.
  bool for_each(Msn first, Msn last, const std::function<bool(Msn, const FolderRow&)>& each) const;

  ModSeq mod_seq() const { return mod_seq_; }
  Uid uid_next() const { return uid_next_; }
  bool is_deleted() const { return deleted_; }  ///< the folder itself is gone

 private:
  friend class FolderState;
  friend class FolderView;
  friend struct SnapshotBuilder;
  std::vector<std::shared_ptr<const Block>> blocks_;
  std::vector<Msn> first_msn_;  ///< of each block
  std::shared_ptr<const KeywordSets> keywords_ = std::make_shared<KeywordSets>();
  std::uint32_t exists_ = 0;
  std::uint32_t unseen_ = 0;
  ModSeq mod_seq_{};
  Uid uid_next_{1};
  bool deleted_ = false;
};

/// One committed change of a folder, which raised its modseq by one.
struct FolderChange {
  struct Row {
    FolderRow row;  ///< without keyword_set
    Keywords keywords;
  };
  ModSeq mod_seq{};       ///< of the folder after the change
  Uid uid_next{};         ///< after the change; Uid{0}: as before
  std::vector<Row> rows;  ///< new or changed, ascending
  std::vector<Uid> removed;
};

/// What a sync brought, in the order in which a client is told.
struct FolderChanges {
  bool folder_gone = false;
  struct Gone {
    Msn msn;  ///< at the moment of its own EXPUNGE line: tell them in this order, no arithmetic needed
    Uid uid;
  };
  std::vector<Gone> expunged;
  std::vector<Msn> flags_changed;  ///< numbers after the expunges
  std::uint32_t exists = 0;
  std::uint32_t arrived = 0;  ///< the last `arrived` messages are new to this view
  std::uint32_t recent = 0;
  bool keywords_changed = false;  ///< FLAGS has to be told again
  bool empty() const { return !folder_gone && expunged.empty() && flags_changed.empty() && arrived == 0; }
};

enum class Expunges { allowed, not_now };  ///< RFC 3501 7.4.1: never during FETCH, STORE, SEARCH

class FolderState;

/// One session's view of a folder it has selected. One thread.
class FolderView {
 public:
  FolderView(std::shared_ptr<FolderState> state, Access access, std::shared_ptr<const FolderSnapshot> snapshot,
             Uid first_recent, UidValidity validity);
  ~FolderView();  ///< a read_write view notes what it has shown as no longer recent
  FolderView(FolderView&&) noexcept;
  FolderView& operator=(FolderView&&) noexcept;

  FolderId folder() const;
  UidValidity uid_validity() const { return validity_; }
  Access access() const { return access_; }
  const FolderSnapshot& now() const { return *snapshot_; }
  std::uint32_t exists() const { return snapshot_->exists(); }
  std::uint32_t recent() const;                                   ///< number of recent messages in this view
  bool is_recent(Uid uid) const { return uid >= first_recent_; }  ///< \Recent of this session

  /// Brings the view up to date. With `not_now`, messages that are gone keep their numbers until a later sync; their
  /// octets may be gone. Errors: unavailable (the view stays as it is).
  Result<FolderChanges> sync(Expunges expunges);
  /// True when `sync` would bring something, without asking the database.
  bool is_behind() const;
  /// Flags that this session itself has just stored and tells its client in another way: sync will not report these
  /// changes (up to `mod_seq`) again. For the .SILENT forms.
  void told(std::span<const Uid> uids, ModSeq mod_seq);

 private:
  void close();
  std::shared_ptr<FolderState> state_;
  std::shared_ptr<const FolderSnapshot> snapshot_;
  std::shared_ptr<const FolderSnapshot> base_;  // what the view was last brought up to
  std::unordered_map<std::uint32_t, ModSeq> told_;
  Uid opened_at_{};
  Uid first_recent_{};
  UidValidity validity_{};
  Access access_ = Access::read_only;
};

/// All folder states of the process. Any thread.
class FolderStates {
 public:
  FolderStates(Database& database, News& news);
  ~FolderStates();

  /// Opens a view (SELECT, EXAMINE); loads the state when nobody has it. A read_write view takes the recent messages.
  /// Errors: not_found, unavailable.
  Result<FolderView> open(FolderId folder, Access access);
  /// The present state without a view, for SEARCH and STATUS on other folders.
  Result<std::shared_ptr<const FolderSnapshot>> peek(FolderId folder);

  // ---- for the writers of store/: after their commit
  /// Brings the state (if it is loaded) up to date and sends the news.
  void publish(FolderId folder, const FolderChange& change);
  /// Another process changed the folder, or what was missed is not known: re-read at the next sync.
  void mark_behind(FolderId folder, ModSeq mod_seq);
  void mark_all_behind();

 private:
  Result<std::shared_ptr<FolderState>> state(FolderId folder);
  Database& database_;
  News& news_;
  std::mutex mutex_;
  std::unordered_map<std::int64_t, std::weak_ptr<FolderState>> states_;
  std::list<std::shared_ptr<FolderState>> recent_;  // kept although nobody has them open: clients come back
};

}  // namespace pennypost::store
