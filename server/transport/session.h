// The session of one task: opens a connection when a message needs one, goes through the servers of the destination in
// their order, remembers which of them failed (spec 60 sections 7.1 and 7.2).
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "server/transport/destination.h"
#include "server/transport/sender.h"

namespace pennypost::transport {

/// One thread.
class Sender::Session {
 public:
  Session(Sender& sender, const SendRules& rules, Exchangers exchangers);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// A client ready for a transaction; null when no server is left: then `failure()` says why.
  SmtpClient* ready();
  /// Null or permanent only when every server refused for good, and never for a smart host: that mail waits.
  const SmtpReply& failure() const { return *failure_; }
  bool has_failed() const { return failure_.has_value(); }
  /// To be told after each transaction: whether it was decided. A session that broke before is replaced, by the same
  /// server when it has worked before, else by the next.
  void after(bool was_decided);
  const std::string& server() const { return server_; }

 private:
  bool open(const Exchanger& exchanger);
  std::optional<Problem> begin(const Exchanger& exchanger, TlsMode tls);
  void close();
  void note(const SmtpReply& reply, bool is_permanent);

  Sender& sender_;
  const SendRules& rules_;
  const Exchangers exchangers_;
  std::size_t next_ = 0;
  std::unique_ptr<SmtpClient> client_;
  std::string server_;
  bool has_worked_ = false;
  std::optional<SmtpReply> failure_;
  bool is_permanent_ = true;  ///< of all failures so far
};

}  // namespace pennypost::transport
