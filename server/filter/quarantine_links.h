// Links in reports that open one quarantined message without a login (spec 70 section 7.3).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "server/base/ids.h"
#include "server/base/units.h"

namespace pennypost::filter {

/// Makes and checks tokens: account and end of validity, with a keyed hash over these and the message. Whoever has the
/// token may look at this message and release or delete it, nothing else. Immutable; any thread.
class QuarantineLinks {
 public:
  /// `key` has 32 octets that nobody else knows (auth::SecretKey).
  explicit QuarantineLinks(std::string key) : key_{std::move(key)} {}

  /// Letters, digits, '-' and '_' (RFC 4648 section 5).
  std::string token(QuarantineId id, AccountId account, Timestamp expires) const;
  /// Whose message it is; none when the token was made for another message, changed, cut, or is over.
  std::optional<AccountId> check(QuarantineId id, std::string_view token, Timestamp now) const;
  /// `WEB/quarantine?id=ID&t=TOKEN`; `web` is the setting WebAddress or what stands for it.
  std::string url(std::string_view web, QuarantineId id, AccountId account, Timestamp expires) const;

 private:
  std::string key_;
};

}  // namespace pennypost::filter
