// The probability of spam from token counts (G. Robinson, "A Statistical Approach to the Spam Problem", 2003: smoothed
// token probabilities combined by Fisher's method), and the two places where counts are kept.
#include "server/filter/bayes.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "server/base/log.h"
#include "server/filter/tokens.h"

namespace pennypost::filter {
namespace {

constexpr LogEvent kBayesAway{"filter.bayes_away", Level::error, "the Bayesian database cannot be used: {reason}"};

constexpr double kStrength = 0.1;       // how many messages the assumption for a new word weighs
constexpr double kAssumed = 0.5;        // a word that was never seen
constexpr double kLeastDistance = 0.1;  // from 0.5: words nearer to it say nothing
constexpr std::size_t kMostClues = 150;
constexpr std::size_t kMostGathered = 100'000;  // tokens learned and not yet written
constexpr std::chrono::seconds kBetweenWrites{2};

// The chance of a chi-square value at least that large, for an even number of degrees of freedom.
double chi_square_tail(double value, std::size_t degrees) {
  const double half = value / 2;
  double term = std::exp(-half);
  double sum = term;
  for (std::size_t i = 1; i < degrees / 2; ++i) {
    term *= half / static_cast<double>(i);
    sum += term;
  }
  return std::min(sum, 1.0);
}

}  // namespace

double probability_of(std::span<const store::TokenCount> found, store::BayesSize size) {
  if (size.ham <= 0 || size.spam <= 0) return 50;
  std::vector<double> clues;
  for (const auto& token : found) {
    const double in_ham = std::min(1.0, static_cast<double>(token.ham) / static_cast<double>(size.ham));
    const double in_spam = std::min(1.0, static_cast<double>(token.spam) / static_cast<double>(size.spam));
    if (in_ham + in_spam <= 0) continue;
    const double plain = in_spam / (in_ham + in_spam);
    const auto seen = static_cast<double>(token.ham + token.spam);
    const double smooth = (kStrength * kAssumed + seen * plain) / (kStrength + seen);
    if (std::abs(smooth - 0.5) >= kLeastDistance) clues.push_back(smooth);
  }
  if (clues.empty()) return 50;
  std::ranges::sort(clues, [](double a, double b) { return std::abs(a - 0.5) > std::abs(b - 0.5); });
  clues.resize(std::min(clues.size(), kMostClues));
  double log_spam = 0, log_ham = 0;
  for (const double p : clues) {
    log_spam += std::log(1 - p);
    log_ham += std::log(p);
  }
  const double spam = 1 - chi_square_tail(-2 * log_spam, 2 * clues.size());
  const double ham = 1 - chi_square_tail(-2 * log_ham, 2 * clues.size());
  return 50 * (1 + spam - ham);
}

StoreBayes::StoreBayes(store::SpamFilter& store) : store_{store}, writer_{[this] { write_now_and_then(); }} {}

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
  const auto size = store_.bayes_size();
  if (!size) {
    log(kBayesAway, size.error());
    return 50;
  }
  if (size->ham == 0 || size->spam == 0) return 50;  // spares the words of the message
  auto known = store_.tokens(tokens_of(mail));
  if (!known) {
    log(kBayesAway, known.error());
    return 50;
  }
  return probability_of(known->tokens, known->size);
}

std::uint64_t StoreBayes::size() {
  auto size = store_.bayes_size();
  if (!size) {
    log(kBayesAway, size.error());
    return 0;
  }
  return static_cast<std::uint64_t>(size->ham + size->spam);
}

void StoreBayes::gather(const ruleinterp::Mail& mail, ruleinterp::Verdict as, int by) {
  const auto tokens = tokens_of(mail);
  const bool spam = as == ruleinterp::Verdict::spam;
  const std::lock_guard lock{mutex_};
  (spam ? messages_.spam : messages_.ham) += by;
  for (const auto token : tokens) {
    auto& count = gathered_[token];
    (spam ? count.spam : count.ham) += by;
  }
  if (gathered_.size() > kMostGathered) changed_.notify_all();
}

void StoreBayes::flush() {
  const std::lock_guard one{writing_};
  decltype(gathered_) gathered;
  store::BayesSize messages;
  {
    const std::lock_guard lock{mutex_};
    gathered.swap(gathered_);
    std::swap(messages, messages_);
  }
  if (gathered.empty() && messages.ham == 0 && messages.spam == 0) return;
  std::vector<std::int64_t> tokens;
  std::vector<store::TokenCount> counts;
  for (const auto& [token, count] : gathered) {
    tokens.push_back(token);
    counts.push_back(count);
  }
  if (const auto done = store_.learn(tokens, counts, messages); !done) log(kBayesAway, done.error());
}

void StoreBayes::write_now_and_then() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    changed_.wait_for(lock, kBetweenWrites, [this] { return stopping_ || gathered_.size() > kMostGathered; });
    if (stopping_) return;
    lock.unlock();
    flush();
    lock.lock();
  }
}

double MemoryBayes::probability(const ruleinterp::Mail& mail) {
  const auto tokens = tokens_of(mail);
  std::vector<store::TokenCount> found;
  const std::lock_guard lock{mutex_};
  for (const auto token : tokens)
    if (const auto known = tokens_.find(token); known != tokens_.end()) found.push_back(known->second);
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
