#include "server/store/spam_learning.h"

#include <thread>

#include "server/store/spam_filter.h"
#include "server/store/store_test_support.h"

namespace pennypost::store {
namespace {

Lesson lesson(Lesson::Act act, bool spam, std::string name, std::vector<std::int64_t> tokens) {
  Lesson made;
  made.act = act;
  made.spam = spam;
  made.digest = std::move(name);
  made.tokens = std::move(tokens);
  return made;
}
Lesson learn(bool spam, std::string name, std::vector<std::int64_t> tokens = {1, 2}) {
  return lesson(Lesson::Act::learn, spam, std::move(name), std::move(tokens));
}
Lesson unlearn(bool spam, std::string name, std::vector<std::int64_t> tokens = {1, 2}) {
  return lesson(Lesson::Act::unlearn, spam, std::move(name), std::move(tokens));
}
constexpr bool kHam = false, kSpam = true;

struct WithLearning {
  std::unique_ptr<Store> store = TestCluster::instance().store();
  SpamLearning learning{store->database()};
  std::string apply(const std::vector<Lesson>& lessons) {
    const auto done = learning.apply(lessons);
    if (!done) return done.error().for_log;
    return std::to_string(done->learned) + " learned, " + std::to_string(done->unlearned) + " unlearned, " +
           std::to_string(done->changed) + " changed, " + std::to_string(done->without_effect) + " without effect";
  }
  /// "ham/spam of messages; ham/spam of each token asked for"
  std::string counts(std::initializer_list<std::int64_t> tokens) {
    const auto size = store->spam_filter().bayes_size();
    std::string out = std::to_string(size->ham) + "/" + std::to_string(size->spam) + ";";
    for (const auto token : tokens) {
      const auto known = store->spam_filter().tokens(std::array{token});
      if (known->tokens.empty())
        out += " 0/0";
      else
        out += " " + std::to_string(known->tokens[0].ham) + "/" + std::to_string(known->tokens[0].spam);
    }
    return out;
  }
};

TEST(SpamLearning, AMessageCountsOnceAsEachKind) {
  WithLearning w;
  EXPECT_EQ(w.apply({learn(kSpam, "a", {-5, 1, 2})}), "1 learned, 0 unlearned, 0 changed, 0 without effect");
  EXPECT_EQ(w.apply({learn(kSpam, "a", {-5, 1, 2})}), "0 learned, 0 unlearned, 0 changed, 1 without effect");
  EXPECT_EQ(w.apply({learn(kHam, "b", {2, 3})}), "1 learned, 0 unlearned, 0 changed, 0 without effect");
  EXPECT_EQ(w.counts({-5, 1, 2, 3}), "1/1; 0/1 0/1 1/1 1/0");
}

TEST(SpamLearning, LearningAsTheOtherKindUnlearnsFirst) {
  WithLearning w;
  w.apply({learn(kHam, "a")});
  EXPECT_EQ(w.apply({learn(kSpam, "a")}), "0 learned, 0 unlearned, 1 changed, 0 without effect");
  EXPECT_EQ(w.counts({1, 2}), "0/1; 0/1 0/1");
}

TEST(SpamLearning, WhatWasNeverLearnedCannotBeUnlearned) {  // spec 11 section 1.4
  WithLearning w;
  w.apply({learn(kHam, "a")});
  EXPECT_EQ(w.apply({unlearn(kHam, "b"), unlearn(kSpam, "a")}), "0 learned, 0 unlearned, 0 changed, 2 without effect");
  EXPECT_EQ(w.counts({1}), "1/0; 1/0");
  EXPECT_EQ(w.apply({unlearn(kHam, "a"), unlearn(kHam, "a")}), "0 learned, 1 unlearned, 0 changed, 1 without effect");
  EXPECT_EQ(w.counts({1}), "0/0; 0/0");
}

TEST(SpamLearning, NoCountGoesBelowZeroWhenTheWordsAreNotThoseThatWereLearned) {
  WithLearning w;
  w.apply({learn(kHam, "a", {1, 2})});
  w.apply({unlearn(kHam, "a", {2, 3})});
  EXPECT_EQ(w.counts({1, 2, 3}), "0/0; 1/0 0/0 0/0");
}

TEST(SpamLearning, LessonsOfOneBatchSeeEachOther) {
  WithLearning w;
  EXPECT_EQ(w.apply({learn(kHam, "a"), unlearn(kHam, "a"), learn(kSpam, "a"), learn(kSpam, "a"), learn(kHam, "a")}),
            "2 learned, 1 unlearned, 1 changed, 1 without effect");
  EXPECT_EQ(w.counts({1}), "1/0; 1/0");
  w.apply({learn(kHam, "b"), unlearn(kHam, "b")});
  EXPECT_EQ(w.counts({1}), "1/0; 1/0");
}

TEST(SpamLearning, AForwardSpeaksOfTheMessageThatItForwards) {  // spec 11 section 6
  struct Row {
    const char* what;
    std::int64_t id, subject;  // of the original
    std::vector<std::int64_t> about;
    std::int64_t forwarded_subject;
    const char* counts;
  };
  for (const Row& row :
       {Row{"by Message-ID", 7, 0, {9, 7}, 0, "0/1; 0/1 0/0"}, Row{"by subject", 0, 5, {9}, 5, "0/1; 0/1 0/0"},
        Row{"not found", 7, 5, {9}, 6, "1/1; 1/1 1/0"}, Row{"no subject", 0, 0, {}, 0, "1/1; 1/1 1/0"}}) {
    SCOPED_TRACE(row.what);
    for (const bool at_once : {true, false}) {
      WithLearning w;
      auto original = learn(kHam, "original", {1, 2});
      original.message_id = row.id;
      original.subject = row.subject;
      auto less = unlearn(kHam, "forward", {1, 2}), more = learn(kSpam, "forward", {1, 3});
      for (auto* one : {&less, &more}) {
        one->is_forward = true;
        one->about = row.about;
        one->subject = row.forwarded_subject;
        one->message_id = 20;
      }
      if (at_once) {
        w.apply({original, less, more});
      } else {
        w.apply({original});
        w.apply({less, more});
      }
      EXPECT_EQ(w.counts({1, 2}), row.counts);
      w.apply({less, more});
      EXPECT_EQ(w.counts({1, 2}), row.counts) << "forwarded twice";
    }
  }
}

TEST(SpamLearning, OldMessagesAreForgottenAndTheirWordsStay) {
  WithLearning w;
  w.apply({learn(kSpam, "a")});
  EXPECT_EQ(*w.learning.forget(Seconds{3600}), 0);
  EXPECT_EQ(*w.learning.forget(Seconds{-1}), 1);
  EXPECT_EQ(w.counts({1}), "0/1; 0/1");
  EXPECT_EQ(w.apply({unlearn(kSpam, "a")}), "0 learned, 0 unlearned, 0 changed, 1 without effect");
}

TEST(SpamLearning, MessagesLearnedAtTheSameTimeAreAllCountedAndEachOnce) {
  WithLearning w;
  std::vector<std::int64_t> tokens;
  for (std::int64_t t = 0; t < 200; ++t) tokens.push_back(t);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 10; ++k) {
        const std::array lessons{learn(kHam, std::to_string(i) + "." + std::to_string(k), tokens),
                                 learn(kHam, "same " + std::to_string(k), tokens)};
        EXPECT_OK(w.learning.apply(lessons));
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(w.store->spam_filter().bayes_size()->ham, 50);
  const auto known = w.store->spam_filter().tokens(tokens);
  ASSERT_OK(known);
  EXPECT_EQ(known->tokens.size(), tokens.size());
  for (const auto& token : known->tokens) EXPECT_EQ(token.ham, 50);
}

}  // namespace
}  // namespace pennypost::store
