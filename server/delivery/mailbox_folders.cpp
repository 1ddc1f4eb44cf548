// Folders of deliveries (see the header).
#include "server/delivery/mailbox_folders.h"

#include "server/base/log.h"
#include "server/base/text.h"

namespace pennypost::delivery {
namespace {

constexpr LogEvent kNoSuchFolder{"delivery.no_folder", Level::warning,
                                 "mail for folder {folder} of account {account} goes to the inbox: {reason}"};

}  // namespace

Result<FolderId> MailboxFolders::of(AccountId account, const std::string& name) {
  const bool is_inbox = name.empty();
  if (is_inbox) {
    const std::lock_guard lock{mutex_};
    if (const auto known = inboxes_.find(number(account)); known != inboxes_.end()) return known->second;
  }
  const auto wanted = is_inbox ? std::string{"INBOX"} : name;
  auto found = store_.folders().find(account, wanted);
  if (!found && found.error().kind == Kind::not_found) found = store_.folders().create(account, wanted);
  if (!found && !is_inbox && (found.error().kind == Kind::bad_input || found.error().kind == Kind::too_large)) {
    log(kNoSuchFolder, found.error(), {{"account", account}, {"folder", printable(name)}});
    return of(account, {});
  }
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
