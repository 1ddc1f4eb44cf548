// The numbers of the login guard as the administrator has set them (server/base/settings.h).
#include "server/auth/login_guard.h"

namespace pennypost::auth {

GuardRules guard_rules(const SettingsSnapshot& settings) {
  return {.lock_after = static_cast<int>(settings.get(kLockAfter)),
          .lock_for = settings.get(kLockFor),
          .block_after = static_cast<int>(settings.get(kBlockAfter)),
          .block_period = settings.get(kBlockPeriod),
          .block_for = settings.get(kBlockFor),
          .lock_web_on_loopback = settings.get(kLockWebOnLoopback)};
}

}  // namespace pennypost::auth
