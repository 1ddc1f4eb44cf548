// Folder states and views: what a session is told, when, and that blocks are shared. Two Stores on one database stand
// for two server processes.
#include "server/store/folder_state.h"

#include <thread>

#include <gmock/gmock.h>

#include "server/store/connection.h"
#include "server/store/store_test_support.h"

namespace pennypost::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

UidSet uids(std::initializer_list<std::uint32_t> list) {
  UidSet set;
  for (const auto n : list) set.add(Uid{n});
  return set;
}

// Waits for what comes by NOTIFY.
template <typename F>
bool eventually(const F& holds) {
  for (int i = 0; i < 500; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

std::vector<std::uint32_t> all_uids(const FolderView& view) {
  std::vector<std::uint32_t> all;
  view.now().for_each(1, view.exists(), [&](Msn msn, const FolderRow& row) {
    EXPECT_EQ(view.now().row(msn).uid, row.uid);
    EXPECT_EQ(view.now().msn(row.uid), msn);
    all.push_back(number(row.uid));
    return true;
  });
  return all;
}

TEST(FolderView, TwoViewsSeeEachOthersChangesAtTheirNextSync) {
  WithAnn w;
  for (int i = 0; i < 4; ++i) w.put(kSmall);
  auto one = w.store->states().open(w.inbox, Access::read_write);
  auto two = w.store->states().open(w.inbox, Access::read_write);
  ASSERT_OK(one);
  ASSERT_OK(two);
  EXPECT_EQ(one->recent(), 4U) << "the first session gets the recent messages";
  EXPECT_EQ(two->recent(), 0U);
  ASSERT_OK(w.store->messages().store_flags(w.inbox, uids({3}), {FlagOp::add, Flag::seen, {"New"}}));
  ASSERT_OK(w.store->messages().remove(w.inbox, uids({1, 2})));
  w.put(kSmall);
  EXPECT_TRUE(one->is_behind());
  EXPECT_EQ(one->exists(), 4U) << "a view changes in sync only";
  auto changes = one->sync(Expunges::allowed);
  ASSERT_OK(changes);
  ASSERT_EQ(changes->expunged.size(), 2U);
  EXPECT_EQ(changes->expunged[0].msn, 1U);
  EXPECT_EQ(changes->expunged[1].msn, 1U) << "the second one has moved up when the first is told";
  EXPECT_THAT(changes->flags_changed, ElementsAre(1U));
  EXPECT_TRUE(changes->keywords_changed);
  EXPECT_EQ(changes->arrived, 1U);
  EXPECT_EQ(changes->exists, 3U);
  EXPECT_THAT(all_uids(*one), ElementsAre(3U, 4U, 5U));
  EXPECT_THAT(all_uids(*two), ElementsAre(1U, 2U, 3U, 4U));
  EXPECT_TRUE(one->sync(Expunges::allowed)->empty());
}

TEST(FolderView, MessagesThatAreGoneKeepTheirNumbersWhileExpungesMayNotBeTold) {
  WithAnn w;
  for (int i = 0; i < 4; ++i) w.put(kSmall);
  auto view = w.store->states().open(w.inbox, Access::read_write);
  ASSERT_OK(view);
  ASSERT_OK(w.store->messages().remove(w.inbox, uids({2})));
  w.put(kSmall);
  auto changes = view->sync(Expunges::not_now);
  ASSERT_OK(changes);
  EXPECT_TRUE(changes->expunged.empty());
  EXPECT_EQ(changes->arrived, 1U);
  EXPECT_THAT(all_uids(*view), ElementsAre(1U, 2U, 3U, 4U, 5U));
  ASSERT_OK(w.store->messages().store_flags(w.inbox, uids({3}), {FlagOp::add, Flag::flagged, {}}));
  changes = view->sync(Expunges::not_now);
  ASSERT_OK(changes);
  EXPECT_THAT(changes->flags_changed, ElementsAre(3U));
  changes = view->sync(Expunges::allowed);
  ASSERT_OK(changes);
  ASSERT_EQ(changes->expunged.size(), 1U);
  EXPECT_EQ(changes->expunged[0].msn, 2U);
  EXPECT_THAT(all_uids(*view), ElementsAre(1U, 3U, 4U, 5U));
}

TEST(FolderView, FlagsThatTheSessionHasToldItselfAreNotReportedAgain) {
  WithAnn w;
  for (int i = 0; i < 2; ++i) w.put(kSmall);
  auto view = w.store->states().open(w.inbox, Access::read_write);
  ASSERT_OK(view);
  auto stored = w.store->messages().store_flags(w.inbox, uids({1}), {FlagOp::add, Flag::seen, {}});
  ASSERT_OK(stored);
  view->told(stored->changed, stored->mod_seq);
  EXPECT_TRUE(view->sync(Expunges::allowed)->empty());
  EXPECT_TRUE(view->now().row(1).flags.has(Flag::seen));
  ASSERT_OK(w.store->messages().store_flags(w.inbox, uids({1}), {FlagOp::remove, Flag::seen, {}}));
  EXPECT_EQ(view->sync(Expunges::allowed)->flags_changed.size(), 1U) << "another change of the same message is news";
}

TEST(FolderView, AChangeOfOneMessageLeavesAllOtherBlocksShared) {
  WithAnn w;
  auto connection = Connection::open(w.connection);
  ASSERT_OK(connection);
  const auto body = w.put(kSmall);
  ASSERT_EQ(body, Uid{1});
  const auto folder = std::to_string(number(w.inbox));
  ASSERT_OK((*connection)
                ->execute(("INSERT INTO messages.messages (folderid, uid, bodyid, modseq, internaldate, size) "
                           "SELECT folderid, g, bodyid, 3, internaldate, size FROM messages.messages, "
                           "generate_series(2, 5000) g WHERE folderid = " +
                           folder +
                           "; UPDATE messages.folders SET uidnext = 5001, modseq = 3, count = 5000 WHERE folderid = " +
                           folder)
                              .c_str()));
  w.store.reset();
  w.store = TestCluster::instance().connect(w.connection);
  auto view = w.store->states().open(w.inbox, Access::read_only);
  ASSERT_OK(view);
  ASSERT_EQ(view->exists(), 5000U);
  const auto* first = &view->now().row(1);
  const auto* middle = &view->now().row(2500);
  const auto* last = &view->now().row(5000);
  ASSERT_OK(w.store->messages().store_flags(w.inbox, uids({2500}), {FlagOp::add, Flag::seen, {}}));
  w.put(kSmall);
  auto changes = view->sync(Expunges::allowed);
  ASSERT_OK(changes);
  EXPECT_THAT(changes->flags_changed, ElementsAre(2500U));
  EXPECT_EQ(changes->arrived, 1U);
  EXPECT_EQ(first, &view->now().row(1)) << "shared";
  EXPECT_NE(middle, &view->now().row(2500)) << "copied";
  EXPECT_NE(last, &view->now().row(5000)) << "copied: a message was added behind it";
  ASSERT_OK(w.store->messages().remove(w.inbox, UidSet::range(Uid{100}, Uid{4900})));
  changes = view->sync(Expunges::allowed);
  ASSERT_OK(changes);
  EXPECT_EQ(changes->expunged.size(), 4801U);
  EXPECT_EQ(view->exists(), 200U);
  EXPECT_EQ(all_uids(*view).size(), 200U);
}

TEST(FolderView, ChangesOfAnotherProcessArriveByNotify) {
  WithAnn w;
  auto other = TestCluster::instance().connect(w.connection);
  w.put(kSmall);
  auto view = w.store->states().open(w.inbox, Access::read_write);
  ASSERT_OK(view);
  std::atomic<int> signals{0};
  auto subscription = w.store->news().on_folder(w.inbox, [&] { ++signals; });
  const auto body = body_of(kSmall);
  ASSERT_OK(other->writer().deliver(one_letter(body, w.inbox)));
  ASSERT_TRUE(eventually([&] { return signals > 0 && view->is_behind(); }));
  EXPECT_EQ(view->sync(Expunges::allowed)->arrived, 1U);
  ASSERT_OK(other->messages().store_flags(w.inbox, uids({1}), {FlagOp::add, Flag::deleted, {"Kw"}}));
  ASSERT_OK(w.store->messages().store_flags(w.inbox, uids({2}), {FlagOp::add, Flag::seen, {}}));
  ASSERT_OK(other->messages().expunge(w.inbox));
  ASSERT_TRUE(eventually([&] {
    auto changes = view->sync(Expunges::allowed);
    return changes && view->exists() == 1;
  }));
  EXPECT_EQ(view->now().row(1).uid, Uid{2});
  EXPECT_TRUE(view->now().row(1).flags.has(Flag::seen));
}

TEST(FolderView, ChangesOfAProcessThatEndsAtOnceArriveToo) {  // a command beside the server
  WithAnn w;
  auto view = w.store->states().open(w.inbox, Access::read_write);
  ASSERT_OK(view);
  const auto body = body_of(kSmall);
  for (unsigned round = 1; round <= 5; ++round) {
    ASSERT_OK(TestCluster::instance().connect(w.connection)->writer().deliver(one_letter(body, w.inbox)));
    ASSERT_TRUE(eventually([&] { return view->is_behind(); })) << round;
    EXPECT_EQ(view->sync(Expunges::allowed)->arrived, 1U);
  }
}

TEST(FolderView, ARemovedFolderIsToldToThoseWhoHaveItOpen) {
  WithAnn w;
  auto made = w.store->folders().create(w.ann.id, "Short");
  ASSERT_OK(made);
  auto view = w.store->states().open(made->id, Access::read_write);
  ASSERT_OK(view);
  auto other = TestCluster::instance().connect(w.connection);
  ASSERT_OK(other->folders().remove(w.ann.id, "Short"));
  EXPECT_TRUE(eventually([&] {
    auto changes = view->sync(Expunges::allowed);
    return changes && changes->folder_gone;
  }));
}

TEST(FolderView, ARemovedAccountIsToldToItsOpenSessionsHereAndElsewhere) {
  WithAnn w;
  w.put(kSmall);
  auto other = TestCluster::instance().connect(w.connection);
  auto here = w.store->states().open(w.inbox, Access::read_write);
  auto elsewhere = other->states().open(w.inbox, Access::read_write);
  ASSERT_OK(here);
  ASSERT_OK(elsewhere);
  ASSERT_OK(w.store->accounts().remove(w.ann.id));
  EXPECT_TRUE(here->sync(Expunges::allowed)->folder_gone);
  EXPECT_TRUE(eventually([&] {
    auto changes = elsewhere->sync(Expunges::allowed);
    return changes && changes->folder_gone;
  }));
}

TEST(FolderView, WithManyWritersEveryViewEndsWithTheSameMessages) {
  WithAnn w;
  auto other = TestCluster::instance().connect(w.connection);
  auto view = w.store->states().open(w.inbox, Access::read_write);
  auto other_view = other->states().open(w.inbox, Access::read_write);
  ASSERT_OK(view);
  ASSERT_OK(other_view);
  std::vector<std::thread> threads;
  std::atomic<bool> stop{false};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      auto& store = t % 2 == 0 ? *w.store : *other;
      for (int i = 0; i < 25; ++i) {
        const auto body = body_of(kSmall);
        auto done = store.writer().deliver(one_letter(body, w.inbox));
        EXPECT_OK(done);
        if (!done) continue;
        const auto uid = number(done->letters[0].mailboxes[0].uid);
        if (uid % 3 == 0) {
          EXPECT_OK(store.messages().remove(w.inbox, uids({uid})));
        } else if (uid % 3 == 1) {
          EXPECT_OK(store.messages().store_flags(w.inbox, uids({uid}), {FlagOp::add, Flag::seen, {}}));
        }
      }
    });
  std::thread reader{[&] {
    std::uint32_t expected = view->exists();
    while (!stop) {
      auto changes = view->sync(expected % 2 == 0 ? Expunges::allowed : Expunges::not_now);
      EXPECT_OK(changes);
      if (!changes) continue;
      expected = expected - static_cast<std::uint32_t>(changes->expunged.size()) + changes->arrived;
      EXPECT_EQ(expected, view->exists()) << "what is told adds up to what is there";
    }
  }};
  for (auto& t : threads) t.join();
  stop = true;
  reader.join();
  std::vector<std::uint32_t> left;
  for (std::uint32_t uid = 1; uid <= 100; ++uid)
    if (uid % 3 != 0) left.push_back(uid);
  for (FolderView* v : {&*view, &*other_view})  // their number alone is right before the end, too
    EXPECT_TRUE(eventually([&] { return v->sync(Expunges::allowed) && all_uids(*v) == left; }));
  EXPECT_EQ(*w.store->folders().recount(w.ann.id), 0);
}

TEST(UidSet, HoldsSortedRangesThatDoNotTouch) {
  UidSet set;
  for (const auto n : {5U, 1U, 3U, 2U, 9U, 4U, 0U}) set.add(Uid{n});
  EXPECT_THAT(set.ranges(), ElementsAre(UidRange{Uid{1}, Uid{5}}, UidRange{Uid{9}, Uid{9}}));
  set.add(Uid{20}, Uid{7});
  EXPECT_THAT(set.ranges(), ElementsAre(UidRange{Uid{1}, Uid{5}}, UidRange{Uid{7}, Uid{20}}));
  set.add(Uid{6});
  EXPECT_EQ(set.count(), 20U);
  EXPECT_TRUE(set.contains(Uid{20}));
  EXPECT_FALSE(set.contains(Uid{21}));
  set.add(Uid{0xFFFFFFFFU});
  EXPECT_EQ(set.ranges().size(), 2U);
  EXPECT_EQ(UidSet::all().count(), 0xFFFFFFFFULL);
}

}  // namespace
}  // namespace pennypost::store
