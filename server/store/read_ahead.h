// Messages that one client asks for one after the other (IMAP FETCH of one body a command, POP3 RETR): while one is on
// its way to the client, the next ones come from the database.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/base/units.h"
#include "server/store/messages.h"

namespace pennypost::store {

class OctetBatch;

/// One a session and folder; one thread. What is read ahead is bounded, a session and a process (kReadAhead,
/// kReadAheadAll); nothing is read ahead before the client has asked for two messages in their order.
class ReadAhead {
 public:
  struct Upcoming {
    Uid uid{};
    Octets size;
  };
  /// The session's first message with this UID or a higher one: what a client that goes on in order asks for.
  using FromUid = std::function<std::optional<Upcoming>(Uid)>;

  ReadAhead(Messages& messages, FolderId folder);
  ~ReadAhead();
  ReadAhead(ReadAhead&&) noexcept;
  ReadAhead& operator=(ReadAhead&&) noexcept;

  /// The whole message, as Messages::fetch_octets gives it.
  Result<void> fetch(Uid uid, const FromUid& upcoming, const PieceSink& sink);
  /// Gives the memory back: the client does something else.
  void forget();

 private:
  struct Batch;
  std::unique_ptr<Batch> plan(Uid first, Octets most, const FromUid& upcoming) const;

  Messages* messages_;
  FolderId folder_;
  std::unique_ptr<Batch> now_;
  std::unique_ptr<Batch> next_;
  Uid expected_{};  ///< comes next if the client goes on in order
};

}  // namespace pennypost::store
