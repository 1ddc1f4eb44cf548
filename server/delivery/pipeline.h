// The way of a message (DESIGN section 3): the one way into mailboxes and the out queue.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/base/smtp_text.h"
#include "server/delivery/content.h"
#include "server/delivery/envelope.h"
#include "server/delivery/mailbox_folders.h"
#include "server/delivery/router.h"
#include "server/delivery/stage.h"
#include "server/store/store.h"

namespace pennypost::delivery {

/// A message that somebody hands over.
struct Mail {
  Client client;
  Envelope envelope;
  Content content;
};

/// What became of it. The reply is positive only after the commit.
struct Outcome {
  SmtpReply reply;
  std::string trace_id;  ///< `pennypost trace` finds the message by it
  bool is_taken() const { return reply.is_positive(); }
};

/// What other folders bring (server/filter): stages, each list in its order, and addresses.
struct Judges {
  std::vector<std::unique_ptr<Stage>> content;      ///< what is in a message: between the limits and the header work
  std::vector<std::unique_ptr<Stage>> per_mailbox;  ///< when it is known whose mailboxes it goes to: after the routing
  Discards discards;                                ///< for the router; may be empty
};

/// A message that a client puts into a folder itself (IMAP APPEND, webmail's Sent and Drafts).
struct Append {
  FolderId folder{};
  store::Flags flags;
  store::Keywords keywords;
  Timestamp internal_date{};
  Content content;
};

/// Mail made here, with what is to stand in the same commit.
struct Generated {
  std::string return_path;
  std::vector<std::string> recipients;
  std::string_view octets;
  std::optional<AccountId> to_account = {};  ///< goes into this account's inbox, whatever the recipients mean
  std::span<const store::SendResult> results = {};
  std::optional<store::ReportedQuarantine> reported = {};
};

struct Run;

/// One object a process; every function from any thread. Nothing is kept in memory between messages but caches.
class Pipeline {
 public:
  /// `spool` is the folder for large messages on their way; it is made when missing.
  Pipeline(store::Store& store, std::string spool, Judges judges = {});
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Runs the stages, then commits mailbox copies, queue entries and trace in one transaction. Never throws but for
  /// want of memory; never answers positively before the commit. `host_name` is that of the receiving service.
  Outcome accept(Mail mail, const std::string& host_name);

  /// Mail made here: bounces, warnings, notices. An empty return path keeps it from ever being answered by another.
  /// `results` are written in the same commit (a bounce and the failure it reports). Recipients that are unknown here
  /// are dropped with a line in the trace, never bounced. Errors: those of the commit.
  Result<void> submit_generated(std::string_view return_path, std::span<const std::string> recipients,
                                std::string_view octets, std::span<const store::SendResult> results = {});

  /// The same, with more to say; the error of a commit that fails is that of the store (already_exists: `reported` is
  /// not true any more). When all recipients discard or are unknown, `reported` is not noted.
  Result<void> submit_generated(const Generated& mail);

  /// Puts messages into folders as they are, without stages, all or none (RFC 3501 6.3.11, RFC 3502). Errors: not_found
  /// (a folder that is gone), disk_full, unavailable.
  Result<std::vector<store::StoredEntry>> append(std::span<Append> messages);

  const Router& router() const { return router_; }
  store::Store& store() { return store_; }
  const std::string& spool() const { return spool_; }
  /// The names of the stages in their order, for the manual and the trace page.
  std::vector<std::string_view> stage_names() const;

 private:
  Outcome refuse(Run& run, const SmtpReply& reply);
  Outcome without_letters(Run& run);
  Outcome carry(Run& run);
  Outcome deliver(Run& run);
  Outcome commit(Run& run);

  store::Store& store_;
  const std::string spool_;
  Router router_;
  MailboxFolders folders_;
  const std::vector<std::unique_ptr<Stage>> stages_;
};

}  // namespace pennypost::delivery
