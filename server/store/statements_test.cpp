// Every statement of store/ is prepared against a fresh schema: a wrong name or type is found here.
#include "server/store/connection.h"
#include "server/store/migrations.h"
#include "server/store/store_test_support.h"

namespace pennypost::store {
namespace {

TEST(Statements, EachCanBePreparedAgainstAFreshSchema) {
  auto connection = Connection::open(TestCluster::instance().fresh_database());
  ASSERT_OK(connection);
  EXPECT_GT(Sql::all().size(), 80U);
  std::set<std::string> names;
  for (const auto* sql : Sql::all()) {
    SCOPED_TRACE(sql->name());
    EXPECT_TRUE(names.insert(sql->name()).second) << "two statements of one name";
    auto done = (*connection)->prepare(*sql);
    EXPECT_OK(done);
  }
}

TEST(Migrations, AreNumberedFromOneWithoutGaps) {
  int expected = 1;
  for (const auto& m : migrations()) EXPECT_EQ(m.number, expected++) << m.name;
}

TEST(Migrations, RunningThemAgainChangesNothing) {
  auto connection = Connection::open(TestCluster::instance().fresh_database());
  ASSERT_OK(connection);
  EXPECT_OK(apply_migrations(**connection));
}

TEST(Migrations, ADatabaseOfANewerVersionIsRefusedInWords) {
  auto connection = Connection::open(TestCluster::instance().fresh_database());
  ASSERT_OK(connection);
  ASSERT_OK((*connection)->execute("INSERT INTO pennypost.schema_version VALUES (999, 'later')"));
  auto done = apply_migrations(**connection);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, Kind::bad_input);
  EXPECT_NE(done.error().for_log.find("newer version"), std::string::npos) << done.error().for_log;
}

TEST(Migrations, ADatabaseOfTheOriginalIsRefusedAndNotTouched) {
  const auto fresh = TestCluster::instance().fresh_database();
  auto connection = Connection::open(fresh);
  ASSERT_OK(connection);
  ASSERT_OK((*connection)->execute("DROP SCHEMA pennypost CASCADE"));
  auto done = apply_migrations(**connection);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, Kind::bad_input);
  EXPECT_NE(done.error().for_log.find("VPOP3"), std::string::npos) << done.error().for_log;
  EXPECT_FALSE((*connection)->execute("SELECT 'pennypost'::regnamespace").ok()) << "nothing was made";
}

TEST(Migrations, TheQueueComesBackAfterTheSchemaWasDropped) {
  WithAnn w;
  w.put(kSmall);
  auto connection = Connection::open(w.connection);
  ASSERT_OK(connection);
  w.store.reset();
  ASSERT_OK((*connection)->execute("DROP SCHEMA outqueue CASCADE"));
  w.store = TestCluster::instance().connect(w.connection);
  auto waiting = w.store->queue().waiting();
  ASSERT_OK(waiting);
  EXPECT_EQ(*waiting, 0);
  EXPECT_EQ(w.read(Uid{1}), kSmall);
}

}  // namespace
}  // namespace pennypost::store
