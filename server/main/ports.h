// Which TCP ports the services take.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <Poco/Net/SocketAddress.h>

#include "server/base/result.h"

namespace pennypost::main_program {

using Port = std::uint16_t;

/// The ports of all services, by the name of what listens there.
struct Ports {
  Port smtp = 25;
  Port submission = 587;  ///< the same SMTP service once more: mail programs expect it (RFC 6409)
  Port smtps = 465;
  Port pop3 = 110;
  Port pop3s = 995;
  Port imap = 143;
  Port imaps = 993;
  Port http = 5108;
};

/// N + the standard port for each. Errors: `bad_input` when a port would pass 65535.
Result<Ports> ports_from_base(int base);

/// The standard port of each service where this process may bind it and it is free on all `addresses`; otherwise the
/// first free one of a fixed row (2525, 12525, ... for 25; 1110 for 110; 1143 for 143; the others likewise). Errors:
/// `unavailable` when a row has no free port. Another process may still take a port before it is bound.
Result<Ports> free_ports(const std::vector<std::string>& addresses);

}  // namespace pennypost::main_program
