// Names of the DNS: what may be asked for, internationalized names, reverse and block-list names.
#pragma once
#include <string>
#include <string_view>

#include <Poco/Net/IPAddress.h>

#include "server/base/result.h"

namespace pennypost::dns {

/// The form in which a name is asked for: lower case, internationalized labels as A-labels (UTS 46, IDNA 2008), no
/// final dot. Labels of 1 to 63 octets, 253 in all; every printable ASCII character but blank, dot and backslash is
/// taken (names of SPF, DKIM and SRV need more than letters). Errors: `bad_input`.
Result<std::string> query_name(std::string_view name);
/// For people: A-labels as Unicode; a name that does not convert is given unchanged.
std::string display_name(std::string_view name);
/// Letters, digits and hyphens inside labels (RFC 952, 1123 2.1), at most 253 octets, a final dot allowed; not an
/// address.
bool is_host_name(std::string_view name);

/// "1.2.0.192.in-addr.arpa" for 192.0.2.1, 32 nibbles under "ip6.arpa" for IPv6 (RFC 1035 3.5, RFC 3596 2.5).
std::string reverse_name(const Poco::Net::IPAddress& address);
/// "1.2.0.192.ZONE" (RFC 5782 2.1, 2.4).
std::string block_list_name(const Poco::Net::IPAddress& address, std::string_view zone);

}  // namespace pennypost::dns
