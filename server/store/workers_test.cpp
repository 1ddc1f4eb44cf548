#include "server/store/workers.h"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

namespace pennypost::store {
namespace {

class Counting final : public Task {
 public:
  explicit Counting(std::atomic<int>& count) : count_{count} {}

 private:
  void work() override { ++count_; }
  std::atomic<int>& count_;
};

TEST(Workers, EveryTaskIsDoneOnceWhoeverComesFirst) {
  std::atomic<int> count{0};
  Workers workers{2};
  std::vector<std::shared_ptr<Task>> tasks;
  for (int i = 0; i < 1000; ++i) tasks.push_back(std::make_shared<Counting>(count));
  for (const auto& task : tasks) workers.begin(task);
  for (const auto& task : tasks) task->finish();
  EXPECT_EQ(count, 1000);
}

TEST(Workers, ATaskThatNobodyBeganIsDoneByWhoAsks) {
  std::atomic<int> count{0};
  Counting task{count};
  task.finish();
  task.finish();
  EXPECT_EQ(count, 1);
}

TEST(Workers, ManyThreadsMayAskForTheSameTask) {
  std::atomic<int> count{0};
  Workers workers{2};
  for (int round = 0; round < 100; ++round) {
    const auto task = std::make_shared<Counting>(count);
    std::latch start{3};
    const auto ask = [&] {
      start.arrive_and_wait();
      task->finish();
    };
    std::thread first{ask};
    std::thread second{ask};
    workers.begin(task);
    ask();
    first.join();
    second.join();
    EXPECT_EQ(count, round + 1);
  }
}

TEST(Workers, WhatNobodyWillAskForIsNotDone) {
  class Blocking final : public Task {
   public:
    std::latch begun{1}, may_end{1};

   private:
    void work() override {
      begun.count_down();
      may_end.wait();
    }
  };
  std::atomic<int> count{0};
  Workers workers{1};
  const auto blocking = std::make_shared<Blocking>();
  workers.begin(blocking);
  blocking->begun.wait();
  workers.begin(std::make_shared<Counting>(count));
  const auto last = std::make_shared<Counting>(count);
  workers.begin(last);
  blocking->may_end.count_down();
  last->finish();
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace pennypost::store
