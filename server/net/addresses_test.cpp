// Which addresses count as public: one row a network, its ends and its neighbours.
#include "server/net/addresses.h"

#include <gtest/gtest.h>

namespace pennypost::net {
namespace {

using Poco::Net::IPAddress;

TEST(Addresses, OnlyWhatIsOnThePublicNetworkIsPublic) {
  struct Row {
    const char* what;
    const char* address;
    bool is_public;
  };
  for (const auto& [what, address, expected] : {
           Row{"a name server", "8.8.8.8", true},
           Row{"the first", "1.0.0.0", true},
           Row{"unspecified", "0.0.0.0", false},
           Row{"this network", "0.1.2.3", false},
           Row{"private", "10.255.255.255", false},
           Row{"after private", "11.0.0.0", true},
           Row{"before shared", "100.63.255.255", true},
           Row{"shared", "100.64.0.0", false},
           Row{"shared, last", "100.127.255.255", false},
           Row{"after shared", "100.128.0.0", true},
           Row{"loopback", "127.0.0.1", false},
           Row{"loopback, last", "127.255.255.255", false},
           Row{"after loopback", "128.0.0.1", true},
           Row{"link-local: where clouds keep their secrets", "169.254.169.254", false},
           Row{"before private", "172.15.255.255", true},
           Row{"private", "172.16.0.1", false},
           Row{"private, last", "172.31.255.255", false},
           Row{"after private", "172.32.0.0", true},
           Row{"protocol assignments", "192.0.0.8", false},
           Row{"documentation", "192.0.2.1", false},
           Row{"private", "192.168.1.1", false},
           Row{"after private", "192.169.0.0", true},
           Row{"benchmarks", "198.19.255.255", false},
           Row{"after benchmarks", "198.20.0.0", true},
           Row{"multicast", "224.0.0.1", false},
           Row{"before multicast", "223.255.255.255", true},
           Row{"reserved", "240.0.0.1", false},
           Row{"broadcast", "255.255.255.255", false},
           Row{"a name server", "2620:fe::fe", true},
           Row{"global", "2a00:1450::1", true},
           Row{"the last /16 of global unicast, but for documentation", "3fff:1000::1", true},
           Row{"unspecified", "::", false},
           Row{"loopback", "::1", false},
           Row{"IPv4-compatible", "::127.0.0.1", false},
           Row{"IPv4-compatible, public", "::8.8.8.8", false},
           Row{"mapped loopback", "::ffff:127.0.0.1", false},
           Row{"mapped private", "::ffff:10.0.0.1", false},
           Row{"mapped public", "::ffff:8.8.8.8", true},
           Row{"translated (SIIT)", "::ffff:0:127.0.0.1", false},
           Row{"NAT64 of loopback", "64:ff9b::127.0.0.1", false},
           Row{"NAT64 of private", "64:ff9b::192.168.0.1", false},
           Row{"NAT64 of public", "64:ff9b::8.8.8.8", true},
           Row{"NAT64 of local use", "64:ff9b:1::8.8.8.8", false},
           Row{"not the NAT64 prefix", "64:ff9b:0:1::8.8.8.8", false},
           Row{"6to4 of loopback", "2002:7f00:1::1", false},
           Row{"6to4 of private", "2002:c0a8:101::1", false},
           Row{"6to4 of public", "2002:808:808::1", true},
           Row{"Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2", false},
           Row{"benchmarks", "2001:2::1", false},
           Row{"ORCHID", "2001:20::1", false},
           Row{"after protocol assignments", "2001:200::1", true},
           Row{"documentation", "2001:db8::1", false},
           Row{"documentation", "3fff:fff::1", false},
           Row{"unique-local", "fc00::1", false},
           Row{"unique-local", "fd12:3456::1", false},
           Row{"link-local", "fe80::1", false},
           Row{"site-local, given up", "fec0::1", false},
           Row{"multicast", "ff02::1", false},
           Row{"discard", "100::1", false},
           Row{"segment routing", "5f00::1", false},
       }) {
    SCOPED_TRACE(std::string{what} + " " + address);
    EXPECT_EQ(is_public(IPAddress{address}), expected);
  }
}

}  // namespace
}  // namespace pennypost::net
