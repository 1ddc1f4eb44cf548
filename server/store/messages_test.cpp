// Messages in folders: delivery, reading, flags, copies, removal, and the counters that are stored with the folder.
#include <fstream>
#include <thread>

#include <gmock/gmock.h>

#include "server/store/connection.h"
#include "server/store/store_test_support.h"

namespace pennypost::store {
namespace {

using testing::ElementsAre;
using testing::Pair;

UidSet uids(std::initializer_list<std::uint32_t> list) {
  UidSet set;
  for (const auto n : list) set.add(Uid{n});
  return set;
}

TEST(Messages, WhatIsDeliveredIsReadBackOctetForOctet) {
  WithAnn w;
  const std::string nul{"a\0b\r\n", 5};
  for (const auto& [what, octets] :
       std::vector<std::pair<std::string, std::string>>{{"small", kSmall},
                                                        {"empty", ""},
                                                        {"no header end", "Subject: x"},
                                                        {"all octets",
                                                         [] {
                                                           std::string all = "X: y\r\n\r\n";
                                                           for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
                                                           return all;
                                                         }()},
                                                        {"NUL", nul},
                                                        {"one chunk to the octet", std::string(256 * 1024, 'x')},
                                                        {"one octet more", std::string(256 * 1024 + 1, 'y')},
                                                        {"several chunks", std::string(3 * 256 * 1024 + 77, 'z')}}) {
    SCOPED_TRACE(what);
    const auto uid = w.put(octets);
    EXPECT_EQ(w.read(uid), octets);
  }
}

TEST(Messages, ThePrefixStandsBeforeTheSharedBodyAndCountsInTheSize) {
  WithAnn w;
  const std::string prefix = "Return-Path: <x@example.org>\r\n";
  const auto uid = w.put(kSmall, {}, prefix);
  EXPECT_EQ(w.read(uid), prefix + kSmall);
  auto snapshot = w.store->states().peek(w.inbox);
  ASSERT_OK(snapshot);
  EXPECT_EQ((*snapshot)->row(1).size, prefix.size() + kSmall.size());
  int calls = 0;
  ASSERT_OK(w.store->messages().fetch(w.inbox, std::array{uid},
                                      Columns::header | Columns::envelope | Columns::prefix | Columns::parts |
                                          Columns::summary | Columns::uidl | Columns::bodystructure,
                                      [&](const Fetched& f) {
                                        ++calls;
                                        EXPECT_EQ(f.header, prefix + kSmall.substr(0, kSmall.find("\r\n\r\n") + 4));
                                        EXPECT_EQ(f.envelope, "(envelope)");
                                        EXPECT_EQ(f.bodystructure, "(structure)");
                                        EXPECT_EQ(f.parts, std::string_view("\1\0\2", 3));
                                        EXPECT_EQ(f.prefix, prefix);
                                        EXPECT_EQ(f.subject, "subject");
                                        EXPECT_FALSE(f.uidl.empty());
                                        EXPECT_EQ(f.size.count,
                                                  static_cast<std::int64_t>(prefix.size() + kSmall.size()));
                                        return true;
                                      }));
  EXPECT_EQ(calls, 1);
}

TEST(Messages, ARangeOfAMessageIsTheSameOctetsAsThatPartOfTheWhole) {
  WithAnn w;
  std::string octets = "Subject: long\r\n\r\n";
  while (octets.size() < 700'000) octets += std::to_string(octets.size()) + "\r\n";
  const std::string prefix = "Return-Path: <>\r\n";
  const auto uid = w.put(octets, {}, prefix);
  const auto whole = prefix + octets;
  for (const auto& [first, most] : std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 10},
                                                                                      {0, 0},
                                                                                      {5, 20},
                                                                                      {17, 262'144},
                                                                                      {262'100, 100},
                                                                                      {262'160, 1},
                                                                                      {262'161, 300'000},
                                                                                      {600'000, 1'000'000},
                                                                                      {1'000'000, 5},
                                                                                      {0, INT64_MAX},
                                                                                      {300'000, INT64_MAX}}) {
    SCOPED_TRACE(std::to_string(first) + "+" + std::to_string(most));
    std::string got;
    std::int64_t size = -1;
    ASSERT_OK(w.store->messages().fetch_octets(w.inbox, std::array{uid},
                                               [&](const Piece& p) {
                                                 EXPECT_EQ(p.offset.count, static_cast<std::int64_t>(got.size()));
                                                 size = p.size.count;
                                                 got += p.octets;
                                                 return true;
                                               },
                                               {first}, {most}));
    const auto begin = std::min<std::size_t>(static_cast<std::size_t>(first), whole.size());
    EXPECT_EQ(got, whole.substr(begin, static_cast<std::size_t>(std::min<std::int64_t>(most, 10'000'000))));
    EXPECT_EQ(size, static_cast<std::int64_t>(got.size()));
  }
}

TEST(Messages, ManyAreFetchedInTheAskedOrderAndGoneOnesAreLeftOut) {
  WithAnn w;
  for (int i = 0; i < 30; ++i) w.put("Subject: " + std::to_string(i) + "\r\n\r\nbody " + std::to_string(i));
  ASSERT_OK(w.store->messages().remove(w.inbox, uids({7})));
  std::vector<std::uint32_t> seen;
  const std::array asked{Uid{30}, Uid{1}, Uid{7}, Uid{9}, Uid{99}};
  ASSERT_OK(w.store->messages().fetch_octets(w.inbox, asked, [&](const Piece& p) {
    seen.push_back(number(p.uid));
    EXPECT_TRUE(p.octets.ends_with("body " + std::to_string(number(p.uid) - 1)));
    return true;
  }));
  EXPECT_THAT(seen, ElementsAre(30U, 1U, 9U));
  seen.clear();
  ASSERT_OK(w.store->messages().fetch(w.inbox, asked, Columns::envelope, [&](const Fetched& f) {
    seen.push_back(number(f.uid));
    return seen.size() < 2;
  }));
  EXPECT_THAT(seen, ElementsAre(30U, 1U));
}

TEST(Messages, OneBodyServesAllRecipientsAndGoesWhenTheLastCopyGoes) {
  WithAnn w;
  auto bob = w.store->accounts().create({.name = "bob"});
  ASSERT_OK(bob);
  const auto bobs = w.store->folders().find(bob->id, "INBOX")->id;
  const auto body = body_of(kSmall);
  auto delivery = one_letter(body, w.inbox, {}, "To-Ann: 1\r\n");
  delivery.letters[0].mailboxes.push_back({.folder = bobs, .prefix = "To-Bob: 1\r\n"});
  auto done = w.store->writer().deliver(delivery);
  ASSERT_OK(done);
  const auto id = done->letters[0].body;
  EXPECT_EQ(w.read(Uid{1}), "To-Ann: 1\r\n" + kSmall);
  ASSERT_OK(w.store->messages().remove(w.inbox, UidSet::all()));
  ASSERT_OK(w.store->maintain());
  EXPECT_OK(w.store->messages().body_text(id, {0}, {INT64_MAX}));
  ASSERT_OK(w.store->messages().remove(bobs, UidSet::all()));
  ASSERT_OK(w.store->maintain());
  auto gone = w.store->messages().body_text(id, {0}, {INT64_MAX});
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().kind, Kind::not_found);
}

TEST(Messages, FlagsAreAddedRemovedAndReplacedAndTheUnreadCounterFollows) {
  WithAnn w;
  for (int i = 0; i < 3; ++i) w.put(kSmall);
  auto& messages = w.store->messages();
  const auto unread = [&] { return w.store->folders().find(w.inbox)->unread; };
  EXPECT_EQ(unread(), 3);
  auto stored =
      messages.store_flags(w.inbox, uids({1, 2}), {FlagOp::add, Flag::seen | Flag::flagged, {"Work", "$Label1"}});
  ASSERT_OK(stored);
  EXPECT_THAT(stored->changed, ElementsAre(Uid{1}, Uid{2}));
  EXPECT_EQ(unread(), 1);
  stored = messages.store_flags(w.inbox, uids({1, 2}), {FlagOp::add, Flag::seen, {"WORK"}});
  ASSERT_OK(stored);
  EXPECT_TRUE(stored->changed.empty()) << "the same flags again are no change";
  stored = messages.store_flags(w.inbox, uids({1}), {FlagOp::remove, Flag::seen, {"work"}});
  ASSERT_OK(stored);
  EXPECT_EQ(unread(), 2);
  stored = messages.store_flags(w.inbox, uids({2}), {FlagOp::replace, Flag::answered, {}});
  ASSERT_OK(stored);
  auto now = w.store->states().peek(w.inbox);
  ASSERT_OK(now);
  EXPECT_EQ((*now)->row(1).flags, Flags{Flag::flagged});
  EXPECT_THAT((*now)->keywords((*now)->row(1)), ElementsAre("$Label1"));
  EXPECT_EQ((*now)->row(2).flags, Flags{Flag::answered});
  EXPECT_TRUE((*now)->keywords((*now)->row(2)).empty());
  auto wrong = w.store->folders().recount(w.ann.id);
  ASSERT_OK(wrong);
  EXPECT_EQ(*wrong, 0) << "the stored counters agree with the messages";
}

TEST(Messages, AStoreWithUnchangedSinceLeavesNewerMessagesAlone) {
  WithAnn w;
  for (int i = 0; i < 2; ++i) w.put(kSmall);
  auto first = w.store->messages().store_flags(w.inbox, uids({1}), {FlagOp::add, Flag::seen, {}});
  ASSERT_OK(first);
  auto second = w.store->messages().store_flags(w.inbox, uids({1, 2}), {FlagOp::add, Flag::flagged, {}},
                                                static_cast<ModSeq>(number(first->mod_seq) - 1));
  ASSERT_OK(second);
  EXPECT_THAT(second->changed, ElementsAre(Uid{2}));
  EXPECT_THAT(second->modified, ElementsAre(Uid{1}));
}

TEST(Messages, ACopyKeepsFlagsDateAndOctetsUnderANewUid) {
  WithAnn w;
  w.put(kSmall);
  w.put("Subject: two\r\n\r\n", Flag::seen);
  ASSERT_OK(w.store->messages().store_flags(w.inbox, uids({2}), {FlagOp::add, Flag::flagged, {"Word"}}));
  auto copied = w.store->messages().copy(w.inbox, UidSet::all(), w.trash);
  ASSERT_OK(copied);
  EXPECT_THAT(copied->uids, ElementsAre(Pair(Uid{1}, Uid{1}), Pair(Uid{2}, Uid{2})));
  EXPECT_EQ(copied->uid_validity, w.store->folders().find(w.trash)->uid_validity);
  auto from = *w.store->states().peek(w.inbox);
  auto to = *w.store->states().peek(w.trash);
  ASSERT_EQ(to->exists(), 2U);
  EXPECT_EQ(to->row(2).flags, from->row(2).flags);
  EXPECT_EQ(to->row(2).internal_date, from->row(2).internal_date);
  EXPECT_EQ(to->row(2).body, from->row(2).body);
  EXPECT_THAT(to->keywords(to->row(2)), ElementsAre("Word"));
  auto same = w.store->messages().copy(w.inbox, UidSet::all(), w.inbox);
  ASSERT_OK(same);
  EXPECT_THAT(same->uids, ElementsAre(Pair(Uid{1}, Uid{3}), Pair(Uid{2}, Uid{4})));
  EXPECT_EQ(*w.store->folders().recount(w.ann.id), 0);
}

TEST(Messages, AMoveTakesThemAwayAndAMoveIntoTheSameFolderGivesNewUids) {
  WithAnn w;
  for (int i = 0; i < 3; ++i) w.put(kSmall);
  auto moved = w.store->messages().move(w.inbox, uids({1, 3, 50}), w.trash);
  ASSERT_OK(moved);
  EXPECT_THAT(moved->uids, ElementsAre(Pair(Uid{1}, Uid{1}), Pair(Uid{3}, Uid{2})));
  EXPECT_EQ((*w.store->states().peek(w.inbox))->exists(), 1U);
  auto same = w.store->messages().move(w.inbox, UidSet::all(), w.inbox);
  ASSERT_OK(same);
  EXPECT_THAT(same->uids, ElementsAre(Pair(Uid{2}, Uid{4})));
  EXPECT_EQ((*w.store->states().peek(w.inbox))->exists(), 1U);
  auto none = w.store->messages().move(w.inbox, uids({77}), w.trash);
  ASSERT_OK(none);
  EXPECT_TRUE(none->uids.empty());
  EXPECT_EQ(*w.store->folders().recount(w.ann.id), 0);
}

TEST(Messages, ExpungeRemovesOnlyWhatCarriesDeletedAndOfThatOnlyTheNamedUids) {
  WithAnn w;
  for (int i = 0; i < 5; ++i) w.put(kSmall);
  ASSERT_OK(w.store->messages().store_flags(w.inbox, uids({1, 3, 5}), {FlagOp::add, Flag::deleted, {}}));
  const auto only = uids({2, 3});
  auto gone = w.store->messages().expunge(w.inbox, &only);
  ASSERT_OK(gone);
  EXPECT_THAT(*gone, ElementsAre(Uid{3}));
  gone = w.store->messages().expunge(w.inbox);
  ASSERT_OK(gone);
  EXPECT_THAT(*gone, ElementsAre(Uid{1}, Uid{5}));
  const auto folder = w.store->folders().find(w.inbox);
  EXPECT_EQ(folder->count, 2);
  EXPECT_EQ(folder->size.count, static_cast<std::int64_t>(2 * kSmall.size()));
  EXPECT_EQ(*w.store->folders().recount(w.ann.id), 0);
}

TEST(Messages, AHeldMessageIsInNobodysSightAndComesBackUnderANewUid) {
  WithAnn w;
  for (int i = 0; i < 2; ++i) w.put(kSmall);
  auto held = w.store->messages().hold(w.inbox, uids({1}));
  ASSERT_OK(held);
  EXPECT_EQ(*held, 1);
  EXPECT_EQ((*w.store->states().peek(w.inbox))->exists(), 1U);
  EXPECT_EQ(w.read(Uid{1}), "");
  EXPECT_EQ(w.store->messages().maildrop(w.inbox)->size(), 1U);
  auto released = w.store->messages().release(w.inbox);
  ASSERT_OK(released);
  EXPECT_EQ(*released, 1);
  EXPECT_EQ((*w.store->states().peek(w.inbox))->row(2).uid, Uid{3});
  EXPECT_EQ(*w.store->folders().recount(w.ann.id), 0);
}

TEST(Messages, ChangesOfAFolderThatIsGoneAreNotFound) {
  WithAnn w;
  const FolderId gone{999'999};
  EXPECT_EQ(w.store->messages().store_flags(gone, UidSet::all(), {}).error().kind, Kind::not_found);
  EXPECT_EQ(w.store->messages().copy(w.inbox, UidSet::all(), gone).error().kind, Kind::not_found);
  EXPECT_EQ(w.store->messages().move(w.inbox, UidSet::all(), gone).error().kind, Kind::not_found);
  EXPECT_EQ(w.store->messages().expunge(gone).error().kind, Kind::not_found);
  EXPECT_EQ(w.store->states().open(gone, Access::read_only).error().kind, Kind::not_found);
}

TEST(Delivery, ManyAtOnceGetUidsWithoutGapsAndNoneIsLost) {
  WithAnn w;
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::uint32_t> given;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto octets = "Subject: " + std::to_string(t) + "." + std::to_string(i) + "\r\n\r\nx";
        const auto uid = w.put(octets);
        EXPECT_EQ(w.read(uid), octets);
        const std::lock_guard lock{mutex};
        EXPECT_TRUE(given.insert(number(uid)).second);
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(given.size(), static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(*given.rbegin(), static_cast<std::uint32_t>(kThreads * kEach));
  EXPECT_EQ((*w.store->states().peek(w.inbox))->exists(), static_cast<std::uint32_t>(kThreads * kEach));
  EXPECT_EQ(*w.store->folders().recount(w.ann.id), 0);
}

TEST(Delivery, OneThatFailsInABatchFailsAlone) {
  WithAnn w;
  std::vector<std::thread> threads;
  std::atomic<int> stored{0};
  std::atomic<int> failed{0};
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const auto body = body_of(kSmall);
        const bool bad = (t + i) % 7 == 0;
        auto done = w.store->writer().deliver(one_letter(body, bad ? FolderId{123'456} : w.inbox));
        if (bad) {
          EXPECT_FALSE(done.ok());
          EXPECT_EQ(done.error().kind, Kind::not_found);
          ++failed;
        } else {
          EXPECT_OK(done);
          ++stored;
        }
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_GT(failed.load(), 0);
  EXPECT_EQ(w.store->folders().find(w.inbox)->count, stored.load());
}

TEST(Delivery, MailboxesQueueAndTraceAreOneCommit) {
  WithAnn w;
  const auto body = body_of(kSmall);
  auto delivery = one_letter(body, w.inbox);
  QueueEntry entry;
  entry.return_path = "ann@example.com";
  entry.recipients = {{"x@example.net", "FAILURE", "rfc822;x@example.net"}, {"y@example.net", "", ""}};
  delivery.letters[0].queue.push_back(entry);
  delivery.trace = {"t-1", "<id@example.com>", {{now(), "routing", "pass", "ann"}, {now(), "commit", "delivered", ""}}};
  auto bad = delivery;
  bad.letters[0].mailboxes[0].folder = FolderId{4711};
  bad.trace.trace_id = "t-2";
  auto done = w.store->writer().deliver(delivery);
  ASSERT_OK(done);
  EXPECT_EQ(done->letters[0].queue.size(), 1U);
  EXPECT_FALSE(w.store->writer().deliver(bad).ok());
  EXPECT_EQ(*w.store->queue().waiting(), 1);
  auto trace = w.store->trace().find("id@example.com");
  ASSERT_OK(trace);
  ASSERT_EQ(trace->size(), 1U);
  EXPECT_EQ((*trace)[0].trace_id, "t-1");
  ASSERT_EQ((*trace)[0].lines.size(), 2U);
  EXPECT_EQ((*trace)[0].lines[1].verdict, "delivered");
}

TEST(Delivery, AnExistingBodyGetsAnotherCopyAndAGoneOneIsRefused) {
  WithAnn w;
  const auto body = body_of(kSmall);
  auto first = w.store->writer().deliver(one_letter(body, w.inbox));
  ASSERT_OK(first);
  Delivery again;
  again.letters.push_back({nullptr, first->letters[0].body, {{.folder = w.trash}}, {}});
  EXPECT_OK(w.store->writer().deliver(again));
  EXPECT_EQ((*w.store->states().peek(w.trash))->row(1).body, first->letters[0].body);
  again.letters[0].existing = BodyId{987'654};
  auto gone = w.store->writer().deliver(again);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().kind, Kind::not_found);
}

TEST(Delivery, TextThatIsNotUtf8OrHoldsNulIsStoredAsFarAsATextColumnTakesIt) {
  WithAnn w;
  auto body = body_of(kSmall);
  body.subject = std::string{"caf\xE9 \0 \xC3\xA9", 9};
  auto done = w.store->writer().deliver(one_letter(body, w.inbox));
  ASSERT_OK(done);
  ASSERT_OK(w.store->messages().fetch(w.inbox, std::array{Uid{1}}, Columns::summary, [](const Fetched& f) {
    EXPECT_EQ(f.subject, "caf? ? \xC3\xA9");
    return true;
  }));
}

TEST(Delivery, ALargeMessageIsNotCopiedWholeInMemory) {
  WithAnn w;
  constexpr std::int64_t kSize = 100LL * 1024 * 1024;
  std::string pattern(1024 * 1024, 'x');
  std::string octets;
  octets.reserve(kSize);
  while (static_cast<std::int64_t>(octets.size()) < kSize) octets += pattern;
  const auto resident = [] {
    std::ifstream in{"/proc/self/status"};
    std::string line;
    long most = 0;
    while (std::getline(in, line))
      if (line.starts_with("VmHWM:")) most = std::atol(line.c_str() + 6);
    return most;
  };
  const auto before = resident();
  const auto uid = w.put(octets);
  std::int64_t got = 0;
  bool same = true;
  ASSERT_OK(w.store->messages().fetch_octets(w.inbox, std::array{uid}, [&](const Piece& p) {
    same = same && p.octets == std::string_view{octets}.substr(static_cast<std::size_t>(got), p.octets.size());
    got += static_cast<std::int64_t>(p.octets.size());
    return true;
  }));
  EXPECT_TRUE(same);
  EXPECT_EQ(got, kSize);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose own memory would be measured
  EXPECT_LT(resident() - before, 16 * 1024) << "KiB more than before";
#else
  EXPECT_GE(resident(), before);
#endif
}

TEST(Messages, ASearchFindsEveryTextThatHoldsTheNeedle) {
  WithAnn w;
  const auto put = [&](std::string text) {
    NewBody body = body_of(kSmall);
    body.search_text = std::move(text);
    const auto done = w.store->writer().deliver(one_letter(body, w.inbox));
    ASSERT_OK(done);
  };
  put("the quick brown fox");
  put("der schnelle f\xC3\xBC"
      "chsin");
  put("ab");
  put("");  // not indexed
  put("the slow brown bear");
  auto connection = Connection::open(w.connection);
  ASSERT_OK(connection);
  // What was stored before there were bits.
  ASSERT_OK((*connection)->execute("UPDATE messages.bodies SET searchbits = NULL WHERE searchtext LIKE '%bear'"));
  struct Row {
    std::string_view needle;
    std::vector<Uid> found;
  };
  for (const auto& [needle, found] :
       {Row{"brown", {Uid{1}, Uid{5}}}, Row{"quick brown fox", {Uid{1}}},
        Row{"f\xC3\xBC"
            "ch",
            {Uid{2}}},
        Row{"\xC3\xBC", {Uid{2}}}, Row{"a", {Uid{3}, Uid{5}}}, Row{"ab", {Uid{3}}}, Row{"nowhere", {}},
        Row{"the quick brown fox jumps", {}}, Row{"own", {Uid{1}, Uid{5}}}}) {
    SCOPED_TRACE(needle);
    const auto result = w.store->messages().search_text(w.inbox, needle);
    ASSERT_OK(result);
    EXPECT_EQ(result->matching, found);
    EXPECT_THAT(result->unindexed, ElementsAre(Uid{4}));
  }
}

}  // namespace
}  // namespace pennypost::store
