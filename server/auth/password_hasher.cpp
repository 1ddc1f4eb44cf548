// Argon2id by libsodium (RFC 9106). Needs `memory` octets a running hash; when the machine has none to give, or all
// places stay taken for `wait`, the answer is "unavailable", never "wrong password".
#include "server/auth/password_hasher.h"

#include <array>
#include <cstdlib>

#include <sodium.h>

#include "server/auth/digests.h"
#include "server/auth/saslprep.h"
#include "server/base/random.h"

namespace pennypost::auth {
namespace {

class Place {
 public:
  Place(std::counting_semaphore<1024>& places, Seconds wait) : places_{places}, got_{places.try_acquire_for(wait)} {}
  ~Place() {
    if (got_) places_.release();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  explicit operator bool() const { return got_; }

 private:
  std::counting_semaphore<1024>& places_;
  const bool got_;
};

Error busy() { return error(Kind::unavailable, "Too many logins at once, try again", "no place for a password hash"); }

std::optional<std::string> argon2id(const HashCost& cost, std::string_view password) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str(out.data(), password.data(), password.size(), static_cast<unsigned long long>(cost.passes),
                        cost.memory.size()) != 0) {
    return std::nullopt;
  }
  return std::string{out.data()};
}

}  // namespace

PasswordHasher::PasswordHasher(HashCost cost) : cost_{cost}, places_{cost.at_once} {
  if (sodium_init() < 0) std::abort();
  nobody_ = argon2id(cost_, random_octets(32)).value_or("");
}

Result<std::string> PasswordHasher::hash(std::string_view password) {
  const Place place{places_, cost_.wait};
  if (!place) return busy();
  auto text = argon2id(cost_, prepared_password(password));
  if (!text) return error(Kind::unavailable, "Try again later", "no memory for a password hash");
  return *std::move(text);
}

Result<bool> PasswordHasher::verify(const std::string& stored, std::string_view password) {
  const Place place{places_, cost_.wait};
  if (!place) return busy();
  const std::string prepared = prepared_password(password);
  const bool somebody = !stored.empty();
  const std::string& against = somebody ? stored : nobody_;
  return crypto_pwhash_str_verify(against.c_str(), prepared.data(), prepared.size()) == 0 && somebody;
}

ProvenLogins::ProvenLogins(std::size_t most, Seconds keep) : most_{most}, keep_{keep}, key_{random_octets(32)} {}

std::string ProvenLogins::mac(const std::string& stored, std::string_view password) const {
  return hmac_sha256(key_, std::string{stored}.append(1, '\0').append(password));
}

bool ProvenLogins::knows(const std::string& stored, std::string_view password, Clock::time_point now) {
  if (stored.empty()) return false;
  const std::string sought = mac(stored, password);
  const std::lock_guard lock{mutex_};
  const auto found = by_mac_.find(sought);
  return found != by_mac_.end() && now < found->second->until;
}

void ProvenLogins::remember(const std::string& stored, std::string_view password, Clock::time_point now) {
  if (stored.empty() || most_ == 0) return;
  std::string fresh = mac(stored, password);
  const std::lock_guard lock{mutex_};
  if (const auto old = by_mac_.find(fresh); old != by_mac_.end()) {
    oldest_first_.erase(old->second);
    by_mac_.erase(old);
  }
  while (!oldest_first_.empty() && (by_mac_.size() >= most_ || oldest_first_.front().until <= now)) {
    by_mac_.erase(oldest_first_.front().mac);
    oldest_first_.pop_front();
  }
  oldest_first_.push_back({fresh, now + keep_});
  by_mac_.emplace(std::move(fresh), std::prev(oldest_first_.end()));
}

}  // namespace pennypost::auth
