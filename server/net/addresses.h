// Network addresses as the rest of the server wants to see them.
#pragma once
#include <Poco/Net/IPAddress.h>
#include <Poco/Net/SocketAddress.h>

namespace pennypost::net {

/// An IPv4 address that came in IPv6 clothes (::ffff:192.0.2.1) as what it is; any other unchanged.
Poco::Net::IPAddress unmapped(const Poco::Net::IPAddress& address);
Poco::Net::SocketAddress unmapped(const Poco::Net::SocketAddress& address);

/// What counts as one client in limits: an IPv4 address; the first 64 bits of an IPv6 address, since one line of a
/// provider has all addresses below them.
Poco::Net::IPAddress one_client(const Poco::Net::IPAddress& address);

}  // namespace pennypost::net
