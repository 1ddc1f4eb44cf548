// The names that LIST and LSUB choose from: folders, the levels above them that are no folders, subscriptions.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/store/folders.h"

namespace pennypost::imap {

struct ListedName {
  const store::Folder* folder = nullptr;  ///< null: no folder of this name
  bool is_subscribed = false;
  bool has_children = false;             ///< folders below it
  bool has_subscribed_children = false;  ///< subscribed names below it
};

/// All names of an account at one moment, sorted by name.
class ListNames {
 public:
  /// `subscriptions`: subscribed names are wanted too, those without folder included.
  static Result<ListNames> read(store::Folders& folders, AccountId account, bool subscriptions);

  const std::map<std::string, ListedName, std::less<>>& names() const { return names_; }

 private:
  std::vector<store::Folder> folders_;
  std::map<std::string, ListedName, std::less<>> names_;
};

/// "\Sent" and so on; empty for none.
std::string_view special_use_word(store::SpecialUse use);
/// The opposite, any case; none for an unknown word.
store::SpecialUse special_use(std::string_view word);

/// "\"name\"" with quotes and backslashes escaped.
std::string quote_name(std::string_view name);

}  // namespace pennypost::imap
