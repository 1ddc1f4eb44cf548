// The choice of ports: given by a base, or the standard ones with a row of replacements for each.
#include "server/main/ports.h"

#include <array>

#include <Poco/Exception.h>
#include <Poco/Net/ServerSocket.h>
#include <fmt/format.h>

namespace pennypost::main_program {

namespace {

struct Choice {
  Port Ports::*port;
  Port standard;
  Port instead;  ///< where the standard port may not be bound; then the same with 10000 more, and so on
};

constexpr auto kChoices = std::to_array<Choice>({
    {&Ports::smtp, 25, 2525},
    {&Ports::submission, 587, 1587},
    {&Ports::smtps, 465, 1465},
    {&Ports::pop3, 110, 1110},
    {&Ports::pop3s, 995, 1995},
    {&Ports::imap, 143, 1143},
    {&Ports::imaps, 993, 1993},
    {&Ports::http, 5108, 15108},
});

bool can_bind(const std::string& address, Port port) {
  try {
    Poco::Net::ServerSocket probe;
    const Poco::Net::SocketAddress where{address, port};
    if (where.family() == Poco::Net::SocketAddress::IPv6) {
      probe.bind6(where, true, false, true);
    } else {
      probe.bind(where, true);
    }
    return true;
  } catch (const Poco::Exception&) {
    return false;  // taken, or not ours to bind
  }
}

}  // namespace

Result<Ports> ports_from_base(int base) {
  Ports ports;
  for (const Choice& choice : kChoices) {
    const int port = base + choice.standard;
    if (base < 0 || port > 65535) {
      return error(Kind::bad_input, fmt::format("--port-base {}: {} + {} is no TCP port", base, base, choice.standard));
    }
    ports.*choice.port = static_cast<Port>(port);
  }
  return ports;
}

Result<Ports> free_ports(const std::vector<std::string>& addresses) {
  Ports ports;
  for (const Choice& choice : kChoices) {
    std::vector<int> row{choice.standard};
    for (int port = choice.instead; port <= 65535; port += 10000) row.push_back(port);
    bool found = false;
    for (const int port : row) {
      found = std::ranges::all_of(addresses,
                                  [&](const auto& address) { return can_bind(address, static_cast<Port>(port)); });
      if (found) {
        ports.*choice.port = static_cast<Port>(port);
        break;
      }
    }
    if (!found) {
      return error(Kind::unavailable, fmt::format("No free port for what usually listens on {}; tried {}",
                                                  choice.standard, fmt::join(row, ", ")));
    }
  }
  return ports;
}

}  // namespace pennypost::main_program
