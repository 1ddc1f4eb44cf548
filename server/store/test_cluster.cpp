// A throw-away cluster a test process. The database of a test is a copy of a migrated template.
#include "server/store/test_cluster.h"

#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include "server/store/connection.h"

namespace pennypost::store {

namespace {

[[noreturn]] void give_up(const char* doing, const Error& e) {
  std::fprintf(stderr, "test cluster: %s: %s\n", doing, e.for_log.c_str());
  std::abort();
}

std::string with_database(const std::string& connection, const std::string& name) {
  return connection.substr(0, connection.rfind(" dbname=")) + " dbname=" + name;
}

}  // namespace

TestCluster& TestCluster::instance() {
  static TestCluster cluster;
  return cluster;
}

TestCluster::TestCluster() {
  std::string pattern = "/tmp/pennypost-test-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) give_up("folder", error(Kind::unavailable, "mkdtemp failed"));
  dir_ = pattern;
  std::filesystem::permissions(dir_, std::filesystem::perms{0755});
  ClusterOptions options;
  options.data_dir = dir_ / "data";
  options.is_throwaway = true;
  options.shared_buffers = {32 * 1024 * 1024};
  options.max_connections = 200;
  options.settings = {"fsync = off"};  // nothing here outlives the machine; what dies in tests are processes
  auto started = Cluster::start(options);
  if (!started) give_up("start", started.error());
  cluster_ = std::move(*started);
  template_ = "pennypost";
  Database database{{.connection = cluster_->connection()}};
  if (auto done = database.migrate(); !done) give_up("schema", done.error());
}

TestCluster::~TestCluster() {
  cluster_.reset();
  std::error_code none;
  std::filesystem::remove_all(dir_, none);
}

std::string TestCluster::fresh_database() {
  const auto name = "test" + std::to_string(++made_);
  auto connection = Connection::open(with_database(cluster_->connection(), "postgres"));
  if (!connection) give_up("connect", connection.error());
  const auto sql = "CREATE DATABASE " + name + " TEMPLATE " + template_ +
                   ((*connection)->server_version() >= 150000 ? " STRATEGY wal_log" : "");
  if (auto made = (*connection)->execute(sql.c_str()); !made) give_up("database", made.error());
  return with_database(cluster_->connection(), name);
}

std::unique_ptr<Store> TestCluster::connect(const std::string& connection) {
  auto store = Store::connect(connection);
  if (!store) give_up("store", store.error());
  return std::move(*store);
}

std::unique_ptr<Store> TestCluster::store() { return connect(fresh_database()); }

}  // namespace pennypost::store
