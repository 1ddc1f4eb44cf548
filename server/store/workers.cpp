// Work that is begun ahead (see the header). A task that throws is a bug of the task: tasks keep their errors as
// Result.
#include "server/store/workers.h"

#include <utility>

namespace pennypost::store {

bool Task::claim() {
  const std::lock_guard lock{mutex_};
  return state_ == State::waiting && std::exchange(state_, State::running) == State::waiting;
}

void Task::run() {
  if (!claim()) return;
  work();
  {
    const std::lock_guard lock{mutex_};
    state_ = State::done;
  }
  done_.notify_all();
}

void Task::finish() {
  run();
  std::unique_lock lock{mutex_};
  done_.wait(lock, [this] { return state_ == State::done; });
}

Workers::~Workers() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Workers::begin(std::shared_ptr<Task> task) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_) return;
    tasks_.push_back(std::move(task));
    while (static_cast<int>(threads_.size()) < most_) threads_.emplace_back([this] { serve(); });
  }
  changed_.notify_one();
}

void Workers::serve() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (stopping_) return;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    if (task.use_count() == 1) continue;  // nobody will ask for it
    lock.unlock();
    task->run();
    lock.lock();
  }
}

}  // namespace pennypost::store
