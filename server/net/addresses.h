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

/// Whether the address belongs to the public network (IANA's special-purpose address registries, RFC 6890): not
/// loopback, private, link-local, unique-local, shared (RFC 6598), reserved, for documentation, multicast or
/// unspecified. An IPv6 address that stands for an IPv4 address (mapped, NAT64 of RFC 6052, 6to4 of RFC 3056) is what
/// that one is; Teredo (RFC 4380), which hides one, and NAT64 of local use (RFC 8215) are not public.
bool is_public(const Poco::Net::IPAddress& address);

}  // namespace pennypost::net
