// The queue runner: claims what is due and lets a pool of senders work on it (spec 60 section 8.2, DESIGN sections 4
// and 5).
#pragma once
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/store/news.h"
#include "server/transport/sender.h"

namespace pennypost::transport {

struct RunnerOptions {
  SenderOptions sender;
  /// How often the queue is looked at without any news: what an administrator changes by SQL takes effect within it.
  Seconds look_again{10};
  int per_domain = 3;        ///< connections to one domain at once; smart hosts may have all of them
  int messages_a_task = 20;  ///< sent over one connection before others get their turn
};

/// Woken by new and released entries (news of this and other processes), by due times, and by the clock. Several
/// processes may run one each on the same database: rows are claimed there, never in memory.
class Runner {
 public:
  Runner(delivery::Pipeline& pipeline, dns::Resolver& resolver, std::shared_ptr<net::TlsClient> tls,
         RunnerOptions options = {});
  ~Runner();  ///< stops
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Begins to send; the number of threads is the setting SendingThreads.
  void start();
  /// Begins nothing new, gives running transactions `wait` to end, then cuts them off; what was not tried goes back to
  /// the queue. Returns when all threads have ended.
  void stop(Seconds wait);

  /// Tasks under way, for the status page.
  int busy() const;

 private:
  void dispatch();
  void send();
  Seconds claim();
  void distribute(std::vector<store::QueuedMessage> claimed, std::shared_ptr<const SendRules> rules);
  void wake();

  delivery::Pipeline& pipeline_;
  store::Store& store_;
  const RunnerOptions options_;
  Sender sender_;
  store::News::Subscription news_;

  struct Waiting {
    Task task;
    std::shared_ptr<const SendRules> rules;
  };
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::map<std::string, int> running_;  ///< connections by destination
  int busy_ = 0;
  bool is_woken_ = false;
  bool stopping_ = false;
  int threads_ = 0;
  std::vector<std::thread> pool_;
};

}  // namespace pennypost::transport
