// Addresses of pages that rule scripts ask for.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <Poco/Net/IPAddress.h>

#include "server/base/result.h"

namespace pennypost::filter {

/// An http or https URL, taken apart (RFC 3986, RFC 9110 4.2). What is connected to is what stands here, and nothing
/// else reads the text again.
struct Url {
  bool is_https = false;
  std::string host;                             ///< lower case, A-labels, no final dot; an address without brackets
  std::optional<Poco::Net::IPAddress> address;  ///< when the host is one
  std::uint16_t port = 80;
  std::string user;    ///< "name:password", percent signs decoded; empty when not given
  std::string target;  ///< path and query, beginning with "/"; what may not stand there is percent-encoded

  /// Errors: `bad_input`, `too_large`. Refused, beside what is no URL: other schemes; control characters, blanks and
  /// backslashes before the path; hosts of digits that are not four decimal numbers ("2130706433", "0x7f.1", "127.1"),
  /// which programs read in different ways; zones of IPv6 addresses.
  static Result<Url> parse(std::string_view text);
  /// The URL that a reference in an answer to this one means (RFC 3986 5.2). A user never comes from a reference: it
  /// stays when scheme, host and port do, else it goes. Errors as above.
  Result<Url> resolve(std::string_view reference) const;

  /// Host and port as in a Host field: "corp.example", "[2001:db8::1]:8080".
  std::string authority() const;
  /// Without user: for requests to a proxy, and for the log.
  std::string text() const;
};

}  // namespace pennypost::filter
