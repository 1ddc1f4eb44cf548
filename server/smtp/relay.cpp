// The relay decision (see the header): pure functions, but for default_gateways(), which reads /proc/net. Where that is
// missing there are no routers, and the line that blocks them matches nobody.
#include "server/smtp/relay.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "server/base/text.h"

namespace pennypost::smtp {
namespace {

using Poco::Net::IPAddress;

std::string_view octets_of(const IPAddress& address) {
  return {static_cast<const char*>(address.addr()), static_cast<std::size_t>(address.length())};
}

}  // namespace

std::vector<AccessLine> default_lines() {
  return {{AccessLine::Act::block, Scope::routers, false}, {AccessLine::Act::allow, Scope::local_networks, false}};
}

bool Network::contains(const IPAddress& client) const {
  const auto ours = octets_of(address);
  const auto theirs = octets_of(client);
  if (ours.size() != theirs.size()) return false;
  for (unsigned bit = 0; bit < bits; bit += 8) {
    const auto a = static_cast<unsigned char>(ours[bit / 8]);
    const auto b = static_cast<unsigned char>(theirs[bit / 8]);
    const unsigned rest = bits - bit;
    const unsigned mask = rest >= 8 ? 0xffU : (0xffU << (8 - rest)) & 0xffU;
    if (((a ^ b) & mask) != 0) return false;
  }
  return true;
}

std::optional<Network> read_network(std::string_view text) {
  const auto [address, bits] = cut(trim(text), '/');
  Network network;
  // Poco reads "10.1" as inet_aton does; a typing error must not become another network.
  if (address.find(':') == std::string_view::npos && std::ranges::count(address, '.') != 3) return std::nullopt;
  if (!IPAddress::tryParse(std::string{trim(address)}, network.address)) return std::nullopt;
  const unsigned all = network.address.family() == IPAddress::IPv4 ? 32 : 128;
  network.bits = all;
  if (text.find('/') != std::string_view::npos) {
    const auto number = to_number32(trim(bits));
    if (!number || *number > all) return std::nullopt;
    network.bits = *number;
  }
  return network;
}

Surroundings::Surroundings(std::vector<IPAddress> routers, std::string_view local_networks)
    : routers_{std::move(routers)} {
  for (const auto part : split(local_networks, ';'))
    if (const auto network = read_network(part)) local_.push_back(*network);
}

bool Surroundings::is_router(const IPAddress& client) const {
  for (const auto& router : routers_)
    if (router == client) return true;
  return false;
}

bool Surroundings::is_local(const IPAddress& client) const {
  for (const auto& network : local_)
    if (network.contains(client)) return true;
  return false;
}

std::vector<IPAddress> default_gateways() {
  std::vector<IPAddress> out;
  std::string line;
  std::ifstream v4{"/proc/net/route"};  // Iface Destination Gateway Flags ... Mask, numbers as the machine stores them
  std::getline(v4, line);
  while (std::getline(v4, line)) {
    std::istringstream words{line};
    std::string interface;
    std::uint32_t destination = 0;
    std::uint32_t gateway = 0;
    words >> interface >> std::hex >> destination >> gateway;
    if (!words || destination != 0 || gateway == 0) continue;
    out.emplace_back(&gateway, sizeof gateway);
  }
  std::ifstream v6{"/proc/net/ipv6_route"};  // destination bits source bits next-hop ...
  while (std::getline(v6, line)) {
    const auto words = split_words(line);
    if (words.size() < 5 || words[1] != "00") continue;
    const auto hop = hex_decode(words[4]);
    if (!hop || hop->size() != 16 || hop->find_first_not_of('\0') == std::string::npos) continue;
    out.emplace_back(hop->data(), 16);
  }
  return out;
}

const AccessLine* first_match(const std::vector<AccessLine>& lines, const Surroundings& around,
                              const IPAddress& client) {
  for (const auto& line : lines) {
    switch (line.scope) {
      case Scope::routers:
        if (around.is_router(client)) return &line;
        break;
      case Scope::local_networks:
        if (around.is_local(client)) return &line;
        break;
      case Scope::any:
        return &line;
    }
  }
  return nullptr;
}

RelayAnswer decide(const RelayQuestion& q) {
  if (!q.listed) {
    if (!q.recipient_is_local)
      return q.authenticated && q.authenticated_may_relay ? RelayAnswer::accept : RelayAnswer::refuse;
    const bool needs_login = q.rule == AuthRule::required && !q.authenticated && !q.internal_without_auth;
    return needs_login ? RelayAnswer::authentication_required : RelayAnswer::accept;
  }
  if (q.allow_unauth || q.authenticated || q.rule != AuthRule::required) return RelayAnswer::accept;
  if (q.recipient_is_local && q.internal_without_auth) return RelayAnswer::accept;
  return RelayAnswer::authentication_required;
}

}  // namespace pennypost::smtp
