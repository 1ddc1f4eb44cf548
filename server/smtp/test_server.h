// For tests: the SMTP service on a real store and a free port of 127.0.0.1, and a client that speaks lines to it.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

#include "server/auth/authenticator.h"
#include "server/auth/login_guard.h"
#include "server/auth/store_accounts.h"
#include "server/base/test_folder.h"
#include "server/delivery/pipeline.h"
#include "server/net/connection.h"
#include "server/smtp/service.h"
#include "server/store/test_cluster.h"
#include "server/store/test_mailbox.h"

namespace pennypost::smtp {

/// Sends lines, reads replies. What it cannot read is an empty text, so that an expectation fails instead of the test.
class TestClient {
 public:
  explicit TestClient(const Poco::Net::SocketAddress& server) {
    auto made = net::connect({.address = server, .from = std::nullopt, .id = "test"});
    if (made) connection_ = *std::move(made);
  }
  net::Connection& connection() { return *connection_; }

  void raw(std::string_view octets) {
    connection_->write(octets);
    (void)connection_->flush().ok();
  }
  void line(std::string_view text) { raw(std::string{text} + "\r\n"); }
  /// One reply; its lines joined by "\n", without CR LF.
  std::string reply() {
    std::string out;
    for (;;) {
      const auto line = connection_->read_line(1_MiB, 20s);
      if (!line) return out;
      if (!out.empty()) out += '\n';
      out += *line;
      if (line->size() < 4 || (*line)[3] != '-') return out;
    }
  }
  std::string ask(std::string_view text) {
    line(text);
    return reply();
  }
  /// True when the server has closed.
  bool is_closed() { return !connection_->read_some(20s).ok() && connection_->ended() != net::Ended::by_time; }

 private:
  std::unique_ptr<net::Connection> connection_;
};

/// Domain corp.example, accounts anna and bert with addresses there; passwords `secret-anna`, `secret-bert`.
class TestServer {
 public:
  explicit TestServer(const std::vector<std::pair<std::string, std::string>>& settings = {})
      : store{store::TestCluster::instance().store()}, key{*auth::SecretKey::open_or_create(folder)} {
    for (const auto& [name, value] : settings) EXPECT_TRUE(store->settings().set(name, value).ok()) << name;
    EXPECT_TRUE(store->settings().set("HostName", "mail.corp.example").ok());
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
  ~TestServer() { stop(); }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  /// Starts the service; `outsider` makes clients on loopback look like strangers.
  void start(bool outsider = false) {
    auto context = std::make_shared<Context>(Context{.pipeline = pipeline, .authenticator = authenticator});
    if (outsider) context->lines.clear();
    std::filesystem::create_directories(folder / "tls");
    const auto files = net::ensure_certificate(folder / "tls", {"mail.corp.example", "127.0.0.1"});
    ASSERT_TRUE(files.ok()) << files.error().for_log;
    auto tls = net::TlsServer::load(*files);
    EXPECT_TRUE(tls.ok());
    auto made = service(std::move(context),
                        {{Poco::Net::SocketAddress{"127.0.0.1", 0}, net::Security::plain},
                         {Poco::Net::SocketAddress{"127.0.0.1", 0}, net::Security::tls}},
                        *tls);
    ASSERT_TRUE(made.ok()) << made.error().for_log;
    listener = *std::move(made);
    listener->start();
  }
  void stop() {
    if (listener) listener->stop(5s);
    listener.reset();
  }
  Poco::Net::SocketAddress address(std::size_t binding = 0) const { return listener->bindings().at(binding).address; }
  TestClient client() const { return TestClient{address()}; }
  /// A client that has read the greeting and said EHLO.
  std::unique_ptr<TestClient> greeted() const {
    auto c = std::make_unique<TestClient>(address());
    c->reply();
    c->ask("EHLO pc20");
    return c;
  }

  /// The messages in the inbox, whole, oldest first.
  std::vector<std::string> inbox(std::size_t account = 0) const { return store::messages_in(*store, ids.at(account)); }

  std::unique_ptr<store::Store> store;
  TestFolder test_folder;
  const std::filesystem::path& folder = test_folder.path();
  auth::SecretKey key;
  auth::PasswordHasher hasher;
  std::vector<AccountId> ids;
  auth::StoreAccounts accounts{store->accounts(), store->directory()};
  auth::LoginCounters guard{[] { return auth::GuardRules{}; }};
  auth::Authenticator authenticator{accounts, hasher, key, guard};
  delivery::Pipeline pipeline{*store, (folder / "spool").string()};
  std::unique_ptr<net::Service> listener;
};

}  // namespace pennypost::smtp
