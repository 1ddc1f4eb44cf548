// The queue runner. Needs the store and the sender. When the database is away it waits and looks again; when a setting
// makes no sense it says so and leaves the mail in the queue. Sources: DESIGN sections 4 and 5, spec 30 section 7, spec
// 60 sections 7 and 8.
#include "server/transport/runner.h"

#include <algorithm>

#include <pthread.h>

#include "server/base/clock.h"
#include "server/base/log.h"

namespace pennypost::transport {
namespace {

constexpr LogEvent kStarted{"transport.started", Level::info, "sending begins with {threads} threads"};
constexpr LogEvent kNoQueue{"transport.queue_away", Level::error, "the queue cannot be read"};
constexpr LogEvent kBadSetting{"transport.bad_setting", Level::error, "nothing is sent"};
constexpr LogEvent kThrown{"transport.exception", Level::error, "a sender stumbled: {what}"};

}  // namespace

Runner::Runner(delivery::Pipeline& pipeline, dns::Resolver& resolver, std::shared_ptr<net::TlsClient> tls,
               RunnerOptions options)
    : pipeline_{pipeline},
      store_{pipeline.store()},
      options_{std::move(options)},
      sender_{pipeline, resolver, std::move(tls), options_.sender} {}

Runner::~Runner() { stop(Seconds{0}); }

void Runner::start() {
  if (!pool_.empty()) return;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = false;
    is_woken_ = true;
  }
  sender_.resume();
  threads_ = static_cast<int>(store_.settings().get(kSenders));
  news_ = store_.news().on_queue([this] { wake(); });
  pool_.emplace_back([this] { dispatch(); });
  ::pthread_setname_np(pool_.back().native_handle(), "queue");
  for (int i = 0; i < threads_; ++i) {
    pool_.emplace_back([this] { send(); });
    ::pthread_setname_np(pool_.back().native_handle(), "send");
  }
  log(kStarted, {{"threads", threads_}});
}

void Runner::stop(Seconds wait) {
  if (pool_.empty()) return;
  news_ = {};
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  sender_.begin_stop();
  changed_.notify_all();
  {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, wait, [this] { return busy_ == 0; });
  }
  sender_.cut_off();
  for (std::thread& thread : pool_) thread.join();
  pool_.clear();
}

int Runner::busy() const {
  const std::lock_guard lock{mutex_};
  return busy_;
}

void Runner::wake() {
  {
    const std::lock_guard lock{mutex_};
    is_woken_ = true;
  }
  changed_.notify_all();
}

void Runner::dispatch() {
  auto next_look = std::chrono::steady_clock::now();
  while (true) {
    {
      std::unique_lock lock{mutex_};
      // Work is claimed only when somebody can do it soon: what waits here is busy for every other process.
      const auto has_room = [this] { return static_cast<int>(waiting_.size()) < threads_; };
      changed_.wait_until(lock, next_look, [&] { return stopping_ || (is_woken_ && has_room()); });
      if (stopping_) return;
      if (!has_room()) {
        next_look = std::chrono::steady_clock::now() + Seconds{1};
        continue;
      }
      is_woken_ = false;
    }
    next_look = std::chrono::steady_clock::now() + claim();
  }
}

/// Claims once; gives how long to wait for the next look, unless woken.
Seconds Runner::claim() {
  auto rules = send_rules(*store_.settings().snapshot());
  if (!rules) {
    log(kBadSetting, rules.error());
    return options_.look_again;
  }
  constexpr std::size_t kMost = 200;
  auto claimed = store_.queue().claim(kMost);
  if (!claimed) {
    log(kNoQueue, claimed.error());
    return options_.look_again;
  }
  std::size_t recipients = 0;
  for (const auto& message : *claimed) recipients += message.recipients.size();
  if (recipients > 0) distribute(*std::move(claimed), std::make_shared<const SendRules>(*std::move(rules)));
  if (recipients >= kMost) return Seconds{0};
  const auto due = store_.queue().next_due();
  if (!due || !*due) return options_.look_again;
  const auto until = std::chrono::ceil<Seconds>(**due - now());
  return std::clamp(until, Seconds{recipients > 0 ? 0 : 1}, options_.look_again);
}

void Runner::distribute(std::vector<store::QueuedMessage> claimed, std::shared_ptr<const SendRules> rules) {
  std::vector<Task> tasks;
  std::map<std::string, std::size_t> open;  // destination -> its task that still has room
  for (store::QueuedMessage& message : claimed) {
    std::map<std::string, std::vector<store::QueuedRecipient>> by_destination;
    for (store::QueuedRecipient& recipient : message.recipients) {
      by_destination[destination_of(*rules, recipient.address)].push_back(std::move(recipient));
    }
    message.recipients.clear();
    for (auto& [destination, recipients] : by_destination) {
      const auto found = open.find(destination);
      const bool has_room =
          found != open.end() && static_cast<int>(tasks[found->second].messages.size()) < options_.messages_a_task;
      if (!has_room) {
        open[destination] = tasks.size();
        tasks.push_back({destination, {}});
      }
      store::QueuedMessage part = message;
      part.recipients = std::move(recipients);
      tasks[open[destination]].messages.push_back(std::move(part));
    }
  }
  {
    const std::lock_guard lock{mutex_};
    for (Task& task : tasks) waiting_.push_back({std::move(task), rules});
  }
  changed_.notify_all();
}

void Runner::send() {
  std::unique_lock lock{mutex_};
  while (true) {
    auto chosen = waiting_.end();
    changed_.wait(lock, [&] {
      chosen = std::ranges::find_if(waiting_, [this](const Waiting& one) {
        return !one.rules->relays.empty() || running_[one.task.destination] < options_.per_domain;
      });
      return stopping_ || chosen != waiting_.end();
    });
    if (stopping_ && waiting_.empty()) return;
    if (chosen == waiting_.end()) chosen = waiting_.begin();  // stopping: the sender gives it back to the queue
    Waiting work = std::move(*chosen);
    waiting_.erase(chosen);
    const std::string destination = work.task.destination;
    ++running_[destination];
    ++busy_;
    lock.unlock();
    try {
      sender_.work(std::move(work.task), *work.rules);
    } catch (const std::exception& e) {
      log(kThrown, {{"what", e.what()}});
    }
    lock.lock();
    --busy_;
    if (--running_[destination] == 0) running_.erase(destination);
    is_woken_ = is_woken_ || waiting_.empty();
    changed_.notify_all();
  }
}

}  // namespace pennypost::transport
