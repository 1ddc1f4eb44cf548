// Sends what the queue has for one destination: chooses servers, keeps the session, records every result before the
// next step (spec 60 sections 7 and 8).
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/delivery/pipeline.h"
#include "server/dns/resolver.h"
#include "server/net/tls.h"
#include "server/transport/destination.h"
#include "server/transport/report.h"
#include "server/transport/retry.h"
#include "server/transport/smtp_client.h"

namespace pennypost::transport {

/// Claimed messages that can share a connection; each carries the recipients of this destination alone.
struct Task {
  std::string destination;  ///< see destination_of
  std::vector<store::QueuedMessage> messages;
};

struct SenderOptions {
  std::uint16_t direct_port = 25;                                ///< of mail exchangers; another one is for tests
  std::function<bool(const Poco::Net::SocketAddress&)> is_ours;  ///< this server's own listeners, to see loops
  ClientTimes times;
  Seconds dns_wait{15};
  Seconds record_again{5};  ///< how long to wait when a result cannot be written
};

/// One object a process; `work` from any number of threads.
///
/// What it promises: a recipient is recorded as delivered only after the server's answer to the closing dot, in a
/// commit; a crash before that commit makes the message go again, never vanish. A failure and the report about it are
/// one commit.
class Sender {
 public:
  /// `tls` may be null: then nothing is encrypted.
  Sender(delivery::Pipeline& pipeline, dns::Resolver& resolver, std::shared_ptr<net::TlsClient> tls,
         SenderOptions options);

  /// Tries every message of the task once. Returns when all results are written, or the sender is stopping.
  void work(Task task, const SendRules& rules);

  /// Nothing new is begun from here on; what is not tried goes back to the queue.
  void begin_stop() { stopping_ = true; }
  /// Ends sessions whatever they are doing.
  void cut_off();
  void resume() { stopping_ = false; }

 private:
  /// A message's recipients that are still to be decided in this attempt.
  struct Attempt {
    store::QueuedMessage& message;
    std::vector<const store::QueuedRecipient*> pending;
    Timestamp started;
    std::shared_ptr<store::HistorySession> history;  ///< none while the historical log is off
  };
  struct Done {
    const store::QueuedRecipient* recipient;
    RecipientOutcome outcome;
    std::string server;
    bool server_reports = false;  ///< it took over the promise of a report (DSN)
  };
  class Session;

  void try_message(Attempt& attempt, Session& session, const SendRules& rules);
  void record(const store::QueuedMessage& message, const std::vector<Done>& done, Timestamp started,
              const SendRules& rules);
  void record_history(const Attempt& attempt, const std::vector<Done>& done);
  void release(const Attempt& attempt);
  void write(const store::QueuedMessage& message, std::string_view report,
             const std::vector<store::SendResult>& results);
  std::string original_of(const store::QueuedMessage& message, message::ReturnContent content);
  Transaction transaction_of(const store::QueuedMessage& message,
                             std::span<const store::QueuedRecipient* const> recipients);

  delivery::Pipeline& pipeline_;
  store::Store& store_;
  dns::Resolver& resolver_;
  const std::shared_ptr<net::TlsClient> tls_;
  const SenderOptions options_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::set<net::Connection*> open_;
};

}  // namespace pennypost::transport
