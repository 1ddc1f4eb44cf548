// Counters of failed logins (spec 50 section 1.5, spec 40 sections 10.1 and 10.2). Needs no storage. When strangers
// make more entries than the limit allows, the ones that say least are dropped: first what has run out, then anything,
// so memory is bounded and a flood of made-up names can at worst lift locks early.
#include "server/auth/login_guard.h"

#include <algorithm>

#include "server/base/text.h"

namespace pennypost::auth {
namespace {

bool is_loopback(std::string_view address) { return address == "::1" || address.starts_with("127."); }

std::string key_of(const Client& client, std::string_view account) { return to_lower(account) + ' ' + client.address; }

}  // namespace

LoginCounters::LoginCounters(Rules rules, std::function<bool(std::string_view)> never_block,
                             std::function<Clock::time_point()> now)
    : rules_{std::move(rules)}, never_block_{std::move(never_block)}, now_{std::move(now)} {}

bool LoginCounters::is_exempt(const Client& client, const GuardRules& rules) const {
  return client.service == "http" && is_loopback(client.address) && !rules.lock_web_on_loopback;
}

bool LoginCounters::is_locked(const Client& client, std::string_view account) {
  if (is_exempt(client, rules_())) return false;
  const std::lock_guard lock{mutex_};
  const auto found = accounts_.find(key_of(client, account));
  return found != accounts_.end() && now_() < found->second.locked_until;
}

void LoginCounters::succeeded(const Client& client, std::string_view account) {
  const std::lock_guard lock{mutex_};
  accounts_.erase(key_of(client, account));
}

void LoginCounters::failed(const Client& client, std::string_view account) {
  const GuardRules rules = rules_();
  const auto now = now_();
  const bool may_block = !is_loopback(client.address) && !(never_block_ && never_block_(client.address));
  const std::lock_guard lock{mutex_};
  make_room(now, rules);
  if (!is_exempt(client, rules)) {
    Failures& here = accounts_[key_of(client, account)];
    if (here.consecutive >= rules.lock_after && now >= here.locked_until) here = {};  // an old lock has run out
    here.latest = now;
    if (++here.consecutive >= rules.lock_after) here.locked_until = now + rules.lock_for;
  }
  Source& source = sources_[client.address];
  source.failures.push_back(now);
  while (!source.failures.empty() && now - source.failures.front() > rules.block_period) source.failures.pop_front();
  while (static_cast<int>(source.failures.size()) > rules.block_after) source.failures.pop_front();
  if (may_block && static_cast<int>(source.failures.size()) >= rules.block_after) {
    source.blocked_until = now + rules.block_for;
  }
}

bool LoginCounters::is_blocked(std::string_view address) {
  const std::lock_guard lock{mutex_};
  const auto found = sources_.find(std::string{address});
  return found != sources_.end() && now_() < found->second.blocked_until;
}

std::vector<std::string> LoginCounters::locked_addresses(std::string_view account) {
  const std::string prefix = to_lower(account) + ' ';
  const auto now = now_();
  std::vector<std::string> out;
  const std::lock_guard lock{mutex_};
  for (const auto& [key, failures] : accounts_) {
    if (key.starts_with(prefix) && now < failures.locked_until) out.push_back(key.substr(prefix.size()));
  }
  std::ranges::sort(out);
  return out;
}

int LoginCounters::unlock(std::string_view account) {
  const std::string prefix = to_lower(account) + ' ';
  const std::lock_guard lock{mutex_};
  return static_cast<int>(std::erase_if(accounts_, [&](const auto& entry) { return entry.first.starts_with(prefix); }));
}

void LoginCounters::unblock(std::string_view address) {
  const std::lock_guard lock{mutex_};
  sources_.erase(std::string{address});
}

void LoginCounters::make_room(Clock::time_point now, const GuardRules& rules) {
  const std::size_t most = static_cast<std::size_t>(kGuardEntries.most);
  if (accounts_.size() >= most) {
    std::erase_if(accounts_, [&](const auto& entry) {
      return now >= entry.second.locked_until && now - entry.second.latest > rules.lock_for;
    });
    if (accounts_.size() >= most) {
      std::erase_if(accounts_, [&](const auto& entry) { return now >= entry.second.locked_until; });
    }
    if (accounts_.size() >= most) accounts_.clear();
  }
  if (sources_.size() >= most) {
    std::erase_if(sources_, [&](const auto& entry) {
      return now >= entry.second.blocked_until &&
             (entry.second.failures.empty() || now - entry.second.failures.back() > rules.block_period);
    });
    if (sources_.size() >= most) {
      std::erase_if(sources_, [&](const auto& entry) { return now >= entry.second.blocked_until; });
    }
    if (sources_.size() >= most) sources_.clear();
  }
}

}  // namespace pennypost::auth
