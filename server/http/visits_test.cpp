#include "server/http/visits.h"

#include <optional>

#include <Poco/Net/ServerSocket.h>
#include <gtest/gtest.h>

namespace pennypost::http {
namespace {

namespace net = Poco::Net;

// A client and the server's end of its connection.
struct Pair {
  explicit Pair(net::ServerSocket& listener) : client{listener.address()}, server{listener.acceptConnection()} {}
  net::StreamSocket client;
  net::StreamSocket server;
};

TEST(Visits, ACloseNeighbourMayComeAsOftenAsItLikes) {
  net::ServerSocket listener{net::SocketAddress{"127.0.0.1", 0}};
  Visits visits{1, 60s};
  Pair a{listener}, b{listener};
  const Visits::Visit first{visits, a.server}, second{visits, b.server};
  EXPECT_TRUE(first.is_admitted());
  EXPECT_TRUE(second.is_admitted());
  EXPECT_EQ(first.address(), "127.0.0.1");
}

TEST(Visits, OthersMayHaveSoManyOpenAtOnce) {
  net::ServerSocket listener{net::SocketAddress{"127.0.0.1", 0}};
  Visits visits{2, 60s, [](const net::IPAddress&) { return false; }};
  Pair a{listener}, b{listener}, c{listener}, d{listener};
  const Visits::Visit first{visits, a.server};
  std::optional<Visits::Visit> second{std::in_place, visits, b.server};
  {
    const Visits::Visit third{visits, c.server};
    EXPECT_TRUE(second->is_admitted());
    EXPECT_FALSE(third.is_admitted());
  }
  second.reset();
  EXPECT_TRUE((Visits::Visit{visits, d.server}.is_admitted()));
}

TEST(Visits, AddressesOfPrivateNetworksAreNear) {
  struct Row {
    const char* address;
    bool near;
  };
  for (const auto& [address, near] :
       {Row{"127.0.0.1", true}, Row{"10.1.2.3", true}, Row{"192.168.0.9", true}, Row{"172.16.0.1", true},
        Row{"169.254.1.1", true}, Row{"::1", true}, Row{"fe80::1", true}, Row{"fd00::1", true},
        Row{"203.0.113.1", false}, Row{"2001:db8::1", false}, Row{"172.32.0.1", false}}) {
    SCOPED_TRACE(address);
    EXPECT_EQ(is_near(net::IPAddress{address}), near);
  }
}

TEST(Visits, AConnectionThatLastsTooLongIsCutOff) {
  net::ServerSocket listener{net::SocketAddress{"127.0.0.1", 0}};
  Visits visits{8, 60s};
  Pair pair{listener};
  const Visits::Visit visit{visits, pair.server};
  pair.client.setReceiveTimeout({0, 100'000});
  char octet = 0;
  visits.end_overdue(Visits::Clock::now() + 59s);
  EXPECT_THROW(pair.client.receiveBytes(&octet, 1), Poco::TimeoutException);
  visits.end_overdue(Visits::Clock::now() + 61s);
  EXPECT_EQ(pair.client.receiveBytes(&octet, 1), 0);
  EXPECT_EQ(pair.server.receiveBytes(&octet, 1), 0);
}

TEST(Visits, OneThatHasEndedIsNotTouchedAnyMore) {
  net::ServerSocket listener{net::SocketAddress{"127.0.0.1", 0}};
  Visits visits{8, 60s};
  Pair pair{listener};
  std::optional<Visits::Visit> visit{std::in_place, visits, pair.server};
  visit.reset();
  visits.end_overdue(Visits::Clock::now() + 61s);
  EXPECT_EQ(pair.client.sendBytes("x", 1), 1);
  char octet = 0;
  EXPECT_EQ(pair.server.receiveBytes(&octet, 1), 1);
}

}  // namespace
}  // namespace pennypost::http
