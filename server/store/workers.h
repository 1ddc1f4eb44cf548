// A few threads that begin work before its result is asked for. Private to store/.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace pennypost::store {

/// Work that is done once, by whoever comes first.
class Task {
 public:
  Task() = default;
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  /// Does the work unless somebody has begun it.
  void run();
  /// Returns when it is done: does it here when nobody has begun. So it costs no more than without helpers.
  void finish();

 protected:
  virtual void work() = 0;

 private:
  bool claim();

  std::mutex mutex_;
  std::condition_variable done_;
  enum class State { waiting, running, done } state_ = State::waiting;
};

/// One object a process; any thread. The threads are made when the first task comes.
class Workers {
 public:
  explicit Workers(int threads) : most_{threads} {}
  /// Waits for what is being done; what has not begun is left to whoever asks for it.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void begin(std::shared_ptr<Task> task);

 private:
  void serve();

  const int most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Task>> tasks_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;
};

}  // namespace pennypost::store
