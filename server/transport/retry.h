// When a recipient is tried again, warned about, given up (spec 60 section 7.6). Pure arithmetic.
#pragma once
#include <optional>

#include "server/base/settings.h"
#include "server/base/units.h"
#include "server/store/out_queue.h"

namespace pennypost::transport {

struct RetryRules {
  Seconds first{900};          ///< wait after the first failure; doubles
  Seconds longest{14'400};     ///< between two attempts
  Seconds warn_after{86'400};  ///< 0: never
  Seconds lifetime{259'200};
};
RetryRules retry_rules(const SettingsSnapshot& settings);

/// Whether a recipient that has just failed for the time being is given up: its message is too old, or an administrator
/// has said that this was the last try.
bool is_given_up(const RetryRules& rules, const store::QueuedMessage& message, const store::QueuedRecipient& recipient,
                 Timestamp now);
/// The next attempt after one more failure; never later than the end of the lifetime, so that the last attempt comes
/// just before giving up.
Timestamp next_try(const RetryRules& rules, const store::QueuedMessage& message,
                   const store::QueuedRecipient& recipient, Timestamp now);
/// Whether the sender is to be told now that the message is late: once, and only when he wants to know (RFC 3461 4.1).
bool is_warning_due(const RetryRules& rules, const store::QueuedMessage& message,
                    const store::QueuedRecipient& recipient, Timestamp now);

/// RFC 3461 section 4.1, of a stored NOTIFY; without any, failures and delays are reported.
bool wants(const store::QueuedRecipient& recipient, std::string_view event);

}  // namespace pennypost::transport
