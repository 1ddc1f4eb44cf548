// Argon2id with a ceiling on how many run at once, and a memory of what was proven a moment ago.
#pragma once
#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <string_view>
#include <unordered_map>

#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::auth {

/// What one hash costs. The default is the smaller of the two settings that OWASP gives for servers (19 MiB, 2 passes).
struct HashCost {
  Octets memory = 19_MiB;
  int passes = 2;
  int at_once = 4;             ///< so a login storm takes at most at_once x memory
  Seconds wait = Seconds{20};  ///< for a place among them; after that the login fails for the time being
};

/// Any thread.
class PasswordHasher {
 public:
  explicit PasswordHasher(HashCost cost = {});

  /// libsodium's text form ("$argon2id$v=19$..."). Error: `unavailable` when no place came free or memory is short.
  Result<std::string> hash(std::string_view password);

  /// Whether `password` is the one behind `stored`. An empty `stored` takes as long as any other and gives false, so
  /// that an unknown account costs the client what a known one does. Error: `unavailable`, as above.
  Result<bool> verify(const std::string& stored, std::string_view password);

 private:
  const HashCost cost_;
  std::counting_semaphore<1024> places_;
  std::string nobody_;  ///< hash of a password that nobody knows
};

/// Remembers for a while that a password was right, so that a client which comes every minute does not cost an Argon2
/// each time. Keeps no password: entries are MACs, under a key of this process, of the stored hash and the password;
/// a changed password has another hash and finds no entry. Any thread.
class ProvenLogins {
 public:
  using Clock = std::chrono::steady_clock;
  explicit ProvenLogins(std::size_t most = 10'000, Seconds keep = Seconds{900});

  bool knows(const std::string& stored, std::string_view password, Clock::time_point now = Clock::now());
  /// The oldest entry goes when there are too many.
  void remember(const std::string& stored, std::string_view password, Clock::time_point now = Clock::now());

 private:
  struct Entry {
    std::string mac;
    Clock::time_point until;
  };
  std::string mac(const std::string& stored, std::string_view password) const;

  const std::size_t most_;
  const Seconds keep_;
  const std::string key_;
  std::mutex mutex_;
  std::list<Entry> oldest_first_;
  std::unordered_map<std::string, std::list<Entry>::iterator> by_mac_;
};

}  // namespace pennypost::auth
