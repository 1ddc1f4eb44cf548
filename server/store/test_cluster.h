// For tests of any folder: one throw-away cluster a test process, made at the first use and gone at the end; every
// Store from it stands on a fresh database of its own.
#pragma once
#include <memory>
#include <string>

#include "server/store/store.h"

namespace pennypost::store {

class TestCluster {
 public:
  /// The cluster of this process; ends the process with a message when it cannot be started.
  static TestCluster& instance();
  /// An empty, migrated database (a copy of a template: some 50 ms).
  std::unique_ptr<Store> store();
  /// The same and its connection string, for a second process or Store on the same database.
  std::string fresh_database();
  std::unique_ptr<Store> connect(const std::string& connection);
  Cluster& cluster() { return *cluster_; }
  ~TestCluster();

 private:
  TestCluster();
  std::filesystem::path dir_;
  std::unique_ptr<Cluster> cluster_;
  std::string template_;
  int made_ = 0;
};

}  // namespace pennypost::store
