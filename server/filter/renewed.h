// A value made of something outside that may change: files, tables.
#pragma once
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

namespace pennypost::filter {

/// Looks for a change at most once a second. One thread looks at a time; whoever asks meanwhile gets the value before,
/// but waits where there has been none yet. Any thread.
template <typename T>
class Renewed {
 public:
  using Value = std::shared_ptr<const T>;

  /// `look` gives a new value, or null when the one before stays; it is called without any lock and must not ask this
  /// object. What it throws reaches its caller, and the next one looks again. Null: there has been no value yet.
  template <typename Look>
  Value get(const Look& look) {
    std::unique_lock lock{mutex_};
    looked_.wait(lock, [this] { return !is_looking_ || value_; });
    if (is_looking_ || Clock::now() < next_look_) return value_;
    const Looking looking{*this, lock};
    lock.unlock();
    Value fresh = look();
    lock.lock();
    next_look_ = Clock::now() + kBetweenLooks;
    if (fresh) value_ = std::move(fresh);
    return value_;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kBetweenLooks{900};  // with the time of a look within a second

  /// As long as it lives a thread looks; it may end by an exception.
  struct Looking {
    Renewed& of;
    std::unique_lock<std::mutex>& lock;
    Looking(Renewed& renewed, std::unique_lock<std::mutex>& held) : of{renewed}, lock{held} { of.is_looking_ = true; }
    Looking(const Looking&) = delete;
    Looking& operator=(const Looking&) = delete;
    ~Looking() {
      if (!lock.owns_lock()) lock.lock();
      of.is_looking_ = false;
      of.looked_.notify_all();
    }
  };

  std::mutex mutex_;  // guards what follows
  std::condition_variable looked_;
  Value value_;
  bool is_looking_ = false;
  Clock::time_point next_look_{};
};

}  // namespace pennypost::filter
