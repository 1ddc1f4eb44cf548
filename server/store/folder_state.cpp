// Folder states and views. A state holds the present snapshot; a committed change makes a new one that shares all
// blocks but those it touches. Changes of this process arrive by `publish` and are applied when they are the next
// modseq; anything else (another process, a change that overtook another) makes the state read what is newer from the
// database, in one snapshot, at the next sync. Sources: RFC 3501 2.3.1.2, 5.2, 7.4.1; RFC 7162 (modseq).
#include "server/store/folder_state.h"

#include <algorithm>
#include <cassert>

#include "server/base/text.h"
#include "server/store/connection.h"
#include "server/store/database.h"

namespace pennypost::store {

namespace {

const Sql kBeginSnapshot{"folder_state.begin", "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"};
const Sql kCommit{"folder_state.commit", "COMMIT"};
const Sql kFolder{"folder_state.folder",
                  "SELECT modseq, uidnext, uidvalidity, firstrecent FROM messages.folders WHERE folderid = $1::bigint"};
const Sql kAll{"folder_state.all", R"sql(
    SELECT uid, bodyid, modseq, internaldate, size, flags, keywords
      FROM messages.messages WHERE folderid = $1::bigint AND NOT hold ORDER BY uid)sql"};
const Sql kNewer{"folder_state.newer", R"sql(
    SELECT uid, bodyid, modseq, internaldate, size, flags, keywords
      FROM messages.messages WHERE folderid = $1::bigint AND modseq > $2::bigint AND NOT hold ORDER BY uid)sql"};
const Sql kGone{"folder_state.gone", R"sql(
    SELECT uid FROM messages.expunged WHERE folderid = $1::bigint AND modseq > $2::bigint)sql"};
// \Recent is not a message: losing this in a crash shows a message as recent twice.
const Sql kAsynchronous{"folder_state.asynchronous", "SELECT set_config('synchronous_commit', 'off', true)"};
const Sql kSeen{"folder_state.no_longer_recent", R"sql(
    UPDATE messages.folders SET firstrecent = $2::bigint WHERE folderid = $1::bigint AND firstrecent < $2::bigint)sql"};

constexpr std::size_t kStatesKept = 32;                // with nobody in them
constexpr std::uint32_t kKeptRowsMost = 100'000;       // larger ones are loaded again instead
constexpr auto kReloadAfter = std::chrono::hours{24};  // expunge marks are kept for longer

using Blocks = std::vector<std::shared_ptr<const FolderSnapshot::Block>>;

}  // namespace

// Builds a snapshot from another one, copying only the blocks that change.
struct SnapshotBuilder {
  FolderSnapshot out;
  std::vector<std::shared_ptr<FolderSnapshot::Block>> own;  // ours to change, by place; null: shared

  explicit SnapshotBuilder(const FolderSnapshot& from) : out{from}, own(from.blocks_.size()) {}

  FolderSnapshot::Block& writable(std::size_t place) {
    if (!own[place]) {
      own[place] = std::make_shared<FolderSnapshot::Block>();
      own[place]->rows.reserve(std::max(FolderSnapshot::kBlockRows, out.blocks_[place]->rows.size()));
      own[place]->rows = out.blocks_[place]->rows;
      out.blocks_[place] = own[place];
    }
    return *own[place];
  }

  // The block that holds the UID or would; blocks_.size() when it lies behind all.
  std::size_t place_of(Uid uid) const {
    const auto it = std::partition_point(out.blocks_.begin(), out.blocks_.end(),
                                         [uid](const auto& b) { return b->rows.empty() || b->rows.back().uid < uid; });
    return static_cast<std::size_t>(it - out.blocks_.begin());
  }

  void count(const FolderRow& row, int by) {
    out.exists_ += static_cast<std::uint32_t>(by);
    if (!row.flags.has(Flag::seen)) out.unseen_ += static_cast<std::uint32_t>(by);
  }

  void put(const FolderRow& row) {
    auto place = place_of(row.uid);
    if (place == out.blocks_.size()) {  // behind all: the usual case of a new message
      if (place == 0 || out.blocks_.back()->rows.size() >= FolderSnapshot::kBlockRows) {
        auto fresh = std::make_shared<FolderSnapshot::Block>();
        out.blocks_.push_back(fresh);
        own.push_back(std::move(fresh));
      } else {
        --place;
      }
      writable(place).rows.push_back(row);
      count(row, 1);
      return;
    }
    auto& rows = writable(place).rows;
    const auto it =
        std::partition_point(rows.begin(), rows.end(), [&row](const FolderRow& r) { return r.uid < row.uid; });
    if (it->uid == row.uid) {
      count(*it, -1);
      *it = row;
    } else {
      rows.insert(it, row);
    }
    count(row, 1);
  }

  void remove(Uid uid) {
    const auto place = place_of(uid);
    if (place == out.blocks_.size()) return;
    const auto& shared = out.blocks_[place]->rows;
    const auto found =
        std::partition_point(shared.begin(), shared.end(), [uid](const FolderRow& r) { return r.uid < uid; });
    if (found == shared.end() || found->uid != uid) return;
    const auto offset = found - shared.begin();
    count(*found, -1);
    auto& rows = writable(place).rows;
    rows.erase(rows.begin() + offset);
    if (rows.empty()) {
      out.blocks_.erase(out.blocks_.begin() + static_cast<std::ptrdiff_t>(place));
      own.erase(own.begin() + static_cast<std::ptrdiff_t>(place));
    }
  }

  std::shared_ptr<const FolderSnapshot> finish() {
    out.first_msn_.clear();
    out.first_msn_.reserve(out.blocks_.size());
    Msn msn = 1;
    for (const auto& block : out.blocks_) {
      out.first_msn_.push_back(msn);
      msn += static_cast<Msn>(block->rows.size());
    }
    assert(msn == out.exists_ + 1);
    return std::make_shared<const FolderSnapshot>(std::move(out));
  }

  void set(ModSeq mod_seq, Uid uid_next) {
    out.mod_seq_ = mod_seq;
    if (uid_next != Uid{0}) out.uid_next_ = uid_next;
  }
  void set_deleted() { out.deleted_ = true; }
  void set_keywords(std::shared_ptr<const FolderSnapshot::KeywordSets> sets) { out.keywords_ = std::move(sets); }
};

class FolderState {
 public:
  FolderState(FolderId id, Database& database) : id_{id}, database_{database} {}

  FolderId id() const { return id_; }
  Database& database() { return database_; }
  UidValidity validity() const { return validity_; }

  std::shared_ptr<const FolderSnapshot> current() const {
    const std::lock_guard lock{mutex_};
    return current_;
  }

  bool is_behind(const FolderSnapshot& view) const {
    const std::lock_guard lock{mutex_};
    return unsure_ || wanted_ > number(current_->mod_seq()) || current_->mod_seq() != view.mod_seq() ||
           current_->is_deleted() != view.is_deleted();
  }

  void want(ModSeq mod_seq) {
    const std::lock_guard lock{mutex_};
    wanted_ = std::max(wanted_, number(mod_seq));
  }
  void be_unsure() {
    const std::lock_guard lock{mutex_};
    unsure_ = true;
  }

  void apply(const FolderChange& change) {
    const std::lock_guard lock{mutex_};
    if (change.mod_seq <= current_->mod_seq()) return;  // read from the database meanwhile
    if (number(change.mod_seq) != number(current_->mod_seq()) + 1) {
      wanted_ = std::max(wanted_, number(change.mod_seq));
      return;
    }
    SnapshotBuilder builder{*current_};
    for (const auto& [row, keywords] : change.rows) {
      auto with_set = row;
      with_set.keyword_set = keyword_set(keywords);
      builder.put(with_set);
    }
    for (const Uid uid : change.removed) builder.remove(uid);
    builder.set_keywords(keywords_);
    builder.set(change.mod_seq, change.uid_next);
    current_ = builder.finish();
  }

  // Brings the state to what is committed now. No lock is held while the database works; the first to finish wins.
  Result<void> catch_up() {
    std::shared_ptr<const FolderSnapshot> base;
    {
      const std::lock_guard lock{mutex_};
      const bool old = std::chrono::steady_clock::now() - read_at_ > kReloadAfter;
      if (!unsure_ && wanted_ <= number(current_->mod_seq())) return {};
      if (!old) base = current_;
      unsure_ = false;  // a new doubt that arrives from now on asks for another look
    }
    auto done = base ? read_newer(*base) : load();
    if (!done) be_unsure();
    return done;
  }

  Result<void> load() {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    Connection::Batch batch{**lease};
    batch.add(kBeginSnapshot);
    batch.add(kFolder, id_);
    batch.add(kAll, id_);
    batch.add(kCommit);
    auto answers = batch.run();
    if (!answers) return std::move(answers).error();
    const auto& folder = (*answers)[1];
    if (folder.empty()) return deleted();
    const std::lock_guard lock{mutex_};
    if (folder.id<ModSeq>(0, 0) < current_->mod_seq()) {  // overtaken by a change of this process: look again
      unsure_ = true;
      return {};
    }
    SnapshotBuilder builder{FolderSnapshot{}};
    put_rows(builder, (*answers)[2]);
    builder.set_keywords(keywords_);
    take(builder, folder);
    return {};
  }

  Uid first_recent() const {
    const std::lock_guard lock{mutex_};
    return first_recent_;
  }
  void set_first_recent(Uid uid) {
    const std::lock_guard lock{mutex_};
    first_recent_ = std::max(first_recent_, uid);
  }

 private:
  Result<void> read_newer(const FolderSnapshot& base) {
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    const auto known = static_cast<std::int64_t>(number(base.mod_seq()));
    Connection::Batch batch{**lease};
    batch.add(kBeginSnapshot);
    batch.add(kFolder, id_);
    batch.add(kNewer, id_, known);
    batch.add(kGone, id_, known);
    batch.add(kCommit);
    auto answers = batch.run();
    if (!answers) return std::move(answers).error();
    const auto& folder = (*answers)[1];
    if (folder.empty()) return deleted();
    const std::lock_guard lock{mutex_};
    // Rows newer than `base` bring any state between `base` and now to now.
    if (folder.id<ModSeq>(0, 0) <= current_->mod_seq()) return {};
    SnapshotBuilder builder{*current_};
    put_rows(builder, (*answers)[2]);
    const auto& gone = (*answers)[3];
    for (int i = 0; i < gone.count(); ++i) builder.remove(gone.id<Uid>(i, 0));
    builder.set_keywords(keywords_);
    take(builder, folder);
    return {};
  }

  void take(SnapshotBuilder& builder, const Rows& folder) {
    builder.set(folder.id<ModSeq>(0, 0), folder.id<Uid>(0, 1));
    validity_ = folder.id<UidValidity>(0, 2);
    first_recent_ = std::max(first_recent_, folder.id<Uid>(0, 3));
    current_ = builder.finish();
    read_at_ = std::chrono::steady_clock::now();
  }

  Result<void> deleted() {
    const std::lock_guard lock{mutex_};
    SnapshotBuilder builder{*current_};
    builder.set_deleted();
    current_ = builder.finish();
    wanted_ = 0;
    unsure_ = false;
    return {};
  }

  void put_rows(SnapshotBuilder& builder, const Rows& rows) {
    for (int i = 0; i < rows.count(); ++i) {
      FolderRow row;
      row.uid = rows.id<Uid>(i, 0);
      row.body = rows.id<BodyId>(i, 1);
      row.mod_seq = rows.id<ModSeq>(i, 2);
      row.internal_date = std::chrono::floor<std::chrono::seconds>(rows.time(i, 3)).time_since_epoch().count();
      row.size = static_cast<std::uint32_t>(rows.integer(i, 4));
      row.flags = Flags{static_cast<std::uint16_t>(rows.integer(i, 5))};
      if (!rows.is_null(i, 6)) row.keyword_set = keyword_set(rows.texts(i, 6));
      builder.put(row);
    }
  }

  // The number of a set of keywords; sets are only added, so numbers of older snapshots keep their meaning.
  std::uint16_t keyword_set(const Keywords& keywords) {
    if (keywords.empty()) return 0;
    std::string key;
    for (const auto& word : keywords) key += word + ' ';
    if (const auto it = set_numbers_.find(key); it != set_numbers_.end()) return it->second;
    if (keywords_->sets.size() >= 0xFFFF) return 0;
    auto grown = std::make_shared<FolderSnapshot::KeywordSets>(*keywords_);
    grown->sets.push_back(keywords);
    const auto place = static_cast<std::uint16_t>(grown->sets.size() - 1);
    set_numbers_.emplace(std::move(key), place);
    keywords_ = std::move(grown);
    return place;
  }

  const FolderId id_;
  Database& database_;
  mutable std::mutex mutex_;
  std::shared_ptr<const FolderSnapshot> current_ = std::make_shared<const FolderSnapshot>();
  std::shared_ptr<const FolderSnapshot::KeywordSets> keywords_ = std::make_shared<FolderSnapshot::KeywordSets>();
  std::unordered_map<std::string, std::uint16_t> set_numbers_;
  std::uint64_t wanted_ = 0;
  bool unsure_ = false;
  UidValidity validity_{};
  Uid first_recent_{1};
  std::chrono::steady_clock::time_point read_at_;
};

// ---- snapshots

const FolderRow& FolderSnapshot::row(Msn msn) const {
  assert(msn >= 1 && msn <= exists_);
  const auto it = std::upper_bound(first_msn_.begin(), first_msn_.end(), msn);
  const auto place = static_cast<std::size_t>(it - first_msn_.begin()) - 1;
  return blocks_[place]->rows[msn - first_msn_[place]];
}

Msn FolderSnapshot::lower_bound(Uid uid) const {
  const auto it =
      std::partition_point(blocks_.begin(), blocks_.end(), [uid](const auto& b) { return b->rows.back().uid < uid; });
  if (it == blocks_.end()) return exists_ + 1;
  const auto& rows = (*it)->rows;
  const auto row = std::partition_point(rows.begin(), rows.end(), [uid](const FolderRow& r) { return r.uid < uid; });
  return first_msn_[static_cast<std::size_t>(it - blocks_.begin())] + static_cast<Msn>(row - rows.begin());
}

std::optional<Msn> FolderSnapshot::msn(Uid uid) const {
  const Msn at = lower_bound(uid);
  if (at > exists_ || row(at).uid != uid) return std::nullopt;
  return at;
}

std::optional<Msn> FolderSnapshot::first_unseen() const {
  if (unseen_ == 0) return std::nullopt;
  std::optional<Msn> found;
  for_each(1, exists_, [&found](Msn msn, const FolderRow& r) {
    if (r.flags.has(Flag::seen)) return true;
    found = msn;
    return false;
  });
  return found;
}

Keywords FolderSnapshot::all_keywords() const {
  Keywords all;
  for (const auto& set : keywords_->sets)
    for (const auto& word : set)
      if (std::none_of(all.begin(), all.end(), [&word](const auto& w) { return same_word(w, word); }))
        all.push_back(word);
  return all;
}

bool FolderSnapshot::for_each(Msn first, Msn last, const std::function<bool(Msn, const FolderRow&)>& each) const {
  first = std::max<Msn>(first, 1);
  last = std::min(last, exists_);
  if (first > last) return true;
  auto place =
      static_cast<std::size_t>(std::upper_bound(first_msn_.begin(), first_msn_.end(), first) - first_msn_.begin()) - 1;
  std::size_t i = first - first_msn_[place];
  for (Msn msn = first; msn <= last; ++msn, ++i) {
    if (i == blocks_[place]->rows.size()) {
      ++place;
      i = 0;
    }
    if (!each(msn, blocks_[place]->rows[i])) return false;
  }
  return true;
}

// ---- views

FolderView::FolderView(std::shared_ptr<FolderState> state, Access access,
                       std::shared_ptr<const FolderSnapshot> snapshot, Uid first_recent, UidValidity validity)
    : state_{std::move(state)},
      snapshot_{std::move(snapshot)},
      opened_at_{snapshot_->uid_next()},
      first_recent_{first_recent},
      validity_{validity},
      access_{access} {}

FolderView::FolderView(FolderView&&) noexcept = default;

FolderView& FolderView::operator=(FolderView&& other) noexcept {
  if (this == &other) return *this;
  close();
  state_ = std::move(other.state_);
  snapshot_ = std::move(other.snapshot_);
  told_ = std::move(other.told_);
  opened_at_ = other.opened_at_;
  first_recent_ = other.first_recent_;
  validity_ = other.validity_;
  access_ = other.access_;
  return *this;
}

FolderView::~FolderView() { close(); }

void FolderView::close() {
  if (!state_) return;
  const auto state = std::exchange(state_, nullptr);
  const Uid shown = snapshot_->uid_next();
  if (access_ != Access::read_write || shown <= opened_at_ || snapshot_->is_deleted()) return;
  state->set_first_recent(shown);
  auto lease = state->database().lease();
  if (!lease) return;
  Connection::Batch batch{**lease};
  batch.add(kAsynchronous);
  batch.add(kSeen, state->id(), shown);
  (void)batch.run();  // at worst a message is shown as recent twice
}

FolderId FolderView::folder() const { return state_->id(); }

std::uint32_t FolderView::recent() const { return exists() + 1 - snapshot_->lower_bound(first_recent_); }

bool FolderView::is_behind() const { return state_->is_behind(*snapshot_); }

void FolderView::told(std::span<const Uid> uids, ModSeq mod_seq) {
  for (const Uid uid : uids) told_[number(uid)] = mod_seq;
}

namespace {

// Walks two snapshots of one folder in step. Blocks that both share cost one comparison.
template <typename OnGone, typename OnBoth, typename OnNew>
void compare(const Blocks& old_blocks, const Blocks& new_blocks, const OnGone& gone, const OnBoth& both,
             const OnNew& arrived) {
  std::size_t ob = 0;
  std::size_t oi = 0;
  std::size_t nb = 0;
  std::size_t ni = 0;
  Msn kept = 0;  // rows of the new one that have been passed
  for (;;) {
    if (ob < old_blocks.size() && oi == old_blocks[ob]->rows.size()) ++ob, oi = 0;
    if (nb < new_blocks.size() && ni == new_blocks[nb]->rows.size()) ++nb, ni = 0;
    const bool has_old = ob < old_blocks.size();
    const bool has_new = nb < new_blocks.size();
    if (!has_old && !has_new) return;
    if (has_old && has_new && oi == 0 && ni == 0 && old_blocks[ob] == new_blocks[nb]) {
      kept += static_cast<Msn>(old_blocks[ob]->rows.size());
      ++ob;
      ++nb;
      continue;
    }
    const FolderRow* o = has_old ? &old_blocks[ob]->rows[oi] : nullptr;
    const FolderRow* n = has_new ? &new_blocks[nb]->rows[ni] : nullptr;
    if (o != nullptr && (n == nullptr || o->uid < n->uid)) {
      gone(kept + 1, *o);
      ++oi;
    } else if (n != nullptr && (o == nullptr || n->uid < o->uid)) {
      arrived(++kept, *n);
      ++ni;
    } else {
      both(++kept, *o, *n);
      ++oi;
      ++ni;
    }
  }
}

}  // namespace

Result<FolderChanges> FolderView::sync(Expunges expunges) {
  if (auto done = state_->catch_up(); !done) return std::move(done).error();
  auto next = state_->current();
  FolderChanges changes;
  changes.folder_gone = next->is_deleted();
  if (next == base_ && expunges == Expunges::not_now) {
    changes.exists = exists();
    changes.recent = recent();
    return changes;
  }
  base_ = next;
  if (expunges == Expunges::not_now) {
    // Keep what is gone in the view, in its old place.
    std::optional<SnapshotBuilder> merged;
    compare(
        snapshot_->blocks_, next->blocks_,
        [&](Msn, const FolderRow& row) {
          if (!merged) merged.emplace(*next);
          merged->put(row);
        },
        [](Msn, const FolderRow&, const FolderRow&) {}, [](Msn, const FolderRow&) {});
    if (merged) next = merged->finish();
  }
  compare(
      snapshot_->blocks_, next->blocks_,
      [&](Msn msn, const FolderRow& row) {
        changes.expunged.push_back({msn, row.uid});
      },
      [&](Msn msn, const FolderRow& before, const FolderRow& after) {
        if (before.flags == after.flags && before.keyword_set == after.keyword_set) return;
        const auto it = told_.find(number(after.uid));
        if (it != told_.end() && after.mod_seq <= it->second) return;
        changes.flags_changed.push_back(msn);
      },
      [&](Msn, const FolderRow&) { ++changes.arrived; });
  changes.keywords_changed = snapshot_->keywords_ != next->keywords_;
  snapshot_ = std::move(next);
  if (!told_.empty()) std::erase_if(told_, [this](const auto& t) { return t.second <= snapshot_->mod_seq(); });
  changes.exists = exists();
  changes.recent = recent();
  return changes;
}

// ---- all states

FolderStates::FolderStates(Database& database, News& news) : database_{database}, news_{news} {}
FolderStates::~FolderStates() = default;

Result<std::shared_ptr<FolderState>> FolderStates::state(FolderId folder) {
  std::shared_ptr<FolderState> found;
  bool fresh = false;
  {
    const std::lock_guard lock{mutex_};
    auto& place = states_[number(folder)];
    found = place.lock();
    if (!found) {
      // Known to the writers before it is loaded: a change that is committed meanwhile is not lost (`want`).
      found = std::make_shared<FolderState>(folder, database_);
      found->be_unsure();
      place = found;
      fresh = true;
      if (states_.size() > 1024) std::erase_if(states_, [](const auto& s) { return s.second.expired(); });
    }
  }
  if (auto done = fresh ? found->load() : found->catch_up(); !done) return std::move(done).error();
  if (fresh)
    if (auto done = found->catch_up(); !done) return std::move(done).error();
  const auto now = found->current();
  if (now->is_deleted()) return error(Kind::not_found, "No such folder");
  const std::lock_guard lock{mutex_};
  std::erase(recent_, found);
  if (now->exists() <= kKeptRowsMost) recent_.push_front(found);
  if (recent_.size() > kStatesKept) recent_.pop_back();
  return found;
}

Result<FolderView> FolderStates::open(FolderId folder, Access access) {
  auto found = state(folder);
  if (!found) return std::move(found).error();
  auto& s = **found;
  const auto snapshot = s.current();
  const Uid first_recent = s.first_recent();
  if (access == Access::read_write && first_recent < snapshot->uid_next()) {
    s.set_first_recent(snapshot->uid_next());
    auto lease = database_.lease();
    if (!lease) return std::move(lease).error();
    Connection::Batch batch{**lease};
    batch.add(kAsynchronous);
    batch.add(kSeen, folder, snapshot->uid_next());
    if (auto done = batch.run(); !done) return std::move(done).error();
  }
  return FolderView{*found, access, snapshot, first_recent, s.validity()};
}

Result<std::shared_ptr<const FolderSnapshot>> FolderStates::peek(FolderId folder) {
  auto found = state(folder);
  if (!found) return std::move(found).error();
  return (*found)->current();
}

void FolderStates::publish(FolderId folder, const FolderChange& change) {
  std::shared_ptr<FolderState> found;
  {
    const std::lock_guard lock{mutex_};
    if (const auto it = states_.find(number(folder)); it != states_.end()) found = it->second.lock();
  }
  if (found) found->apply(change);
  news_.folder_changed(folder, change.mod_seq);
}

void FolderStates::mark_behind(FolderId folder, ModSeq mod_seq) {
  std::shared_ptr<FolderState> found;
  {
    const std::lock_guard lock{mutex_};
    if (const auto it = states_.find(number(folder)); it != states_.end()) found = it->second.lock();
  }
  if (found) found->want(mod_seq);
}

void FolderStates::mark_all_behind() {
  const std::lock_guard lock{mutex_};
  for (const auto& [id, weak] : states_)
    if (const auto found = weak.lock()) found->be_unsure();
}

}  // namespace pennypost::store
