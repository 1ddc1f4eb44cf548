// One SMTP client from greeting to QUIT: the state, the reading of commands, the counting of errors (RFC 5321).
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "server/auth/authenticator.h"
#include "server/delivery/pipeline.h"
#include "server/net/connection.h"
#include "server/smtp/options.h"
#include "server/smtp/relay.h"
#include "server/smtp/reply.h"
#include "server/smtp/service.h"

namespace pennypost::smtp {

class Intake;

/// A mail transaction (RFC 5321 3.3): begun by MAIL, ended by the reply to the message, RSET, EHLO or STARTTLS.
struct Transaction {
  delivery::Envelope envelope;
  Octets declared;                        ///< SIZE of MAIL, 0 when not given
  std::unordered_set<std::string> known;  ///< addresses of the envelope, so that one given twice is there once
  std::unique_ptr<Intake> chunks;         ///< what BDAT has brought so far
  bool chunk_failed = false;              ///< a chunk was refused: all others are until RSET (RFC 3030 section 2)
};

/// One connection, one thread. Commands work on its public functions.
class Session {
 public:
  Session(net::Connection& connection, const Context& context);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Greets, then answers commands until the client or the server ends it. An exception of a library ends the session
  /// with 421 and a line in the log.
  void run();

  net::Connection& connection() { return connection_; }
  const Context& context() const { return context_; }
  const Options& options() const { return options_; }

  // Who the client is.
  void greet(std::string name, bool extended);
  const std::string& hello() const { return hello_; }
  bool has_hello() const { return has_hello_; }
  bool is_extended() const { return extended_; }
  void log_in(auth::Identity identity) { identity_ = std::move(identity); }
  const std::optional<auth::Identity>& identity() const { return identity_; }
  bool is_tls() const { return connection_.is_tls(); }
  /// An Allow line of the access restrictions means this client.
  bool is_listed() const { return line_ != nullptr && line_->act == AccessLine::Act::allow; }
  /// The relay decision for a recipient (spec 40 section 7).
  RelayAnswer may_send_to(bool recipient_is_local) const;
  auth::Client auth_client() const;
  delivery::Client delivery_client() const;

  // The mail transaction; null when there is none.
  Transaction* transaction() { return transaction_.get(); }
  Transaction& begin_transaction();
  void end_transaction();

  /// A recipient that was refused: the filter and the historical log want to know.
  void note_refused(const std::string& address, const SmtpReply& reply);

  /// What the client gets when a read has failed: 421 when it can still read, silence when it is gone.
  Reply ended() const;

 private:
  void serve();
  void record_end();
  Reply answer(std::string_view line);
  bool send(const Reply& reply);  ///< false: the session is over

  net::Connection& connection_;
  const Context& context_;
  const Options options_;
  const AccessLine* line_;
  std::string hello_;
  bool has_hello_ = false;
  bool extended_ = false;
  std::optional<auth::Identity> identity_;
  std::unique_ptr<Transaction> transaction_;
  int errors_in_a_row_ = 0;
  const Timestamp began_;
  const std::shared_ptr<store::HistorySession> history_;  ///< none while the historical log is off
  std::string_view why_ended_;                            ///< for it; empty after QUIT
};

}  // namespace pennypost::smtp
