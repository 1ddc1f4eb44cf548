#include "server/store/log_db.h"

#include <gmock/gmock.h>

#include "server/base/log.h"
#include "server/store/connection.h"
#include "server/store/database.h"
#include "server/store/store_test_support.h"

namespace pennypost::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Milliseconds kLong{20'000};

MessageRecord message_from(std::string from) {
  MessageRecord m;
  m.from = std::move(from);
  m.subject = "subject";
  m.size = {1234};
  m.at = now();
  m.recipients.push_back({"bert@example.com", RecipientType::normal, "delivered"});
  return m;
}

/// A database and, beside its store's own, a log with the options of the test.
struct WithLog {
  std::string connection = TestCluster::instance().fresh_database();
  std::unique_ptr<Store> store = TestCluster::instance().connect(connection);
  std::unique_ptr<LogDb> log;
  explicit WithLog(LogDbOptions options = {.gather = Milliseconds{20}, .again = Seconds{1}})
      : log{std::make_unique<LogDb>(store->database(), options)} {}

  std::vector<LoggedMessage> find(const HistoryQuery& query = {}) {
    auto found = store->log_db().find(query);
    if (!found) {
      ADD_FAILURE() << found.error().for_log;
      return {};
    }
    return *std::move(found);
  }
  std::vector<std::string> senders(const HistoryQuery& query = {}) {
    std::vector<std::string> out;
    for (const auto& one : find(query)) out.push_back(one.message.from);
    return out;
  }
  /// The first column of each row, as an administrator would see it.
  std::vector<std::string> ask(const char* sql) {
    auto c = Connection::open(connection);
    std::vector<std::string> out;
    if (!c) return {c.error().for_log};
    const std::unique_ptr<PGresult, void (*)(PGresult*)> rows{PQexec((*c)->raw(), sql), &PQclear};
    if (PQresultStatus(rows.get()) != PGRES_TUPLES_OK) return {PQerrorMessage((*c)->raw())};
    for (int i = 0; i < PQntuples(rows.get()); ++i) out.emplace_back(PQgetvalue(rows.get(), i, 0));
    return out;
  }
  void run(const char* sql) {
    auto c = Connection::open(connection);
    ASSERT_OK(c);
    ASSERT_OK((*c)->execute(sql));
  }
};

TEST(LogDb, AMessageStandsInTheDocumentedTablesWithAllThatBelongsToIt) {
  WithLog w;
  const auto session = std::make_shared<HistorySession>();
  auto m = message_from("anna@example.org");
  m.session = session;
  m.auth_sender = "anna";
  m.at = Timestamp{std::chrono::sys_days{std::chrono::year{2026} / 7 / 1} + std::chrono::hours{12}};
  m.spam = true;
  m.error = "552 no";
  m.time = std::chrono::milliseconds{1500};
  m.trace_id = "abc";
  m.recipients.push_back({"out@example.net", RecipientType::remote, "queued"});
  m.rules.push_back({"r", "/a+/", "aaa", 50.5});
  m.attachments.push_back({"b\xC3\xA4r.pdf", "application/pdf", {77}});
  w.log->record(m);
  w.log->record(SessionRecord{session, m.at, Seconds{7}, SessionType::server_incoming, "", "192.0.2.1"});
  ASSERT_TRUE(w.log->settle(kLong));

  EXPECT_THAT(w.ask("SET timezone = 'Asia/Tokyo'; SELECT concat_ws('|', sesstype, duration, name, errorcode, datetime) "
                    "FROM logdb.sessions"),
              ElementsAre("S|7|192.0.2.1||2026-07-01 12:00:00"));
  EXPECT_THAT(w.ask("SELECT concat_ws('|', m.sessid = s.sessid, subject, fromaddr, authsender, size, m.datetime, spam, "
                    "triggeredrule, m.errorcode, processtime) FROM logdb.messages m, logdb.sessions s"),
              ElementsAre("t|subject|anna@example.org|anna|1234|2026-07-01 12:00:00|t||552 no|1.5"));
  EXPECT_THAT(w.ask("SELECT concat_ws('|', m.msgid = r.msgid, r.name, rcpttype, result) FROM logdb.messages m, "
                    "logdb.recipients r ORDER BY rcptid"),
              ElementsAre("t|bert@example.com|N|delivered", "t|out@example.net|R|queued"));
  EXPECT_THAT(w.ask("SELECT concat_ws('|', m.msgid = r.msgid, r.name, testpattern, testmatch, score) FROM "
                    "logdb.messages m, logdb.spamrules r"),
              ElementsAre("t|r|/a+/|aaa|50.5"));
  EXPECT_THAT(w.ask("SELECT concat_ws('|', m.msgid = a.msgid, a.name, contenttype, a.size) FROM logdb.messages m, "
                    "logdb.attachments a"),
              ElementsAre("t|b\xC3\xA4r.pdf|application/pdf|77"));

  const auto found = w.find();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].session_type, "S");
  EXPECT_EQ(found[0].session_name, "192.0.2.1");
  EXPECT_EQ(found[0].message.at, m.at);
  EXPECT_EQ(found[0].message.trace_id, "abc");
  EXPECT_THAT(found[0].message.recipients, SizeIs(2));
  EXPECT_EQ(found[0].message.recipients.at(1).type, RecipientType::remote);
  EXPECT_EQ(found[0].message.rules.at(0).score, 50.5);
  EXPECT_EQ(found[0].message.attachments.at(0).size, Octets{77});
}

TEST(LogDb, ManyRecordsAreWrittenInTheirOrderAndAMessageWithoutASessionHasNumberZero) {
  WithLog w;
  constexpr int kMany = 2'500;  // more than two batches
  for (int i = 0; i < kMany; ++i) w.log->record(message_from("a" + std::to_string(i) + "@example.org"));
  ASSERT_TRUE(w.log->settle(kLong));
  const auto found = w.find({.most = 10'000});
  ASSERT_THAT(found, SizeIs(kMany));
  EXPECT_EQ(found.front().message.from, "a2499@example.org") << "the newest first";
  EXPECT_EQ(found.front().session_id, 0);
  EXPECT_EQ(found.back().message.from, "a0@example.org");
  EXPECT_EQ(w.log->left_out(), 0U);
}

TEST(LogDb, MessagesAndTheEndOfASessionShareItsNumberOverSeveralBatches) {
  WithLog w;
  const auto session = std::make_shared<HistorySession>();
  for (int i = 0; i < 3; ++i) {
    auto m = message_from("x@example.org");
    m.session = session;
    w.log->record(std::move(m));
    ASSERT_TRUE(w.log->settle(kLong));
  }
  w.log->record(SessionRecord{session, now(), Seconds{1}, SessionType::server_internal, "gone", "10.0.0.1"});
  w.log->record(SessionRecord{nullptr, now(), Seconds{1}, SessionType::pop3_server, "", "anna"});
  ASSERT_TRUE(w.log->settle(kLong));
  EXPECT_THAT(w.ask("SELECT count(*) FROM logdb.messages JOIN logdb.sessions USING (sessid)"), ElementsAre("3"));
  EXPECT_THAT(w.ask("SELECT sesstype FROM logdb.sessions ORDER BY sessid"), ElementsAre("L", "O"));
}

TEST(LogDb, WhatHasNoRoomIsLeftOutCountedAndToldOnce) {
  WithLog w{{.gather = Seconds{60}, .again = Seconds{1}, .waiting = {5'000}}};
  const auto ring = std::make_shared<RingLog>(Level::warning);
  add_log_sink(ring);
  for (int i = 0; i < 100; ++i) w.log->record(message_from("x@example.org"));
  remove_log_sink(ring);
  const auto left_out = w.log->left_out();
  EXPECT_GT(left_out, 80U);
  EXPECT_THAT(ring->lines(), ElementsAre(HasSubstr("left out 1 records: store.history_waiting")));
  w.log->stop();
  EXPECT_EQ(w.find({.most = 1000}).size(), 100 - left_out) << "the rest is written at the end";
}

TEST(LogDb, LongTextsAreCutBetweenCharacters) {
  WithLog w;
  auto m = message_from("x@example.org");
  m.subject.clear();
  for (int i = 0; i < 600; ++i) m.subject += "\xC3\xA4";
  m.subject.insert(0, "x");  // so that the limit falls into a character
  m.error = std::string{"no\0body", 7} + "\xFF\r\n";
  m.rules.resize(5'000, {"r", "p", "m", 1});
  w.log->record(m);
  ASSERT_TRUE(w.log->settle(kLong));
  const auto found = w.find();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].message.subject.size(), 999U);
  EXPECT_EQ(found[0].message.error, "no?body?\r\n");
  EXPECT_THAT(found[0].message.rules, SizeIs(kHistoryRows.most));
}

TEST(LogDb, RecordsWaitWhileTheDatabaseIsAwayAndAreWrittenWhenItIsBack) {
  WithLog w;
  const auto name = w.ask("SELECT current_database()").at(0);
  auto admin = Connection::open(TestCluster::instance().fresh_database());
  ASSERT_OK(admin);
  ASSERT_OK((*admin)->execute(("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false").c_str()));
  ASSERT_OK((*admin)->execute(
      ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'").c_str()));
  w.log->record(message_from("patient@example.org"));
  EXPECT_FALSE(w.log->settle(Milliseconds{1'000}));
  ASSERT_OK((*admin)->execute(("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true").c_str()));
  ASSERT_TRUE(w.log->settle(Milliseconds{60'000}));
  EXPECT_THAT(w.senders(), ElementsAre("patient@example.org"));
  EXPECT_EQ(w.log->left_out(), 0U);
}

TEST(LogDb, WhatTheDatabaseWillNotHaveDoesNotStandInTheWay) {
  WithLog w;
  w.run("ALTER TABLE logdb.messages RENAME TO away");
  w.log->record(message_from("lost@example.org"));
  ASSERT_TRUE(w.log->settle(kLong));
  EXPECT_EQ(w.log->left_out(), 1U);
  w.run("ALTER TABLE logdb.away RENAME TO messages");
  w.log->record(message_from("next@example.org"));
  ASSERT_TRUE(w.log->settle(kLong));
  EXPECT_THAT(w.senders(), ElementsAre("next@example.org"));
}

TEST(LogDb, TheEndWithoutADatabaseIsNoEndlessWait) {
  DatabaseOptions options;
  options.connection = "host=/nonexistent dbname=none";
  options.wait = Milliseconds{200};
  Database away{options};
  LogDb log{away, {.gather = Milliseconds{10}, .again = Seconds{60}}};
  log.record(message_from("x@example.org"));
  EXPECT_FALSE(log.settle(Milliseconds{500}));
  log.stop();
  EXPECT_EQ(log.left_out(), 1U);
  log.record(message_from("x@example.org"));
  EXPECT_EQ(log.left_out(), 2U);
}

TEST(LogDb, FindsByTimeSenderRecipientAndSpam) {
  WithLog w;
  const auto noon = Timestamp{std::chrono::sys_days{std::chrono::year{2026} / 7 / 1} + std::chrono::hours{12}};
  const auto put = [&](const char* from, const char* to, int hours, bool spam) {
    auto m = message_from(from);
    m.recipients.at(0).address = to;
    m.at = noon + std::chrono::hours{hours};
    m.spam = spam;
    w.log->record(std::move(m));
  };
  put("Anna@Example.org", "bert@example.com", 0, false);
  put("carl@example.net", "Bert@example.com", 1, true);
  put("carl@example.net", "dora@example.com", 2, false);
  ASSERT_TRUE(w.log->settle(kLong));
  EXPECT_THAT(w.senders({.from = noon + std::chrono::hours{1}}), SizeIs(2));
  EXPECT_THAT(w.senders({.to = noon + std::chrono::hours{1}}), ElementsAre("Anna@Example.org"));
  EXPECT_THAT(w.senders({.sender = "anna@example"}), ElementsAre("Anna@Example.org"));
  EXPECT_THAT(w.senders({.recipient = "bert@"}), ElementsAre("carl@example.net", "Anna@Example.org"));
  EXPECT_THAT(w.senders({.spam = true}), ElementsAre("carl@example.net"));
  EXPECT_THAT(w.senders({.spam = false}), SizeIs(2));
  EXPECT_THAT(w.senders({.most = 1}), SizeIs(1));
  EXPECT_THAT(w.senders({.sender = "%"}), IsEmpty());
}

TEST(LogDb, OldRowsGoInSlicesWithAllThatBelongsToThem) {
  WithLog w;
  for (int i = 0; i < 10; ++i) {
    auto m = message_from("x@example.org");
    m.at = now() - std::chrono::days{i < 7 ? 40 : 20};
    m.rules.push_back({"r", "", "", 1});
    m.attachments.push_back({"a", "b/c", {1}});
    w.log->record(SessionRecord{nullptr, m.at, Seconds{1}, SessionType::pop3_server, "", "anna"});
    w.log->record(std::move(m));
  }
  ASSERT_TRUE(w.log->settle(kLong));
  EXPECT_EQ(*w.log->prune(0, 100), 0) << "0 keeps for ever";
  EXPECT_EQ(*w.log->prune(30, 5), 10);
  EXPECT_EQ(*w.log->prune(30, 5), 4);
  EXPECT_EQ(*w.log->prune(30, 5), 0);
  for (const char* table : {"sessions", "messages", "recipients", "spamrules", "attachments"})
    EXPECT_THAT(w.ask((std::string{"SELECT count(*) FROM logdb."} + table).c_str()), ElementsAre("3")) << table;
}

}  // namespace
}  // namespace pennypost::store
