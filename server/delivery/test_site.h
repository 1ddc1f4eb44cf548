// For tests of the protocols: what a service stands on (a store, accounts, a pipeline, a certificate), served by
// nothing.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "server/auth/authenticator.h"
#include "server/auth/login_guard.h"
#include "server/auth/store_accounts.h"
#include "server/base/test_folder.h"
#include "server/delivery/pipeline.h"
#include "server/net/service.h"
#include "server/net/tls.h"
#include "server/store/test_cluster.h"

namespace pennypost::delivery {

/// Domain corp.example, accounts anna and bert with addresses there; passwords `secret-anna`, `secret-bert`.
class TestSite {
 public:
  explicit TestSite(const std::vector<std::pair<std::string, std::string>>& settings) {
    for (const auto& [name, value] : settings) EXPECT_TRUE(store->settings().set(name, value).ok()) << name;
    EXPECT_TRUE(store->directory().add_domain("corp.example").ok());
    for (const std::string name : {"anna", "bert"}) {
      const auto password = auth::password_record(hasher, key, "secret-" + name, auth::Recoverable::yes);
      EXPECT_TRUE(password.ok());
      const auto made =
          store->accounts().create({.name = name, .password = *password, .addresses = {name + "@corp.example"}});
      EXPECT_TRUE(made.ok());
      ids.push_back(made->id);
    }
  }
  TestSite(const TestSite&) = delete;
  TestSite& operator=(const TestSite&) = delete;

  /// Free ports of 127.0.0.1: the first plain, the second TLS.
  static std::vector<net::Binding> free_ports() {
    return {{Poco::Net::SocketAddress{"127.0.0.1", 0}, net::Security::plain},
            {Poco::Net::SocketAddress{"127.0.0.1", 0}, net::Security::tls}};
  }
  /// A certificate of mail.corp.example.
  std::shared_ptr<net::TlsServer> tls() const {
    std::filesystem::create_directories(folder / "tls");
    const auto files = net::ensure_certificate(folder / "tls", {"mail.corp.example", "127.0.0.1"});
    EXPECT_TRUE(files.ok()) << (files ? "" : files.error().for_log);
    return *net::TlsServer::load(*files);
  }
  void run(Result<std::unique_ptr<net::Service>> service) {
    ASSERT_TRUE(service.ok()) << service.error().for_log;
    listener = *std::move(service);
    listener->start();
  }
  void stop() {
    if (listener) listener->stop(5s);
    listener.reset();
  }
  Poco::Net::SocketAddress address(std::size_t binding = 0) const { return listener->bindings().at(binding).address; }

  std::unique_ptr<store::Store> store = store::TestCluster::instance().store();
  TestFolder test_folder;
  const std::filesystem::path& folder = test_folder.path();
  auth::SecretKey key = *auth::SecretKey::open_or_create(folder);
  auth::PasswordHasher hasher;
  std::vector<AccountId> ids;
  auth::StoreAccounts accounts{store->accounts(), store->directory()};
  auth::LoginCounters guard{[] { return auth::GuardRules{}; }};
  auth::Authenticator authenticator{accounts, hasher, key, guard};
  Pipeline pipeline{*store, (folder / "spool").string()};
  std::unique_ptr<net::Service> listener;

 protected:
  ~TestSite() { stop(); }
};

}  // namespace pennypost::delivery
