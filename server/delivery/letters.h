// What a message leaves behind when all stages have passed: copies in mailboxes and quarantines, entries of the out
// queue, and the report of success that its sender asked for.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/delivery/mailbox_folders.h"
#include "server/delivery/own_copy.h"
#include "server/delivery/router.h"
#include "server/delivery/run.h"
#include "server/store/delivery_writer.h"

namespace pennypost::delivery {

/// Of one message, one thread. The run, its edits applied, has to outlive it.
class Letters {
 public:
  explicit Letters(const Run& run);
  ~Letters();
  Letters(const Letters&) = delete;
  Letters& operator=(const Letters&) = delete;

  /// All recipients discard their mail.
  bool empty() const { return copies_.empty() && outside() == 0; }
  std::size_t mailboxes() const { return copies_.size(); }
  std::size_t outside() const { return out_.size() + copied_out_.size(); }

  /// Computes what is stored besides the octets; large copies with a header of their own go through the folder `spool`.
  /// Errors: disk_full, unavailable.
  Result<void> describe(const Router& router, const std::string& spool);
  /// After `describe`: everything for one commit, the trace with its last line too. It borrows from this object and the
  /// run. Errors: those of MailboxFolders.
  Result<store::Delivery> delivery(MailboxFolders& folders) const;
  const store::NewBody& body() const { return body_; }

 private:
  /// All the ways that lead to one mailbox: one copy (spec 60 section 20).
  struct Copy {
    AccountId account{};
    std::string types;
    std::vector<std::string> originals;
  };
  struct Report;
  Result<void> own_copies(const std::string& spool);
  std::unique_ptr<Report> success_report_of(const Router& router) const;
  Result<void> put_copy(const Copy& copy, const std::string& own, MailboxFolders& folders, store::Letter& letter) const;
  store::QuarantineEntry quarantined(const store::NewBody& body, const Copy& copy, std::string prefix) const;
  store::QueueEntry queue_entry() const;
  store::QueueEntry queue_entry_of(const ExtraCopy& extra) const;
  Result<store::Letter> report_letter(MailboxFolders& folders) const;

  const Run& run_;
  std::vector<Copy> copies_;
  std::vector<store::QueueEntry::Recipient> out_;
  std::vector<const ExtraCopy*> copied_out_;  // of Copy and Redirect: each an entry of its own in the queue
  store::NewBody body_;
  std::map<AccountId, OwnCopy> own_;
  std::unique_ptr<Report> report_;
};

}  // namespace pennypost::delivery
