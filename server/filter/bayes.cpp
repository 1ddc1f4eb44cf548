// The probability of spam from token counts, and the two places where counts are kept. Each word has a smoothed
// probability (G. Robinson, "A Statistical Approach to the Spam Problem", 2003). Words of one kind depend on each
// other, so of each kind only the average log-odds of the clear words count; the kinds are added (naive Bayes,
// weighted).
#include "server/filter/bayes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/filter/tokens.h"

namespace pennypost::filter {
namespace {

constexpr LogEvent kBayesAway{"filter.bayes_away", Level::error, "the Bayesian database cannot be used: {reason}"};
constexpr LogEvent kLessonsDropped{"filter.lessons_dropped", Level::warning,
                                   "limit {limit} passed: messages are not learned until the database has caught up"};

constexpr LogEvent kNotLearned{"filter.lesson_refused", Level::error,
                               "what a message teaches is not learned: {reason}"};

constexpr double kStrength = 0.1;       // how many messages the assumption for a new word weighs
constexpr double kAssumed = 0.5;        // a word that was never seen
constexpr double kLeastDistance = 0.4;  // from 0.5: words nearer to it say nothing
constexpr double kReserve = 2;          // words that say nothing, thought into each kind: one word alone decides little

// What the average word of a kind counts for, in the order of TokenKind.
constexpr std::array<double, kTokenKinds> kWeights{0.6, 0.6, 0.4, 0.7, 0.3, 0.6, 0.6, 0.4};

constexpr std::size_t kWrittenAtOnce = 100;  // lessons: so many are written before their time
constexpr std::chrono::seconds kBetweenWrites{2};
constexpr std::chrono::hours kBetweenForgetting{1};

}  // namespace

double probability_of(std::span<const store::KnownToken> found, store::BayesSize size) {
  if (size.ham <= 0 || size.spam <= 0) return 50;
  std::array<double, kTokenKinds> sums{};
  std::array<double, kTokenKinds> counts{};
  for (const auto& token : found) {
    const double in_ham = std::min(1.0, static_cast<double>(token.ham) / static_cast<double>(size.ham));
    const double in_spam = std::min(1.0, static_cast<double>(token.spam) / static_cast<double>(size.spam));
    if (in_ham + in_spam <= 0) continue;
    const double plain = in_spam / (in_ham + in_spam);
    const auto seen = static_cast<double>(token.ham + token.spam);
    const double smooth = (kStrength * kAssumed + seen * plain) / (kStrength + seen);
    if (std::abs(smooth - 0.5) < kLeastDistance) continue;
    const auto kind = static_cast<std::size_t>(kind_of(token.token));
    sums.at(kind) += std::log(smooth / (1 - smooth));
    counts.at(kind) += 1;
  }
  double odds = 0;  // logarithm of
  for (std::size_t kind = 0; kind < kTokenKinds; ++kind)
    odds += kWeights.at(kind) * sums.at(kind) / (counts.at(kind) + kReserve);
  return 100 / (1 + std::exp(-odds));
}

StoreBayes::StoreBayes(store::Store& store)
    : store_{store}, learning_{store.database()}, writer_{[this] { write_now_and_then(); }} {}

StoreBayes::~StoreBayes() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  writer_.join();
  flush();
}

double StoreBayes::probability(const ruleinterp::Mail& mail) {
  const auto size = store_.spam_filter().bayes_size();
  if (!size) {
    log(kBayesAway, size.error());
    return 50;
  }
  if (size->ham == 0 || size->spam == 0) return 50;  // spares the words of the message
  auto known = store_.spam_filter().tokens(tokens_of(mail));
  if (!known) {
    log(kBayesAway, known.error());
    return 50;
  }
  return probability_of(known->tokens, known->size);
}

std::uint64_t StoreBayes::size() {
  auto size = store_.spam_filter().bayes_size();
  if (!size) {
    log(kBayesAway, size.error());
    return 0;
  }
  return static_cast<std::uint64_t>(size->ham + size->spam);
}

void StoreBayes::take(std::vector<store::Lesson> lessons) {
  const std::lock_guard lock{mutex_};
  for (auto& lesson : lessons) {
    if (waiting_.size() >= static_cast<std::size_t>(kLearnWaiting.most)) {
      if (!std::exchange(dropping_, true)) log(kLessonsDropped, {{"limit", kLearnWaiting.name}});
      return;
    }
    waiting_.push_back(std::move(lesson));
  }
  dropping_ = false;
  if (waiting_.size() >= kWrittenAtOnce) changed_.notify_all();
}

void StoreBayes::flush() {
  const std::lock_guard one{writing_};
  std::vector<store::Lesson> lessons;
  {
    const std::lock_guard lock{mutex_};
    lessons.swap(waiting_);
    is_away_ = false;
  }
  if (!lessons.empty()) keep(write(std::move(lessons)));
}

/// Gives what the database does not take for the moment. What it will never take is dropped, each lesson for itself.
std::vector<store::Lesson> StoreBayes::write(std::vector<store::Lesson> lessons) {
  const auto done = learning_.apply(lessons);
  if (done) return {};
  const Kind kind = done.error().kind;
  if (kind == Kind::unavailable || kind == Kind::disk_full || kind == Kind::cancelled) {
    log(kBayesAway, done.error());
    return lessons;
  }
  if (lessons.size() == 1) {
    log(kNotLearned, done.error());
    return {};
  }
  std::vector<store::Lesson> kept;
  for (auto& lesson : lessons)
    for (auto& one : write({std::move(lesson)})) kept.push_back(std::move(one));
  return kept;
}

/// In front of what has come meanwhile, for lessons have an order; as many as kLearnWaiting.
void StoreBayes::keep(std::vector<store::Lesson> lessons) {
  if (lessons.empty()) return;
  const std::lock_guard lock{mutex_};
  is_away_ = true;
  std::ranges::move(waiting_, std::back_inserter(lessons));
  waiting_ = std::move(lessons);
  const auto most = static_cast<std::size_t>(kLearnWaiting.most);
  if (waiting_.size() <= most) return;
  waiting_.resize(most);
  if (!std::exchange(dropping_, true)) log(kLessonsDropped, {{"limit", kLearnWaiting.name}});
}

void StoreBayes::forget_old() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_forgetting_) return;
  next_forgetting_ = now + kBetweenForgetting;
  const Seconds age{std::chrono::days{store_.settings().get(kLearnedKeepDays)}};
  if (const auto done = learning_.forget(age); !done) log(kBayesAway, done.error());
}

void StoreBayes::write_now_and_then() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    changed_.wait_for(lock, kBetweenWrites,
                      [this] { return stopping_ || (!is_away_ && waiting_.size() >= kWrittenAtOnce); });
    if (stopping_) return;
    lock.unlock();
    flush();
    forget_old();
    lock.lock();
  }
}

double MemoryBayes::probability(const ruleinterp::Mail& mail) {
  const auto tokens = tokens_of(mail);
  std::vector<store::KnownToken> found;
  const std::lock_guard lock{mutex_};
  for (const auto token : tokens)
    if (const auto known = tokens_.find(token); known != tokens_.end()) found.push_back({known->second, token});
  return probability_of(found, size_);
}

std::uint64_t MemoryBayes::size() {
  const std::lock_guard lock{mutex_};
  return static_cast<std::uint64_t>(size_.ham + size_.spam);
}

void MemoryBayes::count(const ruleinterp::Mail& mail, ruleinterp::Verdict as, int by) {
  if (frozen_) return;
  const bool spam = as == ruleinterp::Verdict::spam;
  const auto tokens = tokens_of(mail);
  const std::lock_guard lock{mutex_};
  auto& total = spam ? size_.spam : size_.ham;
  total = std::max<std::int64_t>(0, total + by);
  for (const auto token : tokens) {
    auto& known = tokens_[token];
    auto& n = spam ? known.spam : known.ham;
    n = std::max(0, n + by);
  }
}

}  // namespace pennypost::filter
