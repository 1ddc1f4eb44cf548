// For tests: the IMAP service on a real store and free ports of 127.0.0.1, and a client that speaks lines to it.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/text.h"
#include "server/delivery/test_site.h"
#include "server/imap/service.h"
#include "server/net/connection.h"

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

class TestServer : public delivery::TestSite {
 public:
  explicit TestServer(const std::vector<std::pair<std::string, std::string>>& settings = {}) : TestSite{settings} {
    run(service(context, free_ports(), tls()));
  }
  ~TestServer() { stop(); }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

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

  Context context{*store, pipeline, authenticator};
};

}  // namespace pennypost::imap
