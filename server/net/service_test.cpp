// Services over real sockets on loopback: limits, threads, the stop.
#include "server/net/service.h"

#include <atomic>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/base/test_folder.h"
#include "server/base/text.h"
#include "server/net/addresses.h"
#include "server/net/test_peer.h"

namespace pennypost::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const Poco::Net::SocketAddress kAnyPort{"127.0.0.1", 0};

// Greets, then answers every line with itself until QUIT; says so when the server stops.
void echo(Connection& connection) {
  connection.write("hello\r\n");
  for (;;) {
    const auto line = connection.read_line({1000}, 60s);
    if (!line) {
      if (connection.ended() == Ended::by_stop) connection.write("stopping\r\n");
      return;
    }
    if (*line == "QUIT") return connection.write("bye\r\n");
    if (*line == "THROW") throw std::runtime_error{"as asked"};
    connection.write(std::string{*line} + "\r\n");
  }
}

std::unique_ptr<Service> serve(Service::Session session, ServiceOptions options = {}) {
  options.name = "echo";
  if (options.bindings.empty()) options.bindings = {{kAnyPort}};
  auto service = Service::bind(std::move(options), std::move(session));
  EXPECT_TRUE(service);
  (*service)->start();
  return std::move(*service);
}

Poco::Net::SocketAddress address_of(const Service& service, std::size_t i = 0) { return service.bindings()[i].address; }

bool becomes(const std::function<bool()>& holds) {
  for (int i = 0; i < 500; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

// Resident memory of this process, in KiB.
std::int64_t resident_kib() {
  std::ifstream status{"/proc/self/statm"};
  std::int64_t size = 0;
  std::int64_t resident = 0;
  status >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE) / 1024;
}

TEST(Service, ServesEveryBindingPlainAndTls) {
  const TestFolder folder;
  ServiceOptions options;
  options.tls = *TlsServer::load(*ensure_certificate(folder.path(), {"mail.test"}));
  options.bindings = {{kAnyPort}, {kAnyPort, Security::tls}};
  const auto service = serve(echo, options);
  EXPECT_NE(address_of(*service, 0).port(), 0);
  EXPECT_NE(address_of(*service, 0).port(), address_of(*service, 1).port());
  for (std::size_t i = 0; i < 2; ++i) {
    SCOPED_TRACE(i);
    auto client = *connect({.address = address_of(*service, i), .from = {}, .id = "client"});
    const auto shaken = i == 1 ? client->start_tls(**TlsClient::make(), "mail.test", Verify::none) : Result<void>{};
    ASSERT_TRUE(shaken);
    EXPECT_EQ(*client->read_line({100}, 5s), "hello");
    client->write("ping\r\nQUIT\r\n");
    EXPECT_EQ(*client->read_line({100}, 5s), "ping");
    EXPECT_EQ(*client->read_line({100}, 5s), "bye");
    EXPECT_FALSE(client->read_line({100}, 5s));
    EXPECT_EQ(client->ended(), Ended::by_peer);
  }
}

TEST(Service, AcceptsNothingBeforeItIsStarted) {
  ServiceOptions options;
  options.bindings = {{kAnyPort}};
  const auto service = *Service::bind(options, echo);
  RawPeer early{address_of(*service)};
  EXPECT_EQ(early.available(200ms), 0U);
  service->start();
  EXPECT_EQ(early.read_line(), "hello");
}

TEST(Service, AnAddressThatIsTakenIsNamed) {
  const auto service = serve(echo);
  ServiceOptions options;
  options.bindings = {{kAnyPort}, {address_of(*service)}};
  const auto second = Service::bind(options, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Kind::in_use);
  EXPECT_THAT(second.error().for_log, HasSubstr(address_of(*service).toString()));
  options.bindings = {{kAnyPort, Security::tls}};
  const auto without = Service::bind(options, echo);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().kind, Kind::bad_input);
}

TEST(Service, TurnsAwayWhatPassesItsLimitsWithItsOwnWords) {
  ServiceOptions options;
  options.most_sessions = 3;
  options.most_from_address = 2;
  options.refusal = [](Refusal why, const Poco::Net::IPAddress& address) {
    return std::string{why == Refusal::too_many ? "421 all " : "421 yours "} + address.toString() + "\r\n";
  };
  const auto service = serve(echo, options);
  const auto call_from = [&](const char* from) {
    return *connect({.address = address_of(*service), .from = Poco::Net::IPAddress{from}, .id = "client"});
  };
  auto one = call_from("127.0.0.1");
  auto two = call_from("127.0.0.1");
  EXPECT_EQ(*one->read_line({100}, 5s), "hello");
  EXPECT_EQ(*two->read_line({100}, 5s), "hello");
  auto third = call_from("127.0.0.1");
  EXPECT_EQ(*third->read_line({100}, 5s), "421 yours 127.0.0.1");
  EXPECT_FALSE(third->read_line({100}, 5s));
  EXPECT_EQ(third->ended(), Ended::by_peer);
  auto other = call_from("127.0.0.2");
  EXPECT_EQ(*other->read_line({100}, 5s), "hello");
  auto last = call_from("127.0.0.3");
  EXPECT_EQ(*last->read_line({100}, 5s), "421 all 127.0.0.3");
  EXPECT_EQ(service->sessions(), 3);
  one->write("QUIT\r\n");
  EXPECT_EQ(*one->read_line({100}, 5s), "bye");
  EXPECT_TRUE(becomes([&] { return service->sessions() == 2; }));
  EXPECT_EQ(*call_from("127.0.0.1")->read_line({100}, 5s), "hello");
}

TEST(Service, AFloodThatIsTurnedAwayHurtsNobody) {
  ServiceOptions options;
  options.most_sessions = 50;
  options.most_from_address = 2;
  options.refusal = [](Refusal, const Poco::Net::IPAddress&) { return "no\r\n"; };
  const auto service = serve(echo, options);
  auto held = RawPeer{address_of(*service)};
  EXPECT_EQ(held.read_line(), "hello");
  auto second = RawPeer{address_of(*service)};
  EXPECT_EQ(second.read_line(), "hello");
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(RawPeer{address_of(*service)}.read_line(), "no");
  held.send("ping\r\n");
  EXPECT_EQ(held.read_line(), "ping");
}

TEST(Service, AnExceptionEndsItsSessionAloneAndIsLogged) {
  const auto ring = std::make_shared<RingLog>();
  add_log_sink(ring);
  const auto service = serve(echo);
  RawPeer bad{address_of(*service)};
  RawPeer good{address_of(*service)};
  EXPECT_EQ(bad.read_line(), "hello");
  EXPECT_EQ(good.read_line(), "hello");
  bad.send("THROW\r\n");
  EXPECT_EQ(bad.read_to_end(), "");
  good.send("ping\r\n");
  EXPECT_EQ(good.read_line(), "ping");
  EXPECT_TRUE(ring->has("as asked"));
  EXPECT_TRUE(ring->has("session=echo-"));
  remove_log_sink(ring);
}

TEST(Service, ListsItsSessionsAndWakesThem) {
  std::atomic<int> woken = 0;
  const auto service = serve([&](Connection& connection) {
    if (connection.wait(60s) == Woken::event) ++woken;
  });
  RawPeer one{address_of(*service)};
  RawPeer two{address_of(*service)};
  ASSERT_TRUE(becomes([&] { return service->sessions() == 2; }));
  const auto list = service->list();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_THAT(list[0].id, testing::StartsWith("echo-"));
  EXPECT_NE(list[0].id, list[1].id);
  EXPECT_EQ(list[0].peer.host().toString(), "127.0.0.1");
  service->each([](Connection& connection) { connection.wake(); });
  EXPECT_TRUE(becomes([&] { return woken == 2; }));
}

TEST(Service, StopAsksEverySessionAndWaitsForIt) {
  const auto service = serve(echo);
  std::vector<RawPeer> peers;
  for (int i = 0; i < 100; ++i) peers.emplace_back(address_of(*service));
  for (RawPeer& peer : peers) EXPECT_EQ(peer.read_line(), "hello");
  const auto before = Connection::Clock::now();
  std::jthread stopping{[&] { service->stop(10s); }};
  for (RawPeer& peer : peers) {
    EXPECT_EQ(peer.read_line(), "stopping");
    peer.close();
  }
  stopping.join();
  EXPECT_LT(Connection::Clock::now() - before, 5s);
  EXPECT_EQ(service->sessions(), 0);
  EXPECT_THROW(RawPeer{address_of(*service)}, Poco::Exception);
}

TEST(Service, StopCutsOffWhatDoesNotEndByItself) {
  const auto service = serve([](Connection& connection) {
    connection.write(std::string(50'000'000, 'x'));  // to a peer that takes nothing
    std::string into;
    while (connection.read_exactly({1'000'000'000}, into, 60s)) into.clear();  // a message without end
  });
  RawPeer one{address_of(*service)};
  RawPeer two{address_of(*service)};
  ASSERT_TRUE(becomes([&] { return service->sessions() == 2; }));
  const auto before = Connection::Clock::now();
  service->stop(1s);
  EXPECT_GE(Connection::Clock::now() - before, 1s);
  EXPECT_LT(Connection::Clock::now() - before, 5s);
  EXPECT_EQ(service->sessions(), 0);
}

TEST(Service, StopsWithoutHavingBeenStarted) {
  ServiceOptions options;
  options.bindings = {{kAnyPort}};
  const auto service = *Service::bind(options, echo);
  service->stop(1s);
}

TEST(Service, TwoThousandIdleConnectionsCostLittleEach) {
  constexpr int kMany = 2000;
  ASSERT_GT(prepare_process(), 2U * kMany * 2 + 100) << "too few open files allowed";
  const TestFolder folder;
  ServiceOptions options;
  options.tls = *TlsServer::load(*ensure_certificate(folder.path(), {"mail.test"}));
  options.bindings = {{kAnyPort}, {kAnyPort, Security::tls}};
  std::atomic<int> waiting = 0;
  const auto service = serve(
      [&](Connection& connection) {
        connection.write("hello\r\n");
        if (!connection.read_line({1000}, 60s)) return;
        connection.write(std::string(30'000, 'x') + "\r\n");  // buffers have been in use
        ++waiting;
        connection.wait(60s);
        --waiting;
      },
      options);
  const auto asks = *TlsClient::make();
  for (const Security security : {Security::plain, Security::tls}) {
    waiting = 0;
    const std::int64_t before = resident_kib();
    // Clients in a process of their own would be cleaner; a plain one costs nothing here, a TLS one is let go after
    // its handshake but for the socket.
    std::vector<std::unique_ptr<Connection>> clients;
    for (int i = 0; i < kMany; ++i) {
      auto client =
          connect({.address = address_of(*service, security == Security::tls ? 1 : 0), .from = {}, .id = "c"});
      ASSERT_TRUE(client);
      if (security == Security::tls) {
        ASSERT_TRUE((*client)->start_tls(*asks, "mail.test", Verify::none));
      }
      ASSERT_TRUE((*client)->read_line({100}, 10s));
      (*client)->write("in\r\n");
      ASSERT_TRUE((*client)->read_line({40'000}, 10s));
      EXPECT_EQ((*client)->wait(0s), Woken::timeout);
      clients.push_back(std::move(*client));
    }
    ASSERT_TRUE(becomes([&] { return waiting == kMany; }));
    const std::int64_t each = (resident_kib() - before) / kMany;
    std::printf("%d idle %s connections: %lld KiB each (%s)\n", kMany, security == Security::tls ? "TLS" : "plain",
                static_cast<long long>(each), "both ends");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose own memory would be measured
    EXPECT_LT(each, 100);  // a touched stack or a buffer that is not released would show
#endif
    clients.clear();
    ASSERT_TRUE(becomes([&] { return service->sessions() == 0; }));
  }
  service->stop(10s);
}

TEST(Addresses, Ipv4InIpv6IsIpv4AndOneClientIsOneLine) {
  using Poco::Net::IPAddress;
  EXPECT_EQ(unmapped(IPAddress{"::ffff:192.0.2.1"}).toString(), "192.0.2.1");
  EXPECT_EQ(unmapped(IPAddress{"2001:db8::1"}).toString(), "2001:db8::1");
  EXPECT_EQ(one_client(IPAddress{"192.0.2.1"}), IPAddress{"192.0.2.1"});
  EXPECT_EQ(one_client(IPAddress{"::ffff:192.0.2.1"}), IPAddress{"192.0.2.1"});
  EXPECT_EQ(one_client(IPAddress{"2001:db8:1:2:3::4"}), one_client(IPAddress{"2001:db8:1:2:ffff::"}));
  EXPECT_NE(one_client(IPAddress{"2001:db8:1:2::4"}), one_client(IPAddress{"2001:db8:1:3::4"}));
}

}  // namespace
}  // namespace pennypost::net
