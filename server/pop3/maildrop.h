// A mailbox while a POP3 session has it: numbered once at login, unchanged by what arrives meanwhile (RFC 1939 section
// 3), locked against everybody else (spec 50 section 4.1).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "server/base/ids.h"
#include "server/base/result.h"
#include "server/base/units.h"
#include "server/store/mailbox_lock.h"
#include "server/store/read_ahead.h"

namespace pennypost::store {
class Store;
}

namespace pennypost::pop3 {

/// Message numbers run from 1. One thread.
class Maildrop {
 public:
  /// Locks the mailbox and numbers the messages of INBOX. Errors: `in_use`, `not_found`, `unavailable`.
  static Result<Maildrop> open(store::Store& store, AccountId account, Milliseconds wait);

  struct Message {
    Uid uid{};
    Octets size;
    std::string uidl;
    bool is_marked = false;  ///< by DELE
  };

  /// Those not marked.
  std::uint32_t count() const { return count_; }
  Octets size() const { return size_; }
  /// All with their marks, for LIST and UIDL.
  const std::vector<Message>& messages() const { return messages_; }
  /// Error: `not_found` for a number that is not there or marked.
  Result<const Message*> message(std::uint32_t number) const;
  /// The octets of a message, in pieces; none when it is gone. Read ahead for a client that takes one after the other.
  Result<void> read(const Message& message, const store::PieceSink& sink);
  /// Errors: `not_found`, `bad_input` (marked already).
  Result<void> mark(std::uint32_t number);
  void unmark_all();
  std::vector<Uid> marked() const;

  FolderId folder() const { return folder_; }
  AccountId account() const { return account_; }
  void unlock() { lock_.release(); }

 private:
  Maildrop(store::Messages& messages, AccountId account, FolderId folder)
      : account_{account}, folder_{folder}, ahead_{messages, folder} {}
  store::MailboxLock lock_;
  AccountId account_{};
  FolderId folder_{};
  store::ReadAhead ahead_;
  std::vector<Message> messages_;
  std::uint32_t count_ = 0;
  Octets size_;
};

}  // namespace pennypost::pop3
