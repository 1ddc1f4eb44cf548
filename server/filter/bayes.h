// Bayes: how likely a message is spam, from the words of messages that were judged before (spec 11 section 6).
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <unordered_map>
#include <vector>

#include "ruleinterp/host.h"
#include "server/filter/lessons.h"
#include "server/store/spam_filter.h"
#include "server/store/store.h"

namespace pennypost::filter {

/// Percent, 0 = ham to 100 = spam; 50 while nothing of one of the two kinds has been learned. `found` are the counts of
/// the message's tokens that are known.
double probability_of(std::span<const store::KnownToken> found, store::BayesSize size);

/// On the database. Any thread; failures are logged and give 50. What is learned is gathered and written by a thread of
/// its own every few seconds, so that messages do not wait for each other's words; a crash loses those seconds. A
/// message counts once (store/spam_learning.h): learning it again changes nothing, learning it as the other kind
/// un-learns it first, and what was never learned is not un-learned.
class StoreBayes final : public ruleinterp::Bayes {
 public:
  explicit StoreBayes(store::Store& store);
  ~StoreBayes() override;
  StoreBayes(const StoreBayes&) = delete;
  StoreBayes& operator=(const StoreBayes&) = delete;
  double probability(const ruleinterp::Mail& mail) override;
  std::uint64_t size() override;
  void learn(const ruleinterp::Mail& mail, ruleinterp::Verdict as) override {
    take(lessons_of(mail, store::Lesson::Act::learn, as));
  }
  void unlearn(const ruleinterp::Mail& mail, ruleinterp::Verdict as) override {
    take(lessons_of(mail, store::Lesson::Act::unlearn, as));
  }
  /// Any lessons; more than kLearnWaiting wait for the database: they are dropped, with a line in the log.
  void take(std::vector<store::Lesson> lessons);
  /// Writes what was learned now. What the database does not take for the moment is kept for later.
  void flush();

 private:
  std::vector<store::Lesson> write(std::vector<store::Lesson> lessons);
  void keep(std::vector<store::Lesson> lessons);
  void write_now_and_then();
  void forget_old();

  store::Store& store_;
  store::SpamLearning learning_;
  std::mutex mutex_;  // guards what follows; not held while writing
  std::condition_variable changed_;
  std::vector<store::Lesson> waiting_;
  bool dropping_ = false;  // said so already
  bool is_away_ = false;   // the last time the database took nothing
  bool stopping_ = false;
  std::mutex writing_;  // held by who writes: one at a time
  std::chrono::steady_clock::time_point next_forgetting_{};
  std::thread writer_;
};

/// In memory, for measuring. Any thread.
class MemoryBayes final : public ruleinterp::Bayes {
 public:
  double probability(const ruleinterp::Mail& mail) override;
  std::uint64_t size() override;
  void learn(const ruleinterp::Mail& mail, ruleinterp::Verdict as) override { count(mail, as, 1); }
  void unlearn(const ruleinterp::Mail& mail, ruleinterp::Verdict as) override { count(mail, as, -1); }
  /// From now on learning changes nothing: what is judged must not teach.
  void freeze() { frozen_ = true; }

 private:
  void count(const ruleinterp::Mail& mail, ruleinterp::Verdict as, int by);

  std::mutex mutex_;
  std::unordered_map<std::int64_t, store::TokenCount> tokens_;
  store::BayesSize size_;
  bool frozen_ = false;
};

}  // namespace pennypost::filter
