// For tests: the IMAP service on a real store and free ports of 127.0.0.1, and a client that speaks lines to it.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

#include "server/auth/login_guard.h"
#include "server/auth/store_accounts.h"
#include "server/base/test_folder.h"
#include "server/base/text.h"
#include "server/imap/service.h"
#include "server/net/connection.h"
#include "server/store/test_cluster.h"

namespace pennypost::imap {

/// What it cannot read is an empty text, so that an expectation fails instead of the test.
class TestClient {
 public:
  explicit TestClient(const Poco::Net::SocketAddress& server) {
    auto made = net::connect({.address = server, .from = std::nullopt, .id = "test"});
    if (made) connection_ = *std::move(made);
    greeting = line();
  }
  net::Connection& connection() { return *connection_; }

  void raw(std::string_view octets) {
    connection_->write(octets);
    (void)connection_->flush().ok();
  }
  /// One line without its end; literals in it come with it, the size replaced: "BODY[] {}hello".
  std::string line(Seconds wait = 20s) {
    std::string out;
    for (;;) {
      const auto got = connection_->read_line(8_MiB, wait);
      if (!got) return out;
      out += *got;
      const std::size_t open = out.rfind('{');
      if (!out.ends_with('}') || open == std::string::npos) return out;
      const auto size = to_number(std::string_view{out}.substr(open + 1, out.size() - open - 2));
      if (!size) return out;
      out.replace(open, std::string::npos, "{}");
      if (!connection_->read_exactly(Octets{static_cast<std::int64_t>(*size)}, out, wait)) return out;
    }
  }
  /// Lines up to and with the tagged one, joined by "\n"; the tag is written as "T".
  std::string until(std::string_view tag) {
    std::string out;
    for (;;) {
      const std::string one = line();
      if (one.empty()) return out;
      if (!out.empty()) out += '\n';
      if (one.starts_with(std::string{tag} + " ")) return out + "T" + one.substr(tag.size());
      out += one;
    }
  }
  void send(std::string_view text) { raw("t" + std::to_string(++number_) + " " + std::string{text} + "\r\n"); }
  std::string ask(std::string_view text) {
    send(text);
    return until("t" + std::to_string(number_));
  }
  /// The same without the text behind the status: "T OK", "T NO [TRYCREATE]".
  std::string status(std::string_view text) {
    const std::string all = ask(text);
    const std::size_t tagged = all.rfind('\n') == std::string::npos ? 0 : all.rfind('\n') + 1;
    const auto words = split_words(std::string_view{all}.substr(tagged));
    std::string out = std::string{words[0]} + " " + std::string{words[1]};
    if (words.size() > 2 && words[2].starts_with('[')) {
      const std::string_view rest = std::string_view{all}.substr(tagged);
      out += " " + std::string{rest.substr(rest.find('['), rest.find(']') - rest.find('[') + 1)};
    }
    return out;
  }
  std::string append(std::string_view mailbox, std::string_view message, std::string_view options = "") {
    return ask("APPEND " + std::string{mailbox} + " " + std::string{options} + (options.empty() ? "" : " ") + "{" +
               std::to_string(message.size()) + "+}\r\n" + std::string{message});
  }
  /// True when the server has closed.
  bool is_closed() { return !connection_->read_some(20s).ok() && connection_->ended() != net::Ended::by_time; }

  std::string greeting;

 private:
  std::unique_ptr<net::Connection> connection_;
  int number_ = 0;
};

/// Accounts anna and bert; passwords `secret-anna`, `secret-bert`.
class TestServer {
 public:
  explicit TestServer(const std::vector<std::pair<std::string, std::string>>& settings = {})
      : store{store::TestCluster::instance().store()}, key{*auth::SecretKey::open_or_create(folder)} {
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
    std::filesystem::create_directories(folder / "tls");
    const auto files = net::ensure_certificate(folder / "tls", {"mail.corp.example", "127.0.0.1"});
    EXPECT_TRUE(files.ok());
    auto tls = net::TlsServer::load(*files);
    EXPECT_TRUE(tls.ok());
    auto made = service(context,
                        {{Poco::Net::SocketAddress{"127.0.0.1", 0}, net::Security::plain},
                         {Poco::Net::SocketAddress{"127.0.0.1", 0}, net::Security::tls}},
                        *tls);
    EXPECT_TRUE(made.ok());
    listener = *std::move(made);
    listener->start();
  }
  ~TestServer() {
    listener->stop(5s);
    listener.reset();
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  Poco::Net::SocketAddress address(std::size_t binding = 0) const { return listener->bindings().at(binding).address; }
  TestClient client() const { return TestClient{address()}; }
  /// A client that is logged in, and has selected `mailbox` unless it is empty.
  TestClient anna(std::string_view mailbox = "") const {
    TestClient c{address()};
    EXPECT_THAT(c.ask("LOGIN anna secret-anna"), testing::HasSubstr("T OK"));
    if (!mailbox.empty()) {
      EXPECT_THAT(c.ask("SELECT " + std::string{mailbox}), testing::HasSubstr("T OK"));
    }
    return c;
  }

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
  Context context{*store, pipeline, authenticator};
  std::unique_ptr<net::Service> listener;
};

}  // namespace pennypost::imap
