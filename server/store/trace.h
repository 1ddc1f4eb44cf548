// The trace of a message: one line a stage (DESIGN section 3), found again by Message-ID or trace id.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::store {

class Database;

struct TraceLine {
  Timestamp at{};
  std::string stage;    ///< "limits", "routing", "smtp out"...
  std::string verdict;  ///< "pass", "refuse", "delivered"...
  std::string reason;
};

/// Lines that belong to one message on its way through this server.
struct TraceRecord {
  std::string trace_id;    ///< ours, stands in log lines and replies
  std::string message_id;  ///< the Message-ID field without angle brackets; may be empty
  std::vector<TraceLine> lines;
};

class Trace {
 public:
  explicit Trace(Database& database) : database_{database} {}

  /// For what is not delivered (a refusal, an attempt to send); a delivery carries its lines with it. Not synchronous.
  Result<void> write(const TraceRecord& record);
  /// All lines of the message, oldest first; `id` is a Message-ID (with or without angle brackets) or a trace id.
  Result<std::vector<TraceRecord>> find(std::string_view id);
  /// Deletes lines older than `age`; gives how many.
  Result<std::int64_t> prune(Seconds age);

 private:
  Database& database_;
};

}  // namespace pennypost::store
