// The one way into mailboxes and queue: a delivery is new bodies, their entries in folders, in the quarantine and in
// the out queue, the trace and the results of earlier sending, all in ONE commit (DESIGN sections 3 and 4). Waiting
// deliveries of many threads are written together and share a commit; one that fails is reported alone.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/base/units.h"
#include "server/store/flags.h"
#include "server/store/out_queue.h"
#include "server/store/trace.h"

namespace pennypost::store {

class Database;
class FolderStates;
class News;

/// A message's octets and what was computed from them once (server/message). Views must live until `deliver` returns.
struct NewBody {
  std::string_view octets;    ///< the message as it came, without lines that belong to one copy; may be a mapped file
  Octets header_size;         ///< up to and with the empty line
  std::string envelope;       ///< message::envelope
  std::string bodystructure;  ///< message::bodystructure
  std::string parts;          ///< message::encode_parts
  std::string subject;        ///< decoded, UTF-8, as all of the following
  std::string base_subject;   ///< RFC 5256 2.1
  std::string from_name;
  std::string from_addr;
  std::string to_list;  ///< To and Cc together
  std::string reply_to;
  std::string message_id;  ///< as in the field, with angle brackets
  std::string in_reply_to;
  std::string references;         ///< message ids separated by spaces
  std::optional<Timestamp> date;  ///< the Date field
  bool has_attachments = false;
  std::string search_text;  ///< optional: decoded, case-folded text for SEARCH BODY; empty: not stored
};

/// A score as the database holds it: rules may compute any number, the column `spam` of messages takes those of float4.
/// What lies outside becomes the largest or smallest of these, what is too near to zero 0, what is no number 0.
double stored_score(double score);

/// One copy of the body in a folder.
struct MailboxEntry {
  FolderId folder{};
  Flags flags;
  Keywords keywords;
  std::string prefix;  ///< header lines (with CR LF) of this copy only: Return-Path, X-VPOP3-RCPTTYPE... May be empty
  Timestamp internal_date{};
  bool is_held = false;
  double spam_score = 0;
  std::string uidl;  ///< POP3's string; empty: made from UIDVALIDITY and UID when asked for
};

/// One copy of the body in the quarantine of an account (quarantine.h).
struct QuarantineEntry {
  AccountId account{};
  std::string prefix;  ///< header lines of this copy only, as in MailboxEntry
  Timestamp at{};
  double spam_score = 0;
  std::string rules;  ///< names of the rules that matched, blanks between them
  std::string return_path;
  std::string folded_from;              ///< name and address of From, case-folded, for searching
  std::string folded_subject;           ///< likewise
  std::vector<std::string> recipients;  ///< whom it was sent to
};

/// What a report on the quarantine names: all messages of the account up to `upto` that no report has named yet.
struct ReportedQuarantine {
  AccountId account{};
  QuarantineId upto{};
  std::int64_t count = 0;  ///< how many; when that has changed, the delivery fails with already_exists
};

/// One entry of the out queue: one body, one return path, its recipients.
struct QueueEntry {
  std::string return_path;  ///< without angle brackets; empty: null sender
  std::string auth_sender;  ///< the account that submitted it, or empty
  std::string sender_ip;    ///< text; "unknown" for our own messages
  std::string subject;
  std::string prefix;                           ///< header lines of this copy only
  std::string envelope_id;                      ///< DSN ENVID (RFC 3461 4.4), xtext decoded
  ReturnOption returned = ReturnOption::unset;  ///< DSN RET
  bool is_8bit = false;                         ///< BODY=8BITMIME
  bool is_utf8 = false;                         ///< SMTPUTF8
  int priority = 100;                           ///< smaller goes first
  HoldState hold = HoldState::none;
  std::optional<Timestamp> held_until;
  std::string trace_id;
  struct Recipient {
    std::string address;
    std::string notify;              ///< DSN NOTIFY as given ("SUCCESS,FAILURE", "NEVER"), or empty
    std::string original_recipient;  ///< DSN ORCPT as given ("rfc822;ann@example.com"), or empty
  };
  std::vector<Recipient> recipients;
};

/// A body and everything that refers to it. Exactly one of `body` and `existing` is set.
struct Letter {
  const NewBody* body = nullptr;
  std::optional<BodyId> existing;  ///< another copy of a stored body
  std::vector<MailboxEntry> mailboxes;
  std::vector<QueueEntry> queue;
  std::vector<QuarantineEntry> quarantine;
};

struct Delivery {
  std::vector<Letter> letters;
  TraceRecord trace;                           ///< may be without lines
  std::vector<SendResult> send_results;        ///< what a bounce answers: written in the same commit
  std::optional<ReportedQuarantine> reported;  ///< what a report tells: noted in the same commit
};

struct StoredEntry {
  FolderId folder{};
  Uid uid{};
  UidValidity uid_validity{};
  ModSeq mod_seq{};
};

struct Delivered {
  struct Letter {
    BodyId body{};
    std::vector<StoredEntry> mailboxes;  ///< in the order of Letter::mailboxes
    std::vector<QueueId> queue;          ///< in the order of Letter::queue
  };
  std::vector<Letter> letters;
};

/// One object a process; `deliver` from any thread.
class DeliveryWriter {
 public:
  DeliveryWriter(Database& database, FolderStates& states, News& news);
  ~DeliveryWriter();
  DeliveryWriter(const DeliveryWriter&) = delete;

  /// Returns when the commit is on disk. All or nothing. Memory: the octets are not copied whole, a chunk at a time.
  /// Open sessions of this process see the new messages from here on, those of other processes by NOTIFY.
  /// Errors: not_found (a folder or account that is gone), already_exists (`reported` is no longer true), over_quota
  /// never (spec 50 12.9), disk_full, unavailable (database away or connection lost: nothing was stored, or it is not
  /// known; the client tries again), cancelled, too_large (a folder at its last UID), internal.
  Result<Delivered> deliver(const Delivery& delivery);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pennypost::store
