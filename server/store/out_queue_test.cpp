// The out queue: claims, results, what an administrator does with SQL, and two processes at once.
#include "server/store/out_queue.h"

#include <gmock/gmock.h>

#include "server/store/connection.h"
#include "server/store/store_test_support.h"

namespace pennypost::store {
namespace {

QueueId queue(Store& store, std::initializer_list<const char*> recipients, const char* ip = "192.0.2.7",
              int priority = 100) {
  const auto body = body_of(kSmall);
  QueueEntry entry;
  entry.return_path = "ann@example.com";
  entry.auth_sender = "ann";
  entry.sender_ip = ip;
  entry.subject = "subject";
  entry.envelope_id = "env-1";
  entry.returned = ReturnOption::headers;
  entry.prefix = "X-Copy: 1\r\n";
  entry.priority = priority;
  for (const auto* r : recipients) entry.recipients.push_back({r, "FAILURE,DELAY", ""});
  Letter letter;
  letter.body = &body;
  letter.queue.push_back(entry);
  Delivery delivery;
  delivery.letters.push_back(letter);
  auto done = store.writer().deliver(delivery);
  EXPECT_OK(done);
  return done ? done->letters[0].queue[0] : QueueId{};
}

SendResult result(OutRecipientId id, Sent sent, std::string error = {}) {
  SendResult r;
  r.recipient = id;
  r.sent = sent;
  r.server = "mx.example.net";
  r.error = std::move(error);
  r.started = now();
  return r;
}

TEST(OutQueue, AClaimGivesWhatWasQueuedAndNobodyElseGetsIt) {
  WithAnn w;
  const auto id = queue(*w.store, {"x@example.net", "y@example.org"});
  auto other = TestCluster::instance().connect(w.connection);
  auto claimed = w.store->queue().claim(10);
  ASSERT_OK(claimed);
  ASSERT_EQ(claimed->size(), 1U);
  const auto& m = claimed->front();
  EXPECT_EQ(m.id, id);
  EXPECT_EQ(m.return_path, "ann@example.com");
  EXPECT_EQ(m.envelope_id, "env-1");
  EXPECT_EQ(m.returned, ReturnOption::headers);
  EXPECT_EQ(m.prefix, "X-Copy: 1\r\n");
  EXPECT_EQ(m.size.count, static_cast<std::int64_t>(m.prefix.size() + kSmall.size()));
  ASSERT_EQ(m.recipients.size(), 2U);
  EXPECT_EQ(m.recipients[0].address, "x@example.net");
  EXPECT_EQ(m.recipients[0].notify, "FAILURE,DELAY");
  EXPECT_EQ(*w.store->messages().body_text(m.body, {0}, {INT64_MAX}), kSmall);
  EXPECT_TRUE(other->queue().claim(10)->empty());
  EXPECT_TRUE(w.store->queue().claim(10)->empty());
}

TEST(OutQueue, TheClaimsOfAProcessThatIsGoneAreFreeAtOnce) {
  WithAnn w;
  queue(*w.store, {"x@example.net"});
  auto other = TestCluster::instance().connect(w.connection);
  ASSERT_EQ(other->queue().claim(10)->size(), 1U);
  EXPECT_TRUE(w.store->queue().claim(10)->empty());
  other.reset();
  std::size_t got = 0;
  for (int i = 0; i < 200 && got == 0; ++i) got = w.store->queue().claim(10)->size();
  EXPECT_EQ(got, 1U);
}

TEST(OutQueue, AMessageIsFinishedWhenItsLastRecipientIs) {
  WithAnn w;
  queue(*w.store, {"x@example.net", "y@example.org", "z@example.org"});
  auto claimed = w.store->queue().claim(10);
  ASSERT_OK(claimed);
  const auto r = claimed->front().recipients;
  auto later = result(r[1].id, Sent::deferred, "451 later");
  later.next_try = now() + std::chrono::hours{1};
  ASSERT_OK(w.store->queue().record(
      std::array{result(r[0].id, Sent::delivered), later, result(r[2].id, Sent::failed, "550 no")}));
  EXPECT_EQ(*w.store->queue().waiting(), 1);
  EXPECT_TRUE(w.store->queue().claim(10)->empty()) << "not due yet";
  auto due = w.store->queue().next_due();
  ASSERT_OK(due);
  ASSERT_TRUE(due->has_value());
  EXPECT_GT(**due, now() + std::chrono::minutes{50});
  auto list = w.store->queue().list({});
  ASSERT_OK(list);
  ASSERT_EQ(list->size(), 1U);
  EXPECT_TRUE(list->front().recipients[0].succeeded.has_value());
  EXPECT_EQ(list->front().recipients[1].latest_error, "451 later");
  EXPECT_EQ(list->front().recipients[1].attempts, 1);
  EXPECT_TRUE(list->front().recipients[2].failed.has_value());
  EXPECT_EQ(*w.store->queue().flush({}), 1);
  claimed = w.store->queue().claim(10);
  ASSERT_EQ(claimed->size(), 1U);
  ASSERT_OK(w.store->queue().record(std::array{result(r[1].id, Sent::delivered)}));
  EXPECT_EQ(*w.store->queue().waiting(), 0);
  EXPECT_FALSE(w.store->queue().next_due()->has_value());
  EXPECT_EQ(*w.store->queue().prune(Seconds{0}), 1);
}

TEST(OutQueue, ABounceAndTheFailureItTellsOfAreOneCommit) {
  WithAnn w;
  queue(*w.store, {"x@example.net"});
  auto claimed = w.store->queue().claim(10);
  const auto body = body_of("Subject: Undelivered\r\n\r\n");
  auto bounce = one_letter(body, FolderId{31'337});
  bounce.send_results.push_back(result(claimed->front().recipients[0].id, Sent::failed, "550 no"));
  EXPECT_FALSE(w.store->writer().deliver(bounce).ok());
  EXPECT_EQ(*w.store->queue().waiting(), 1) << "the bounce could not be stored, so nothing has failed yet";
  bounce.letters[0].mailboxes[0].folder = w.inbox;
  EXPECT_OK(w.store->writer().deliver(bounce));
  EXPECT_EQ(*w.store->queue().waiting(), 0);
  EXPECT_EQ(w.store->folders().find(w.inbox)->count, 1);
}

TEST(OutQueue, SmallerPriorityNumbersGoFirstAndHeldMessagesStay) {
  WithAnn w;
  const auto late = queue(*w.store, {"late@example.net"}, "192.0.2.7", 200);
  const auto soon = queue(*w.store, {"soon@example.net"}, "192.0.2.8", 10);
  EXPECT_EQ(*w.store->queue().hold({.id = soon}), 1);
  auto claimed = w.store->queue().claim(1);
  ASSERT_EQ(claimed->size(), 1U);
  EXPECT_EQ(claimed->front().id, late);
  EXPECT_EQ(*w.store->queue().release({.sender_ip = "192.0.2.8"}), 1);
  EXPECT_EQ(w.store->queue().claim(1)->front().id, soon);
}

TEST(OutQueue, FiltersTakeWildcardsAndPercentSignsAreJustCharacters) {
  WithAnn w;
  queue(*w.store, {"x@example.net"});
  queue(*w.store, {"100%y@example.org"});
  EXPECT_EQ(w.store->queue().list({.recipient = "*@example.org"})->size(), 1U);
  EXPECT_EQ(w.store->queue().list({.recipient = "100%?@*"})->size(), 1U);
  EXPECT_EQ(w.store->queue().list({.recipient = "%"})->size(), 0U);
  EXPECT_EQ(w.store->queue().list({.sender = "ANN@*"})->size(), 2U);
  EXPECT_EQ(*w.store->queue().remove({.recipient = "x@*"}), 1);
  EXPECT_EQ(*w.store->queue().waiting(), 1);
}

TEST(OutQueue, ThePublishedCleaningStatementsWork) {  // spec 30 section 7.5
  WithAnn w;
  for (const auto* statement :
       {"DELETE FROM outqueue.outmessages WHERE senderip='192.0.2.7'",
        "DELETE FROM outqueue.outmessages WHERE authsender='ann'", "DELETE FROM outqueue.outmessages"}) {
    SCOPED_TRACE(statement);
    queue(*w.store, {"x@example.net", "y@example.net"});
    auto claimed = w.store->queue().claim(10);
    auto connection = Connection::open(w.connection);
    ASSERT_OK(connection);
    ASSERT_OK((*connection)->execute("SELECT COUNT(*) FROM outqueue.outmessages WHERE finishedtime IS NULL"));
    ASSERT_OK((*connection)->execute(statement));
    ASSERT_OK((*connection)->execute("CLUSTER VERBOSE outqueue.outmessages"));
    ASSERT_OK((*connection)->execute("CLUSTER VERBOSE outqueue.outrecipients"));
    EXPECT_EQ(*w.store->queue().waiting(), 0);
    EXPECT_OK(w.store->queue().record(std::array{result(claimed->front().recipients[0].id, Sent::delivered)}))
        << "a row that is gone when the result comes is no error";
    ASSERT_OK(w.store->maintain());
    EXPECT_FALSE(w.store->messages().body_text(claimed->front().body, {0}, {INT64_MAX}).ok()) << "the body went too";
  }
  EXPECT_OK(Connection::open(w.connection).operator*()->execute("UPDATE messages.outgoing SET nexttry=now()"));
}

TEST(OutQueue, ARetryTimeThatAnAdministratorSetsBySqlCounts) {
  WithAnn w;
  queue(*w.store, {"x@example.net"});
  auto claimed = w.store->queue().claim(10);
  auto later = result(claimed->front().recipients[0].id, Sent::deferred, "451");
  later.next_try = now() + std::chrono::hours{1};
  ASSERT_OK(w.store->queue().record(std::array{later}));
  ASSERT_TRUE(w.store->queue().claim(10)->empty());
  auto connection = Connection::open(w.connection);
  ASSERT_OK((*connection)->execute("UPDATE outqueue.outrecipients SET forceretry = true, forcelasttry = true"));
  claimed = w.store->queue().claim(10);
  ASSERT_EQ(claimed->size(), 1U);
  EXPECT_TRUE(claimed->front().recipients[0].is_last_try);
}

}  // namespace
}  // namespace pennypost::store
