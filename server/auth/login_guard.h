// Who may try to log in from where: the seam for lockout and intrusion protection, and the counters of the original
// (spec 50 section 1.5, spec 40 sections 10.1 and 10.2).
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/base/limits.h"
#include "server/base/settings.h"
#include "server/base/units.h"

namespace pennypost::auth {

/// Who asks: what the guard, the log and the mechanisms want to know of a client.
struct Client {
  std::string address;        ///< of the TCP peer, as text without port: "192.0.2.7"
  std::string service;        ///< "pop3", "smtp", "imap", "http"
  bool is_encrypted = false;  ///< TLS is on
};

/// Asked before and told after every login. Any thread; must not wait.
class LoginGuard {
 public:
  virtual ~LoginGuard() = default;
  /// Whether this account is locked for this address: then even the right password fails, with the same words.
  virtual bool is_locked(const Client& client, std::string_view account) = 0;
  virtual void succeeded(const Client& client, std::string_view account) = 0;
  /// Also told of what fails because it is locked, and of names that do not exist.
  virtual void failed(const Client& client, std::string_view account) = 0;
  /// Whether nobody at this address is listened to at all; asked when a connection comes in.
  virtual bool is_blocked(std::string_view address) = 0;
};

/// The numbers behind the counters; defaults of spec 50 section 1.5.
struct GuardRules {
  int lock_after = 3;  ///< consecutive failures of one account from one address; the one that reaches it locks
  Seconds lock_for = Seconds{1800};
  int block_after = 10;  ///< failures of one address, all services and names together, within `block_period`
  Seconds block_period = Seconds{1800};
  Seconds block_for = Seconds{1800};
  bool lock_web_on_loopback = false;  ///< webmail and administration from 127.0.0.1 are otherwise never locked
};

/// The rules that the settings give.
GuardRules guard_rules(const SettingsSnapshot& settings);

/// The counters in memory: a restart clears them, as in the original. Addresses of the machine itself are never blocked
/// (everybody behind a web proxy or a tunnel has one), though accounts get locked for them.
class LoginCounters final : public LoginGuard {
 public:
  using Clock = std::chrono::steady_clock;
  using Rules = std::function<GuardRules()>;
  /// `never_block` is the Never Block List; `now` is for tests.
  explicit LoginCounters(Rules rules, std::function<bool(std::string_view address)> never_block = {},
                         std::function<Clock::time_point()> now = Clock::now);

  bool is_locked(const Client& client, std::string_view account) override;
  void succeeded(const Client& client, std::string_view account) override;
  void failed(const Client& client, std::string_view account) override;
  bool is_blocked(std::string_view address) override;

  /// What the user's page lists under "Account Locked Out".
  std::vector<std::string> locked_addresses(std::string_view account);
  /// Clears the locks of an account. Gives how many there were.
  int unlock(std::string_view account);
  void unblock(std::string_view address);

 private:
  struct Failures {
    int consecutive = 0;
    Clock::time_point latest;
    Clock::time_point locked_until;
  };
  struct Source {
    std::deque<Clock::time_point> failures;
    Clock::time_point blocked_until;
  };
  bool is_exempt(const Client& client, const GuardRules& rules) const;
  void make_room(Clock::time_point now, const GuardRules& rules);

  const Rules rules_;
  const std::function<bool(std::string_view)> never_block_;
  const std::function<Clock::time_point()> now_;
  std::mutex mutex_;
  std::unordered_map<std::string, Failures> accounts_;  ///< key: account in lower case, blank, address
  std::unordered_map<std::string, Source> sources_;     ///< key: address
};

}  // namespace pennypost::auth
