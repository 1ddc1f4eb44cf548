// Network addresses: IPv4 in IPv6 (RFC 4291 2.5.5.2), one client (RFC 6177). Cannot fail.
#include "server/net/addresses.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace pennypost::net {

using Poco::Net::IPAddress;
using Poco::Net::SocketAddress;

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

}  // namespace pennypost::net
