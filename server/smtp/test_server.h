// For tests: the SMTP service on a real store and a free port of 127.0.0.1, and a client that speaks lines to it.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/delivery/test_site.h"
#include "server/net/connection.h"
#include "server/smtp/service.h"
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

class TestServer : public delivery::TestSite {
 public:
  explicit TestServer(const std::vector<std::pair<std::string, std::string>>& settings = {}) : TestSite{settings} {
    EXPECT_TRUE(store->settings().set("HostName", "mail.corp.example").ok());
  }

  /// Starts the service; `outsider` makes clients on loopback look like strangers.
  void start(bool outsider = false) {
    auto context = std::make_shared<Context>(Context{.pipeline = pipeline, .authenticator = authenticator});
    if (outsider) context->lines.clear();
    run(service(std::move(context), free_ports(), tls()));
  }
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
};

}  // namespace pennypost::smtp
