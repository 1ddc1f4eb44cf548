// Folders of deliveries (see the header).
#include "server/delivery/mailbox_folders.h"

namespace pennypost::delivery {

Result<FolderId> MailboxFolders::of(AccountId account, const std::string& name) {
  const bool is_inbox = name.empty();
  if (is_inbox) {
    const std::lock_guard lock{mutex_};
    if (const auto known = inboxes_.find(number(account)); known != inboxes_.end()) return known->second;
  }
  const auto wanted = is_inbox ? std::string{"INBOX"} : name;
  auto found = store_.folders().find(account, wanted);
  if (!found && found.error().kind == Kind::not_found) found = store_.folders().create(account, wanted);
  if (!found) return std::move(found).error();
  if (is_inbox) {
    const std::lock_guard lock{mutex_};
    inboxes_[number(account)] = found->id;
  }
  return found->id;
}

void MailboxFolders::forget() {
  const std::lock_guard lock{mutex_};
  inboxes_.clear();
}

}  // namespace pennypost::delivery
