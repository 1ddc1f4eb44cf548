// What Bayes has learned (spamfilter.bayestokens, bayesmessages, bayeslearned; spec 11 sections 1.4 and 6): counts of
// tokens and messages, and which messages they come from.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::store {

class Database;

/// One message that is to be learned or un-learned as one of the two kinds.
struct Lesson {
  enum class Act : std::uint8_t { learn, unlearn };
  Act act = Act::learn;
  bool spam = false;
  std::string digest;                ///< what the message is known by: 16 octets
  std::int64_t message_id = 0;       ///< hash of its Message-ID; 0: none
  std::int64_t subject = 0;          ///< hash of its subject without "Re:" and "Fwd:"; 0: none
  bool is_forward = false;           ///< it was sent in to teach something about the message that it forwards
  std::vector<std::int64_t> about;   ///< of a forward: hashes of the Message-IDs that it refers to, the nearest first
  std::vector<std::int64_t> tokens;  ///< ascending, each once
};

/// What became of some lessons.
struct Lessons {
  int learned = 0;
  int unlearned = 0;
  int changed = 0;  ///< learned as the other kind: un-learned and learned
  int without_effect = 0;
};

/// Any thread. Learning counts a message once as each kind: what was learned as the other is un-learned first, what was
/// never learned cannot be un-learned. A forward speaks of the message that it forwards where that was learned: found
/// by Message-ID, else by the subject of the last 14 days.
class SpamLearning {
 public:
  explicit SpamLearning(Database& database) : database_{database} {}

  /// The lessons in their order, counts and digests in one transaction. No count goes below zero. Not synchronous: a
  /// crash of the machine costs the last second of learning, as a whole. Errors: those of the database; then nothing
  /// was learned.
  Result<Lessons> apply(std::span<const Lesson> lessons);
  /// Forgets which messages were learned before that age; what was learned of them stays. Gives how many.
  Result<std::int64_t> forget(Seconds age);

 private:
  Database& database_;
};

}  // namespace pennypost::store
