// Where mail for an address goes: the smart host of the settings, or the mail exchangers of the domain (spec 60
// sections 7.1 and 7.2, RFC 5321 section 5, RFC 7505).
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <Poco/Net/SocketAddress.h>

#include "server/base/result.h"
#include "server/base/settings.h"
#include "server/base/smtp_text.h"
#include "server/dns/resolver.h"
#include "server/transport/smtp_client.h"

namespace pennypost::transport {

/// How outgoing mail leaves, from the settings; one value for a whole pass over the queue.
struct SendRules {
  struct Host {
    std::string name;
    std::uint16_t port = 25;
    bool operator==(const Host&) const = default;
  };
  std::vector<Host> relays;  ///< tried in their order; empty: direct
  TlsMode tls = TlsMode::opportunistic;
  net::Verify verify = net::Verify::opportunistic;
  std::string user;
  std::string password;
  int recipients_most = 100;  ///< of one transaction
  std::string own_name;
};
/// What the settings say. Error: `bad_input` naming the setting that makes no sense: mail then waits.
Result<SendRules> send_rules(const SettingsSnapshot& settings);

/// The name of this server: the setting HostName, else the machine's.
std::string own_name(const SettingsSnapshot& settings);

/// A server to try.
struct Exchanger {
  std::string name;  ///< for texts, SNI and the certificate
  Poco::Net::SocketAddress address;
};

struct Exchangers {
  std::vector<Exchanger> list;       ///< in the order in which they are tried
  std::optional<SmtpReply> failure;  ///< why there are none; permanent or temporary
};

/// Recognises this server among exchangers.
struct OwnAddresses {
  std::string name;
  std::function<bool(const Poco::Net::SocketAddress&)> is_ours;  ///< not set: by name alone
};

/// What recipients have in common to share a connection: "relay", or the domain in lower case. An address without a
/// domain gives an empty text.
std::string destination_of(const SendRules& rules, std::string_view address);

/// The mail exchangers of a domain or address literal: by preference, equal ones shuffled, every address of each. Our
/// own server and everything of the same or a higher preference number is left out (RFC 5321 5.1), so mail cannot
/// circle.
Exchangers exchangers_of(dns::Resolver& resolver, std::string_view domain, std::uint16_t port, const OwnAddresses& own,
                         Seconds wait);
/// The addresses of the smart hosts.
Exchangers relay_exchangers(dns::Resolver& resolver, const SendRules& rules, Seconds wait);

}  // namespace pennypost::transport
