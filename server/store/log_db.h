// The historical log: what reports over years are made of (spec 30 section 9, 60 section 17.3). Rows are written in the
// background; mail never waits for them and never fails because of them.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "server/base/limits.h"
#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::store {

class Database;

/// logdb.sessions.sesstype.
enum class SessionType : char {
  client_relay = 'C',
  client_lan = 'F',
  server_internal = 'L',
  client_direct = 'M',
  pop3_server = 'O',
  pop3_client = 'P',
  server_incoming = 'S',
};

/// logdb.recipients.rcpttype.
enum class RecipientType : char { lan = 'F', unknown = 'I', normal = 'N', remote = 'R', sent = 'S' };

/// A session that messages belong to while it lasts; what it was comes with its end. Shared by whoever records for it.
class HistorySession {
 public:
  HistorySession() = default;
  HistorySession(const HistorySession&) = delete;

 private:
  friend class LogDb;
  std::int64_t sessid_ = 0;  // given by the writer when it writes the first row; its thread alone looks at it
};

struct SessionRecord {
  std::shared_ptr<HistorySession> session;  ///< none: nothing was recorded for it before
  Timestamp began{};
  Seconds duration{};
  SessionType type = SessionType::server_incoming;
  std::string error;
  std::string name;
};

struct MessageRecord {
  struct Recipient {
    std::string address;
    RecipientType type = RecipientType::normal;
    std::string result;
  };
  struct Rule {
    std::string name, pattern, match;
    double score = 0;  ///< after the weight
  };
  struct Attachment {
    std::string name, type;
    Octets size;
  };

  std::shared_ptr<HistorySession> session;  ///< none: sessid 0
  std::string subject, from, auth_sender;
  Octets size;
  Timestamp at{};
  bool spam = false;
  std::string triggered_rule;
  std::string error;
  std::chrono::microseconds time{};  ///< that it took to process
  std::string trace_id;
  std::vector<Recipient> recipients;
  std::vector<Rule> rules;              ///< kHistoryRows at most are kept
  std::vector<Attachment> attachments;  ///< the same
};

/// A message as it stands in the tables.
struct LoggedMessage {
  std::int64_t id = 0;
  std::int64_t session_id = 0;
  std::string session_type, session_name;  ///< empty while the session has not ended
  double seconds = 0;
  MessageRecord message;
};

/// Which messages; what is left empty does not count.
struct HistoryQuery {
  std::optional<Timestamp> from, to;  ///< from <= datetime < to
  std::string sender, recipient;      ///< a part of the address, in any case
  std::optional<bool> spam;
  int most = 100;  ///< the newest
};

struct LogDbOptions {
  Milliseconds gather{1'000};  ///< how long the first record of a batch waits for others
  Seconds again{5};            ///< how long to wait when the database is away
  Octets waiting = kHistoryWaiting.most;
};

/// One object a store; every function from any thread.
class LogDb {
 public:
  explicit LogDb(Database& database, LogDbOptions options = {});
  ~LogDb();
  LogDb(const LogDb&) = delete;
  LogDb& operator=(const LogDb&) = delete;

  /// Takes a record over; never waits for the database. What has no room is counted and left out, with a line in the
  /// log once a minute at most. The caller asks the setting (HistoricalLogging); the first record starts the writer.
  void record(MessageRecord message);
  void record(SessionRecord session);

  /// Waits until all that was recorded before has been written or given up; false when that took longer than `most`.
  bool settle(Milliseconds most);
  /// Records left out so far, for want of room or because the database refused them.
  std::uint64_t left_out() const;
  /// Writes what is waiting, once, and ends the writer; what comes later is left out.
  void stop();

  /// The messages asked for with all that belongs to them, the newest first.
  Result<std::vector<LoggedMessage>> find(const HistoryQuery& query);
  /// Deletes up to `most` messages (with what belongs to them) and as many sessions older than `days`; gives how many
  /// rows of both. 0 days deletes nothing.
  Result<std::int64_t> prune(std::int64_t days, int most);

 private:
  using Record = std::variant<MessageRecord, SessionRecord>;
  struct Waiting {
    Record record;
    std::int64_t octets;
  };
  void put(Record record, std::int64_t octets);
  void run();
  Result<void> write(std::vector<Waiting>& batch);
  void leave_out(std::size_t records, std::string_view why);

  Database& database_;
  const LogDbOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // more to write, or stopping
  std::condition_variable settled_;
  std::deque<Waiting> waiting_;
  std::int64_t octets_ = 0;  // of waiting_ and of the batch that is being written
  bool writing_ = false;
  bool stopping_ = false;
  std::uint64_t left_out_ = 0;
  std::uint64_t told_ = 0;  // of left_out_, by the last line in the log
  std::chrono::steady_clock::time_point told_at_;
  std::thread writer_;
};

}  // namespace pennypost::store
