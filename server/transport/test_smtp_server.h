// A mail server on loopback for tests, which does what a script says: refuses, is slow, drops the connection.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/text.h"
#include "server/net/service.h"

namespace pennypost::transport {

/// Lives as long as the test. Any thread.
class TestSmtpServer {
 public:
  struct Message {
    std::string mail;                ///< MAIL line
    std::vector<std::string> rcpts;  ///< accepted RCPT lines
    std::string octets;              ///< dots undone
    bool was_tls = false;
  };
  struct Script {
    std::string greeting = "220 test.example ESMTP";
    std::vector<std::string> extensions{"PIPELINING", "8BITMIME", "SIZE 1000000", "DSN", "SMTPUTF8"};
    Script() = default;
    /// The answer to a line of the client, to "DATA-END" behind a message, to "AUTH-LINE x" while AUTH goes on; empty:
    /// the usual one; "DROP": the connection ends without a word; "SLEEP": nothing is said.
    std::function<std::string(std::string_view line)> answer;
  };

  TestSmtpServer() : TestSmtpServer(Script()) {}
  explicit TestSmtpServer(Script script, std::shared_ptr<net::TlsServer> tls = nullptr,
                          net::Security security = net::Security::plain)
      : script_{std::move(script)} {
    net::ServiceOptions options;
    options.name = "fake";
    options.bindings = {{Poco::Net::SocketAddress{"127.0.0.1", 0}, security}};
    options.tls = std::move(tls);
    service_ = *net::Service::bind(std::move(options), [this](net::Connection& c) { talk(c); });
    service_->start();
  }
  ~TestSmtpServer() { service_->stop(Seconds{0}); }

  std::uint16_t port() const { return service_->bindings().front().address.port(); }
  std::string host() const { return "127.0.0.1:" + std::to_string(port()); }
  std::vector<Message> messages() const {
    const std::lock_guard lock{mutex_};
    return messages_;
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock{mutex_};
    return lines_;
  }
  int sessions() const {
    const std::lock_guard lock{mutex_};
    return sessions_;
  }
  void set_script(Script script) {
    const std::lock_guard lock{mutex_};
    script_ = std::move(script);
  }

 private:
  enum class Next { go_on, over };

  void talk(net::Connection& c) {
    Script script;
    {
      const std::lock_guard lock{mutex_};
      ++sessions_;
      script = script_;
    }
    if (script.greeting == "DROP") return;
    c.write(script.greeting + "\r\n");
    Message current;
    while (true) {
      const auto line = c.read_line(Octets{100'000}, Seconds{30});
      if (!line) return;
      const std::string command{*line};
      {
        const std::lock_guard lock{mutex_};
        lines_.push_back(command);
      }
      std::string reply = script.answer ? script.answer(command) : std::string{};
      if (reply.empty()) reply = usual(c, script, command);
      if (reply == "DROP") return;
      if (reply == "SLEEP") {
        (void)c.wait(Seconds{30});
        return;
      }
      if (reply.starts_with('2') && starts_with_word(command, "MAIL")) current = {command, {}, {}, c.is_tls()};
      if (reply.starts_with('2') && starts_with_word(command, "RCPT")) current.rcpts.push_back(command);
      c.write(reply + "\r\n");
      if (starts_with_word(command, "QUIT")) return;
      if (starts_with_word(command, "STARTTLS") && reply.starts_with('2') && !c.start_tls()) return;
      if (same_word(command, "DATA") && reply.starts_with("354") && take_data(c, script, current) == Next::over) return;
    }
  }

  Next take_data(net::Connection& c, const Script& script, Message& current) {
    while (true) {
      const auto line = c.read_line(Octets{1'000'000}, Seconds{30});
      if (!line) return Next::over;
      if (*line == ".") break;
      current.octets += line->substr(line->starts_with('.') ? 1 : 0);
      current.octets += "\r\n";
    }
    std::string reply = script.answer ? script.answer("DATA-END") : std::string{};
    if (reply.empty()) reply = "250 2.0.0 taken";
    if (reply == "DROP") return Next::over;
    if (reply == "SLEEP") {
      (void)c.wait(Seconds{30});
      return Next::over;
    }
    if (reply.starts_with('2')) {
      const std::lock_guard lock{mutex_};
      messages_.push_back(current);
    }
    c.write(reply + "\r\n");
    return Next::go_on;
  }

  static std::string usual(net::Connection& c, const Script& script, const std::string& command) {
    if (starts_with_word(command, "EHLO")) {
      std::string out = "250-test.example";
      for (const std::string& extension : script.extensions) out += "\r\n250-" + extension;
      if (c.can_start_tls()) out += "\r\n250-STARTTLS";
      return out + "\r\n250 HELP";
    }
    if (starts_with_word(command, "STARTTLS")) return c.can_start_tls() ? "220 go ahead" : "454 4.7.0 not now";
    if (starts_with_word(command, "RCPT")) return "250 2.1.5 recipient ok";
    if (same_word(command, "DATA")) return "354 go on";
    if (starts_with_word(command, "QUIT")) return "221 2.0.0 bye";
    return "250 2.0.0 ok";
  }

  mutable std::mutex mutex_;
  Script script_;
  std::vector<Message> messages_;
  std::vector<std::string> lines_;
  int sessions_ = 0;
  std::unique_ptr<net::Service> service_;
};

}  // namespace pennypost::transport
