// A small DNS server on loopback for tests: records as lines, and the ways in which real servers fail.
#pragma once
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/base/text.h"
#include "server/dns/records.h"
#include "server/net/descriptor.h"
#include "server/net/event.h"

namespace pennypost::dns {

/// Answers over UDP and TCP on a free port of 127.0.0.1 as long as it lives. A name without records does not exist,
/// unless names below it do. Any thread.
class TestServer {
 public:
  TestServer();
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  /// "127.0.0.1:40053", for ResolverOptions::servers.
  std::string address() const;

  /// One record a line as in a zone file, names in full without final dot, an optional time in seconds (else 300):
  ///   test.example 60 MX 10 mail.test.example
  ///   mail.test.example A 127.0.0.1
  ///   test.example TXT "v=spf1 a -all"        (several quoted strings make several strings of one record)
  ///   _imap._tcp.test.example SRV 0 1 143 mail.test.example
  /// A line that is none throws std::invalid_argument: a test with a typing error must not pass.
  void add(std::string_view lines);
  void remove(std::string_view name);

  enum class Fault {
    servfail,
    refused,
    silence,  ///< no answer at all
    cut_off,  ///< over UDP only the TC bit: the client must come again over TCP
    garbage,  ///< octets that are no DNS message
    slow,     ///< the right answer after 150 ms
  };
  void fail(std::string_view name, Fault how);
  /// Seconds in the SOA of negative answers; none: no SOA.
  void set_negative_ttl(std::optional<std::uint32_t> seconds) {
    negative_ttl_ = seconds ? static_cast<std::int64_t>(*seconds) : -1;
  }

  /// Questions that arrived, for all names or for one.
  int questions() const;
  int questions(std::string_view name) const;
  int tcp_questions() const { return tcp_questions_; }

 private:
  void serve_udp();
  void serve_tcp();
  std::string answer(std::string_view message, bool tcp);

  net::Descriptor udp_;
  net::Descriptor tcp_;
  std::uint16_t port_ = 0;
  net::Event stop_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> tcp_questions_{0};
  std::atomic<std::int64_t> negative_ttl_{60};
  mutable std::mutex mutex_;
  std::multimap<std::string, std::pair<Record, std::string>, WordLess> records_;  // with the data in wire form
  std::map<std::string, Fault, WordLess> faults_;
  std::map<std::string, int, WordLess> asked_;
  std::thread udp_thread_;
  std::thread tcp_thread_;
};

}  // namespace pennypost::dns
