// Names for LIST and LSUB (RFC 3501 6.3.8, 6.3.9; spec 50 section 3.2: ghost folders, order of the lines).
#include "server/imap/list_names.h"

#include <array>

#include "server/base/text.h"
#include "server/imap/mailbox_name.h"

namespace pennypost::imap {

namespace {
struct Use {
  store::SpecialUse use;
  std::string_view word;
};
constexpr std::array kUses = {
    Use{store::SpecialUse::drafts, "\\Drafts"},   Use{store::SpecialUse::sent, "\\Sent"},
    Use{store::SpecialUse::trash, "\\Trash"},     Use{store::SpecialUse::junk, "\\Junk"},
    Use{store::SpecialUse::archive, "\\Archive"}, Use{store::SpecialUse::all, "\\All"},
    Use{store::SpecialUse::flagged, "\\Flagged"},
};
}  // namespace

Result<ListNames> ListNames::read(store::Folders& folders, AccountId account, bool subscriptions) {
  auto all = folders.list(account);
  if (!all) return all.error();
  ListNames out;
  out.folders_ = *std::move(all);
  for (const store::Folder& folder : out.folders_) {
    ListedName& entry = out.names_[folder.name];
    entry.folder = &folder;
    entry.is_subscribed |= folder.is_subscribed;
    for (const std::string_view parent : parents_of(folder.name)) {
      ListedName& above = out.names_[std::string{parent}];
      above.has_children = true;
      above.has_subscribed_children |= folder.is_subscribed;
    }
  }
  if (!subscriptions) return out;
  const auto subscribed = folders.subscribed(account);
  if (!subscribed) return subscribed.error();
  for (const std::string& name : *subscribed) {
    out.names_[name].is_subscribed = true;
    for (const std::string_view parent : parents_of(name))
      out.names_[std::string{parent}].has_subscribed_children = true;
  }
  return out;
}

std::string_view special_use_word(store::SpecialUse use) {
  for (const Use& row : kUses)
    if (row.use == use) return row.word;
  return {};
}

store::SpecialUse special_use(std::string_view word) {
  for (const Use& row : kUses)
    if (same_word(row.word, word)) return row.use;
  return store::SpecialUse::none;
}

std::string quote_name(std::string_view name) {
  std::string out{'"'};
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace pennypost::imap
