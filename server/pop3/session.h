// One POP3 client (RFC 1939, spec 50 section 2): reads commands, dispatches them by the table, sends the replies.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/auth/authenticator.h"
#include "server/auth/digests.h"
#include "server/auth/sasl.h"
#include "server/base/clock.h"
#include "server/base/settings.h"
#include "server/net/connection.h"
#include "server/pop3/command.h"
#include "server/pop3/maildrop.h"

namespace pennypost::store {
class Store;
}

namespace pennypost::pop3 {

/// What all sessions work with; lives longer than any of them.
struct Context {
  store::Store& store;
  auth::Authenticator& authenticator;
};

/// Lives on the stack of its thread. A connection that breaks ends the session without deleting anything, and the lock
/// of the mailbox with it.
class Session {
 public:
  Session(net::Connection& connection, const Context& context);
  /// Returns when the session is over; the connection is then closed by its service.
  void run();

  // ---- for the commands
  net::Connection& connection() { return connection_; }
  store::Store& store() { return context_.store; }
  auth::Authenticator& authenticator() { return context_.authenticator; }
  const SettingsSnapshot& settings() const { return *settings_; }
  auth::Client client() const;
  /// The challenge of the greeting.
  const std::string& challenge() const { return challenge_; }
  /// Whether any account can use it: its password is kept in recoverable form.
  bool has_recoverable() const { return has_recoverable_; }
  auth::SaslConditions sasl_conditions() const;
  bool may_send_password() const;  ///< in clear, or because TLS is on
  bool is_open() const { return maildrop_.has_value(); }
  Maildrop& maildrop() { return *maildrop_; }

  const std::string& user() const { return user_; }
  void set_user(std::string user) { user_ = std::move(user); }

  /// The end of every login: opens the mailbox, or counts the failure and ends the session at the third.
  Reply logged_in(const Result<auth::Identity>& who);
  /// A line of the client while a command asks for more (AUTH).
  Result<std::string_view> read_line();

 private:
  enum class Next { go_on, over };
  Next serve();
  Reply complaint(Reply reply);
  Reply answer(std::string_view line);
  Next send(const Reply& reply);
  bool is_turned_away();
  void record_end();

  net::Connection& connection_;
  const Context& context_;
  std::shared_ptr<const SettingsSnapshot> settings_;
  const std::string challenge_ = auth::session_challenge();
  std::string user_;
  std::string account_;  ///< name, once logged in
  std::optional<Maildrop> maildrop_;
  bool has_recoverable_ = false;
  int failed_logins_ = 0;
  int errors_ = 0;
  const Timestamp began_ = now();
  std::string_view why_ended_;  ///< for the historical log; empty after QUIT
};

}  // namespace pennypost::pop3
