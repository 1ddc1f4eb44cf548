// One client from greeting to good-bye (RFC 3501 section 3).
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/auth/sasl.h"
#include "server/imap/command.h"
#include "server/imap/command_reader.h"
#include "server/imap/context.h"
#include "server/imap/selection.h"
#include "server/net/connection.h"

namespace pennypost::imap {

/// One thread. What commands may use of the session is public; `run` is the service's.
class Session {
 public:
  Session(net::Connection& connection, Context& context);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Greets, answers commands until the client leaves, is silent too long or the server stops.
  void run();

  // What there is.
  net::Connection& connection() { return connection_; }
  store::Store& store() { return context_.store; }
  Context& context() { return context_; }
  const SettingsSnapshot& settings() const { return *settings_; }

  // Who.
  bool is_authenticated() const { return identity_.has_value(); }
  AccountId account() const { return identity_->account; }
  const std::string& account_name() const { return identity_->name; }
  /// Takes the lock and a place among the account's sessions, then the state is authenticated. The reply of LOGIN and
  /// AUTHENTICATE.
  Reply admit(const auth::Identity& identity);
  /// The reply to a failed login; the last one that is allowed ends the session (spec 50 section 1.5).
  Reply refuse_login(const Error& error);
  auth::Client client() const;
  auth::SaslConditions sasl_conditions();
  /// Plain passwords may not be sent now (LOGINDISABLED).
  bool is_login_disabled();

  // What is selected.
  Selection* selection() { return selection_ ? &*selection_ : nullptr; }
  /// Only where the table says In::selected.
  Selection& selected() { return *selection_; }
  void select(Selection selection) { selection_ = std::move(selection); }
  void unselect() { selection_.reset(); }
  /// The folder of this name of the account. Error: not_found.
  Result<store::Folder> folder(std::string_view name) { return store().folders().find(account(), name); }

  /// Of the command under way.
  const std::string& tag() const { return tag_; }

  // Untagged lines.
  void write(std::string_view octets) { connection_.write(octets); }
  /// Brings the view up to date and tells the client what has changed. Errors: unavailable. A selected mailbox that was
  /// deleted ends in `* BYE` at the next command (RFC 2180 3.3).
  Result<void> tell_changes(store::Expunges expunges);
  /// FLAGS rows of these messages, with UID and MODSEQ where they belong.
  void tell_flags(std::span<const store::Msn> messages, bool with_uid);
  /// FLAGS and PERMANENTFLAGS when keywords have been added since they were told.
  void tell_keywords();
  std::string capability_words();

  // CONDSTORE (RFC 7162 3.1): once enabled, every FETCH with FLAGS has MODSEQ.
  bool has_condstore() const { return condstore_; }
  void enable_condstore() { condstore_ = true; }

  /// A line of the client in the middle of a command (AUTHENTICATE, IDLE), without its end. Ends the session on
  /// failure.
  Result<std::string> read_answer(Octets most);
  /// A literal that was spooled, to be kept beyond the command.
  delivery::Content take_content(const char* octets);
  Seconds idle_time() const;
  /// The reply when the connection ended in the middle of a command: nothing more is read.
  Reply ended(const Error& failure);
  bool is_mailbox_gone() const { return mailbox_gone_; }

 private:
  bool serve_one();
  Reply answer(const CommandRequest& request, const CommandEntry*& entry);
  void bye(std::string_view text);
  void good_bye_for(net::Ended ended);

  net::Connection& connection_;
  Context& context_;
  std::shared_ptr<const SettingsSnapshot> settings_;
  CommandReader reader_;
  std::optional<auth::Identity> identity_;
  SessionCounts::Place place_;
  store::MailboxLock lock_;
  std::optional<Selection> selection_;
  std::string tag_;
  int failed_logins_ = 0;
  int bad_commands_ = 0;
  bool condstore_ = false;
  bool mailbox_gone_ = false;
};

}  // namespace pennypost::imap
