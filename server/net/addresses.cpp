// Network addresses: IPv4 in IPv6 (RFC 4291 2.5.5.2), one client (RFC 6177), public or not (RFC 6890). Cannot fail.
#include "server/net/addresses.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace pennypost::net {

using Poco::Net::IPAddress;
using Poco::Net::SocketAddress;

namespace {

struct Network {
  std::array<unsigned char, 6> prefix;  // first octets; bits beyond `bits` are zero
  unsigned bits;
};

bool is_in(const unsigned char* address, const Network& network) {
  const std::size_t whole = network.bits / 8;
  if (!std::equal(address, address + whole, network.prefix.begin())) return false;
  const unsigned rest = network.bits % 8;
  return rest == 0 || ((address[whole] ^ network.prefix.at(whole)) >> (8 - rest)) == 0;
}

template <std::size_t n>
bool is_in_one(const unsigned char* address, const std::array<Network, n>& networks) {
  return std::ranges::any_of(networks, [&](const Network& network) { return is_in(address, network); });
}

// https://www.iana.org/assignments/iana-ipv4-special-registry: what is not globally reachable, and multicast.
constexpr std::array kNotPublic4{
    Network{{0}, 8},              // this network
    Network{{10}, 8},             // private
    Network{{100, 64}, 10},       // shared by providers
    Network{{127}, 8},            // loopback
    Network{{169, 254}, 16},      // link-local
    Network{{172, 16}, 12},       // private
    Network{{192, 0, 0}, 24},     // protocol assignments
    Network{{192, 0, 2}, 24},     // documentation
    Network{{192, 88, 99}, 24},   // 6to4 relays, given up
    Network{{192, 168}, 16},      // private
    Network{{198, 18}, 15},       // benchmarks
    Network{{198, 51, 100}, 24},  // documentation
    Network{{203, 0, 113}, 24},   // documentation
    Network{{224}, 4},            // multicast
    Network{{240}, 4},            // reserved, broadcast
};
constexpr Network kGlobalUnicast6{{0x20}, 3};
// iana-ipv6-special-registry, below 2000::/3.
constexpr std::array kNotPublic6{
    Network{{0x20, 0x01, 0x00}, 23},        // protocol assignments: Teredo, benchmarks, ORCHID
    Network{{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    Network{{0x3f, 0xff, 0x00}, 20},        // documentation
};
constexpr std::array<unsigned char, 12> kNat64{0x00, 0x64, 0xff, 0x9b};  // the rest is zero

bool is_public4(const unsigned char* address) { return !is_in_one(address, kNotPublic4); }

}  // namespace

IPAddress unmapped(const IPAddress& address) {
  if (address.family() != IPAddress::IPv6 || !address.isIPv4Mapped()) return address;
  return IPAddress{static_cast<const char*>(address.addr()) + 12, 4};
}

SocketAddress unmapped(const SocketAddress& address) {
  if (address.family() != SocketAddress::IPv6 || !address.host().isIPv4Mapped()) return address;
  return SocketAddress{unmapped(address.host()), address.port()};
}

IPAddress one_client(const IPAddress& address) {
  const IPAddress plain = unmapped(address);
  if (plain.family() != IPAddress::IPv6) return plain;
  std::array<unsigned char, 16> octets{};
  std::memcpy(octets.data(), plain.addr(), 8);
  return IPAddress{octets.data(), 16};
}

bool is_public(const IPAddress& address) {
  const auto* const octets = static_cast<const unsigned char*>(address.addr());
  if (address.family() != IPAddress::IPv6) return is_public4(octets);
  if (address.isIPv4Mapped() || std::equal(kNat64.begin(), kNat64.end(), octets)) return is_public4(octets + 12);
  if (octets[0] == 0x20 && octets[1] == 0x02) return is_public4(octets + 2);  // 6to4
  return is_in(octets, kGlobalUnicast6) && !is_in_one(octets, kNotPublic6);
}

}  // namespace pennypost::net
