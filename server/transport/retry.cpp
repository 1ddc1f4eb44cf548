// Retry schedule (spec 60 sections 7.2 and 7.6; RFC 5321 4.5.4.1). Pure.
#include "server/transport/retry.h"

#include <algorithm>

#include "server/base/text.h"

namespace pennypost::transport {

RetryRules retry_rules(const SettingsSnapshot& settings) {
  return {settings.get(kQueueRetry), settings.get(kQueueRetryMost), settings.get(kQueueWarning),
          settings.get(kQueueLifetime)};
}

bool is_given_up(const RetryRules& rules, const store::QueuedMessage& message, const store::QueuedRecipient& recipient,
                 Timestamp now) {
  return recipient.is_last_try || now >= message.created + rules.lifetime;
}

Timestamp next_try(const RetryRules& rules, const store::QueuedMessage& message,
                   const store::QueuedRecipient& recipient, Timestamp now) {
  Seconds wait = rules.first;
  for (int i = 0; i < recipient.attempts && wait < rules.longest; ++i) wait *= 2;
  wait = std::min(wait, std::max(rules.longest, rules.first));
  return std::max(std::min(now + wait, message.created + rules.lifetime), now + Seconds{1});
}

bool wants(const store::QueuedRecipient& recipient, std::string_view event) {
  if (recipient.notify.empty()) return !same_word(event, "SUCCESS");
  return std::ranges::any_of(split(recipient.notify, ','),
                             [&](std::string_view word) { return same_word(trim(word), event); });
}

bool is_warning_due(const RetryRules& rules, const store::QueuedMessage& message,
                    const store::QueuedRecipient& recipient, Timestamp now) {
  return rules.warn_after.count() > 0 && !recipient.is_warned && !message.return_path.empty() &&
         now >= message.created + rules.warn_after && wants(recipient, "DELAY");
}

}  // namespace pennypost::transport
