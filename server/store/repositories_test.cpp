// Accounts, directory, folders, settings, trace, locks.
#include <thread>

#include <gmock/gmock.h>

#include "server/store/connection.h"
#include "server/store/store_test_support.h"

namespace pennypost::store {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;

template <typename F>
bool eventually(const F& holds) {
  for (int i = 0; i < 500; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

TEST(Accounts, ANewOneHasItsFirstFoldersWithTheirSpecialUses) {
  WithAnn w;
  auto folders = w.store->folders().list(w.ann.id);
  ASSERT_OK(folders);
  std::vector<std::pair<std::string, SpecialUse>> got;
  for (const auto& f : *folders) {
    got.emplace_back(f.name, f.special_use);
    EXPECT_TRUE(f.is_subscribed);
  }
  EXPECT_THAT(got, ElementsAre(std::pair{"INBOX", SpecialUse::none}, std::pair{"Drafts", SpecialUse::drafts},
                               std::pair{"Junk", SpecialUse::junk}, std::pair{"Sent", SpecialUse::sent},
                               std::pair{"Trash", SpecialUse::trash}));
}

TEST(Accounts, NamesAreFoundInAnyCaseAndTakenOnce) {
  WithAnn w;
  EXPECT_EQ(w.store->accounts().find("ANN")->id, w.ann.id);
  EXPECT_EQ(w.store->accounts().create({.name = "Ann"}).error().kind, Kind::already_exists);
  EXPECT_EQ(w.store->accounts().create({.name = "zoe", .addresses = {"ANN@example.com"}}).error().kind,
            Kind::already_exists);
  EXPECT_EQ(w.store->accounts().find("zoe").error().kind, Kind::not_found) << "all or nothing";
  for (const auto* bad : {"", "a b", "a/b", "a@b", "1234567890123456789012345678901234"})
    EXPECT_EQ(w.store->accounts().create({.name = bad}).error().kind, Kind::bad_input) << bad;
}

TEST(Accounts, PasswordRecordsComeBackOctetForOctet) {
  WithAnn w;
  PasswordRecord record;
  record.argon2id = "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA";
  record.scram = {std::string{"\0\1\xFF", 3}, 4096, std::string{"a\0b", 3}, "server"};
  record.recoverable = std::string{"\0\0", 2};
  ASSERT_OK(w.store->accounts().set_password(w.ann.id, record));
  auto got = w.store->accounts().password(w.ann.id);
  ASSERT_OK(got);
  EXPECT_EQ(got->argon2id, record.argon2id);
  EXPECT_EQ(got->scram.salt, record.scram.salt);
  EXPECT_EQ(got->scram.iterations, 4096);
  EXPECT_EQ(got->scram.stored_key, record.scram.stored_key);
  EXPECT_EQ(got->recoverable, record.recoverable);
  EXPECT_EQ(w.store->accounts().set_password(AccountId{99}, record).error().kind, Kind::not_found);
}

TEST(Accounts, ARemovedOneTakesItsMailAlongAndItsNumberIsNotGivenAgain) {
  WithAnn w;
  w.put(kSmall);
  const auto body = (*w.store->states().peek(w.inbox))->row(1).body;
  ASSERT_OK(w.store->accounts().remove(w.ann.id));
  EXPECT_EQ(w.store->accounts().find("ann").error().kind, Kind::not_found);
  EXPECT_TRUE(w.store->directory().resolve("ann@example.com")->accounts.empty());
  ASSERT_OK(w.store->maintain());
  EXPECT_FALSE(w.store->messages().body_text(body, {0}, {INT64_MAX}).ok());
  EXPECT_GT(w.store->accounts().create({.name = "ann"})->id, w.ann.id);
  EXPECT_EQ(w.store->accounts().remove(w.ann.id).error().kind, Kind::not_found);
}

TEST(Directory, AddressesAreResolvedInTheOrderOfTheSpec) {
  WithAnn w;
  auto bob = w.store->accounts().create({.name = "bob", .addresses = {"sales@example.com"}});
  ASSERT_OK(bob);
  auto& d = w.store->directory();
  ASSERT_OK(d.add_domain("Second.example"));
  const auto meant = [&](const char* address) { return d.resolve(address)->accounts; };
  EXPECT_THAT(meant("Ann@Example.COM"), ElementsAre(w.ann.id));
  EXPECT_THAT(meant("bob@second.example"), ElementsAre(bob->id)) << "an account's name at any local domain";
  EXPECT_THAT(meant("sales@example.com"), ElementsAre(bob->id));
  EXPECT_TRUE(meant("sales@second.example").empty());
  EXPECT_TRUE(meant("bob@elsewhere.example").empty());
  ASSERT_OK(d.add_address("sales", w.ann.id));
  EXPECT_THAT(meant("sales@second.example"), ElementsAre(w.ann.id)) << "a name counts at every local domain";
  EXPECT_THAT(meant("sales@example.com"), ElementsAre(w.ann.id, bob->id)) << "all that match get a copy";
  ASSERT_OK(d.add_address("bob@second.example", w.ann.id));
  EXPECT_THAT(meant("bob@second.example"), ElementsAre(w.ann.id)) << "an entry comes before the account of that name";
  ASSERT_OK(d.add_address("~@second.example", bob->id));
  EXPECT_THAT(meant("whoever@second.example"), ElementsAre(bob->id)) << "what nothing else matches";
  EXPECT_FALSE(d.resolve("x@elsewhere.example")->is_local_domain);
  EXPECT_TRUE(d.resolve("x@second.example")->is_local_domain);
  EXPECT_EQ(d.add_address("", w.ann.id).error().kind, Kind::bad_input);
  EXPECT_EQ(d.add_address("q@example.com", AccountId{99}).error().kind, Kind::not_found);
}

TEST(Directory, AnotherProcessAndPsqlEmptyTheCache) {
  WithAnn w;
  EXPECT_TRUE(w.store->directory().resolve("new@example.com")->accounts.empty());
  EXPECT_FALSE(*w.store->directory().is_local("third.example"));
  auto connection = Connection::open(w.connection);
  ASSERT_OK((*connection)->execute("INSERT INTO users.addresses VALUES ('new@example.com', 1)"));
  EXPECT_TRUE(eventually([&] { return !w.store->directory().resolve("new@example.com")->accounts.empty(); }));
  auto other = TestCluster::instance().connect(w.connection);
  ASSERT_OK(other->directory().add_domain("third.example"));
  EXPECT_TRUE(eventually([&] { return *w.store->directory().is_local("third.example"); }));
}

TEST(Folders, CreateMakesTheLevelsAboveAndRefusesWhatExists) {
  WithAnn w;
  auto& f = w.store->folders();
  ASSERT_OK(f.create(w.ann.id, "a/b/c"));
  EXPECT_OK(f.find(w.ann.id, "a"));
  EXPECT_OK(f.find(w.ann.id, "a/b"));
  EXPECT_EQ(f.create(w.ann.id, "a/b").error().kind, Kind::already_exists);
  EXPECT_EQ(f.create(w.ann.id, "inbox").error().kind, Kind::already_exists);
  for (const auto* bad : {"", "/", "a//b", "/a", "a/", "a*", "a%", "a\x01", "\xC3\xA9"})
    EXPECT_EQ(f.create(w.ann.id, bad).error().kind, Kind::bad_input) << bad;
  const auto first = f.find(w.ann.id, "a")->uid_validity;
  ASSERT_OK(f.remove(w.ann.id, "a"));
  EXPECT_OK(f.find(w.ann.id, "a/b")) << "what is below stays";
  EXPECT_GT(f.create(w.ann.id, "a")->uid_validity, first) << "a new folder of an old name is not the old folder";
  EXPECT_EQ(f.remove(w.ann.id, "INBOX").error().kind, Kind::not_permitted);
  EXPECT_EQ(f.remove(w.ann.id, "none").error().kind, Kind::not_found);
}

TEST(Folders, RenameTakesAlongWhatIsBelowAndInboxGivesItsMessages) {
  WithAnn w;
  auto& f = w.store->folders();
  ASSERT_OK(f.create(w.ann.id, "a/b"));
  ASSERT_OK(f.create(w.ann.id, "ab"));
  const auto id = f.find(w.ann.id, "a/b")->id;
  ASSERT_OK(f.rename(w.ann.id, "a", "x/y"));
  EXPECT_EQ(f.find(w.ann.id, "x/y/b")->id, id);
  EXPECT_OK(f.find(w.ann.id, "ab")) << "a name that only begins alike stays";
  EXPECT_EQ(f.rename(w.ann.id, "x/y", "x/y/z").error().kind, Kind::bad_input);
  EXPECT_EQ(f.rename(w.ann.id, "none", "q").error().kind, Kind::not_found);
  EXPECT_EQ(f.rename(w.ann.id, "x/y", "ab").error().kind, Kind::already_exists);
  w.put(kSmall);
  ASSERT_OK(f.rename(w.ann.id, "inbox", "Old/2024"));
  EXPECT_EQ(f.find(w.ann.id, "INBOX")->count, 0);
  EXPECT_EQ(f.find(w.ann.id, "Old/2024")->count, 1);
  w.put(kSmall);
  EXPECT_EQ(f.find(w.ann.id, "INBOX")->count, 1);
}

TEST(Folders, SubscriptionsOutliveTheirFolders) {
  WithAnn w;
  auto& f = w.store->folders();
  ASSERT_OK(f.subscribe(w.ann.id, "Ghost"));
  EXPECT_THAT(*f.subscribed(w.ann.id), Contains("Ghost"));
  ASSERT_OK(f.remove(w.ann.id, "Junk"));
  EXPECT_THAT(*f.subscribed(w.ann.id), Contains("Junk"));
  ASSERT_OK(f.unsubscribe(w.ann.id, "Junk"));
  EXPECT_THAT(*f.subscribed(w.ann.id), testing::Not(Contains("Junk")));
}

TEST(Settings, NamesHaveNoCaseUnknownOnesAreKeptAndKnownOnesChecked) {
  WithAnn w;
  auto& s = w.store->settings();
  EXPECT_EQ(s.get(kMaxHops), 30);
  ASSERT_OK(s.set("maxhops", "12"));
  EXPECT_EQ(s.get(kMaxHops), 12);
  EXPECT_EQ(s.set("MaxHops", "many").error().kind, Kind::bad_input);
  EXPECT_EQ(s.set("MaxHops", "0").error().kind, Kind::bad_input);
  ASSERT_OK(s.set("SMTPALLOWED.DAT", "0\n1|0||1|0||"));
  EXPECT_EQ(*s.text("smtpallowed.dat"), "0\n1|0||1|0||");
  auto list = s.list("*ALLOWED*.dat");
  ASSERT_OK(list);
  ASSERT_EQ(list->size(), 1U);
  EXPECT_EQ(list->front().first, "SMTPALLOWED.DAT");
  ASSERT_OK(s.unset("MAXHOPS"));
  EXPECT_EQ(s.get(kMaxHops), 30);
  EXPECT_EQ(s.unset("MaxHops").error().kind, Kind::not_found);
}

TEST(Settings, AChangeByPsqlReachesTheServer) {
  WithAnn w;
  auto connection = Connection::open(w.connection);
  ASSERT_OK((*connection)->execute("INSERT INTO pennypost.settings (name, value) VALUES ('MAXHOPS', '7')"));
  EXPECT_TRUE(eventually([&] { return w.store->settings().get(kMaxHops) == 7; }));
}

TEST(Trace, IsFoundByMessageIdWithAllThatHappenedUnderItsTraceId) {
  WithAnn w;
  ASSERT_OK(w.store->trace().write({"t1", "<m@example.com>", {{now() - 2s, "limits", "pass", ""}}}));
  ASSERT_OK(w.store->trace().write({"t1", "", {{now(), "smtp out", "delivered", "250 ok"}}}));
  ASSERT_OK(w.store->trace().write({"t2", "", {{now(), "limits", "refuse", "other"}}}));
  auto found = w.store->trace().find("<m@example.com>");
  ASSERT_OK(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().message_id, "m@example.com");
  ASSERT_EQ(found->front().lines.size(), 2U);
  EXPECT_EQ(found->front().lines[1].reason, "250 ok");
  EXPECT_EQ(w.store->trace().find("t2")->size(), 1U);
  EXPECT_EQ(*w.store->trace().prune(Seconds{1}), 1);
}

TEST(MailboxLocks, Pop3IsExclusiveAndImapIsShared) {  // spec 50 section 4.1
  WithAnn w;
  auto& locks = w.store->locks();
  auto other = TestCluster::instance().connect(w.connection);
  {
    auto imap = locks.lock(w.ann.id, LockMode::shared, 0ms);
    ASSERT_OK(imap);
    EXPECT_OK(locks.lock(w.ann.id, LockMode::shared, 0ms));
    EXPECT_OK(other->locks().lock(w.ann.id, LockMode::shared, 0ms));
    EXPECT_EQ(locks.lock(w.ann.id, LockMode::exclusive, 0ms).error().kind, Kind::in_use);
    EXPECT_EQ(other->locks().lock(w.ann.id, LockMode::exclusive, 0ms).error().kind, Kind::in_use);
  }
  auto pop3 = locks.lock(w.ann.id, LockMode::exclusive, 0ms);
  ASSERT_OK(pop3);
  EXPECT_EQ(locks.lock(w.ann.id, LockMode::shared, 0ms).error().kind, Kind::in_use);
  EXPECT_EQ(other->locks().lock(w.ann.id, LockMode::shared, 50ms).error().kind, Kind::in_use);
  EXPECT_OK(locks.lock(AccountId{4711}, LockMode::exclusive, 0ms)) << "another mailbox";
  std::thread releaser{[&] {
    std::this_thread::sleep_for(100ms);
    pop3->release();
  }};
  EXPECT_OK(other->locks().lock(w.ann.id, LockMode::exclusive, 5000ms)) << "waits for it";
  releaser.join();
}

TEST(MailboxLocks, EndWithTheirProcess) {
  WithAnn w;
  auto other = TestCluster::instance().connect(w.connection);
  auto held = other->locks().lock(w.ann.id, LockMode::exclusive, 0ms);
  ASSERT_OK(held);
  auto connection = Connection::open(w.connection);  // as when the process is killed: its connections end
  ASSERT_OK(
      (*connection)
          ->execute(
              "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1296191320"));
  EXPECT_OK(w.store->locks().lock(w.ann.id, LockMode::exclusive, 5000ms));
  held->release();
}

TEST(DatabaseSection, ReadsTheKeysOfTheOriginal) {  // spec 30 section 2.2
  auto server = read_database_section(
      "; a comment\r\n[Other]\r\nPort=1\r\n[dataBASE]\r\nDatabase=vpop3\r\n user = vpop3\r\nPassword=\"it's \\ "
      "\"\r\nHostname=\r\n"
      "Hostaddr=192.0.2.15\r\nPort=5440\r\nPort=9999\r\nTimeout=20\r\nSSLMode=require\r\nMaxConnections="
      "3\r\nAbsMaxConnections=2\r\n"
      "Unknown=x\r\n");
  ASSERT_OK(server);
  EXPECT_EQ(
      connection_string(*server),
      "dbname='vpop3' user='vpop3' password='it\\'s \\\\ ' hostaddr='192.0.2.15' port='5440' connect_timeout='20' "
      "sslmode='require'");
  EXPECT_EQ(server->max_connections, 3);
  EXPECT_EQ(server->abs_max_connections, 3);
  EXPECT_EQ(read_database_section("[Other]\n").error().kind, Kind::not_found);
  EXPECT_EQ(read_database_section("[Database]\nHostname=h\nMaxConnections=x\n").error().kind, Kind::bad_input);
  EXPECT_EQ(read_database_section("[Database]\nDatabase=d\n").error().kind, Kind::bad_input);
}

}  // namespace
}  // namespace pennypost::store
