// Reading ahead (see the header). Octets of a message never change and its UID is given once, so what was read before
// it was asked for is what would be read now; a message that went meanwhile may still be sent (RFC 2180 section 4.1).
#include "server/store/read_ahead.h"

#include <algorithm>
#include <array>

#include "server/base/limits.h"
#include "server/store/octet_batch.h"

namespace pennypost::store {

namespace {
constexpr Octets kFirstBatch{64 * 1024};  // the client waits for it
constexpr Octets kSmall{128 * 1024};      // a larger one is worth a statement of its own
constexpr std::size_t kMostMessages = 128;
}  // namespace

struct ReadAhead::Batch {
  Batch(Messages& from, std::shared_ptr<OctetBatch> what, Octets size)
      : messages{from}, octets{std::move(what)}, reserved{size} {}
  ~Batch() { messages.read_ahead_ -= reserved.count; }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  bool holds(Uid uid) const { return std::ranges::binary_search(octets->uids(), uid); }
  bool is_half_used(Uid uid) const { return uid >= octets->uids()[octets->uids().size() / 2]; }

  Messages& messages;
  const std::shared_ptr<OctetBatch> octets;
  const Octets reserved;  // of kReadAheadAll
};

ReadAhead::ReadAhead(Messages& messages, FolderId folder) : messages_{&messages}, folder_{folder} {}
ReadAhead::~ReadAhead() = default;
ReadAhead::ReadAhead(ReadAhead&&) noexcept = default;
ReadAhead& ReadAhead::operator=(ReadAhead&&) noexcept = default;

void ReadAhead::forget() {
  now_.reset();
  next_.reset();
}

std::unique_ptr<ReadAhead::Batch> ReadAhead::plan(Uid first, Octets most, const FromUid& upcoming) const {
  std::vector<Uid> uids;
  Octets octets;
  for (Uid uid = first; uids.size() < kMostMessages;) {
    const auto message = upcoming(uid);
    if (!message || message->size > kSmall || octets + message->size > most) break;
    uids.push_back(message->uid);
    octets += message->size;
    uid = Uid{number(message->uid) + 1};
  }
  if (uids.empty()) return nullptr;
  auto reserved = messages_->read_ahead_.load();
  do {
    if (reserved + octets.count > kReadAheadAll.most.count) return nullptr;
  } while (!messages_->read_ahead_.compare_exchange_weak(reserved, reserved + octets.count));
  return std::make_unique<Batch>(
      *messages_,
      std::make_shared<OctetBatch>(messages_->database_, folder_, std::move(uids), OctetBatch::What::first_chunks),
      octets);
}

Result<void> ReadAhead::fetch(Uid uid, const FromUid& upcoming, const PieceSink& sink) {
  const bool is_in_order = uid == expected_;
  const auto after = upcoming(Uid{number(uid) + 1});
  expected_ = after ? after->uid : Uid{};
  if (now_ && !now_->holds(uid)) now_ = std::move(next_);
  if (!now_ || !now_->holds(uid)) {
    forget();
    if (is_in_order) now_ = plan(uid, kFirstBatch, upcoming);
    if (!now_ || !now_->holds(uid)) return messages_->fetch_octets(folder_, std::array{uid}, sink);
  }
  now_->octets->finish();
  if (now_->octets->failure()) {
    auto failed = *now_->octets->failure();
    forget();
    return failed;
  }
  if (!next_ && now_->is_half_used(uid)) {
    const auto further = upcoming(Uid{number(now_->octets->uids().back()) + 1});
    if (further) next_ = plan(further->uid, kReadAhead.most, upcoming);
    if (next_) messages_->workers_.begin(next_->octets);
  }
  const auto given = messages_->give(*now_->octets, uid, {0}, {INT64_MAX}, sink);
  if (!given) return given.error();
  return {};
}

}  // namespace pennypost::store
