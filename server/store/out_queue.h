// The out queue (schema outqueue, spec 30 section 7, spec 60 sections 7.6 and 8). Entries come in with a delivery
// (delivery_writer.h). Due rows are chosen by SQL each time, so what an administrator changes with psql takes effect; a
// row that is gone when a result comes is no error. Several processes may send: a claim ends with its process.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::store {

class Database;
class News;

enum class HoldState : std::int16_t { none = 0, held = 1, timed = 2 };
enum class ReturnOption : std::int16_t { unset = 0, full = 1, headers = 2 };

/// What became of one recipient in one attempt. `released`: not tried after all, `next_try` counts, `numsends` does
/// not.
enum class Sent : std::int16_t { delivered = 1, deferred = 2, failed = 3, released = 4, relayed = 5, expanded = 6 };

struct SendResult {
  OutRecipientId recipient{};
  Sent sent = Sent::deferred;
  std::string server;                 ///< name or address that answered, or was tried
  std::string error;                  ///< its answer or our words; empty when delivered
  std::string status;                 ///< enhanced code "5.1.1", or empty
  Timestamp started{};                ///< of the attempt
  std::optional<Timestamp> next_try;  ///< for deferred and released
  bool warning_sent = false;          ///< the delay warning goes out in this commit
};

struct QueuedRecipient {
  OutRecipientId id{};
  std::string address;
  std::string notify;              ///< DSN NOTIFY, or empty
  std::string original_recipient;  ///< DSN ORCPT, or empty
  int attempts = 0;
  bool is_last_try = false;  ///< forcelasttry: what fails now fails for good
  bool is_warned = false;
  bool is_busy = false;
  std::string latest_error;
  std::string latest_server;
  std::string status;  ///< enhanced code of the latest answer
  std::optional<Timestamp> latest_try;
  std::optional<Timestamp> next_try;
  std::optional<Timestamp> failed;
  std::optional<Timestamp> succeeded;
};

struct QueuedMessage {
  QueueId id{};
  BodyId body{};
  Octets size;         ///< prefix and body
  std::string prefix;  ///< header lines that stand before the body
  std::string return_path;
  std::string auth_sender;
  std::string sender_ip;
  std::string subject;
  std::string envelope_id;
  std::string trace_id;
  ReturnOption returned = ReturnOption::unset;
  bool is_8bit = false;
  bool is_utf8 = false;
  int priority = 100;
  HoldState hold = HoldState::none;
  std::optional<Timestamp> held_until;
  Timestamp created{};
  std::optional<Timestamp> finished;
  std::vector<QueuedRecipient> recipients;  ///< of a claim: the claimed ones only
};

/// Which entries; an empty filter means every unfinished one.
struct QueueFilter {
  std::optional<QueueId> id;
  std::string sender;     ///< return path or submitting account, `*` and `?` are wildcards
  std::string recipient;  ///< `*` and `?` are wildcards
  std::string sender_ip;
  bool with_finished = false;
};

class OutQueue {
 public:
  OutQueue(Database& database, News& news) : database_{database}, news_{news} {}

  /// Claims up to `most` due recipients, oldest and highest priority first, gathered by message; nobody else gets them
  /// until a result is recorded or this process dies. Due: unfinished, not held, next try reached or retry forced.
  Result<std::vector<QueuedMessage>> claim(std::size_t most);
  /// When the next unclaimed recipient comes due; none: the queue has nothing waiting.
  Result<std::optional<Timestamp>> next_due();
  /// Records results, attempts (outqueue.sendattempts) and, when all recipients of a message are finished, its
  /// finishedtime, in one commit. For results that cause a bounce or warning use Delivery::send_results instead.
  Result<void> record(std::span<const SendResult> results);

  /// Oldest first, with all recipients.
  Result<std::vector<QueuedMessage>> list(const QueueFilter& filter, std::size_t most = 10'000);
  Result<std::int64_t> waiting();  ///< number of unfinished messages
  /// Retries now what waits. Gives the number of recipients.
  Result<std::int64_t> flush(const QueueFilter& filter);
  /// The next attempt is the last one.
  Result<std::int64_t> last_try(const QueueFilter& filter);
  Result<std::int64_t> hold(const QueueFilter& filter);
  Result<std::int64_t> release(const QueueFilter& filter);
  /// Gives the number of messages.
  Result<std::int64_t> remove(const QueueFilter& filter);
  /// Deletes finished rows older than `age`.
  Result<std::int64_t> prune(Seconds age);

 private:
  Database& database_;
  News& news_;
};

}  // namespace pennypost::store
