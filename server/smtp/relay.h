// Who may send where: the relay decision (spec 40 section 7) and the lines of the access restrictions that it reads.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <Poco/Net/IPAddress.h>

namespace pennypost::smtp {

/// Whom a line of the access restrictions means (spec 40 section 8.1, as far as SMTP's default lines need it).
enum class Scope : std::uint8_t {
  routers,         ///< the default gateways of this machine
  local_networks,  ///< the setting LocalNetworks: at first loopback, private and link-local addresses
  any,
};

struct AccessLine {
  enum class Act : std::uint8_t { block, allow } act = Act::allow;
  Scope scope = Scope::any;
  bool allow_unauth = false;  ///< an allowed client need not authenticate even where that is required
};

/// The lines of a new installation (spec 40 section 7): Block routers, Allow local networks.
std::vector<AccessLine> default_lines();

/// An address range "192.168.0.0/16", "::1/128", "10.1.2.3".
struct Network {
  Poco::Net::IPAddress address;
  unsigned bits = 0;
  bool contains(const Poco::Net::IPAddress& client) const;
};
/// Nothing when it is no address or range.
std::optional<Network> read_network(std::string_view text);

/// What this machine knows of addresses: which are its routers, which networks count as local.
class Surroundings {
 public:
  /// `local_networks`: the setting LocalNetworks, which says all of them; its entries that are no ranges are passed
  /// over.
  Surroundings(std::vector<Poco::Net::IPAddress> routers, std::string_view local_networks);
  bool is_router(const Poco::Net::IPAddress& client) const;
  bool is_local(const Poco::Net::IPAddress& client) const;

 private:
  std::vector<Poco::Net::IPAddress> routers_;
  std::vector<Network> local_;
};

/// The default gateways of this machine, from the kernel's routing tables; empty when they cannot be read.
std::vector<Poco::Net::IPAddress> default_gateways();

/// The first line that means this client; none when no line does.
const AccessLine* first_match(const std::vector<AccessLine>& lines, const Surroundings& around,
                              const Poco::Net::IPAddress& client);

/// The service's drop-down SMTP Authentication (spec 40 section 2.1).
enum class AuthRule : std::uint8_t { disabled, optional, required };

/// Everything that the decision depends on.
struct RelayQuestion {
  bool listed = false;        ///< an Allow line matches the client
  bool allow_unauth = false;  ///< of that line
  bool recipient_is_local = false;
  bool authenticated = false;
  AuthRule rule = AuthRule::optional;
  bool internal_without_auth = true;    ///< "Do not require SMTP authentication for internal/incoming mail"
  bool authenticated_may_relay = true;  ///< ours: who has logged in may send from anywhere
};

enum class RelayAnswer : std::uint8_t {
  accept,
  authentication_required,  ///< 530
  refuse,                   ///< 550 Relaying not allowed! Bad sender IP address
};

/// The table of spec 40 section 7, row by row, with one switch of ours: by the table an authenticated client from an
/// address that no line allows is refused; `authenticated_may_relay` lets it send.
RelayAnswer decide(const RelayQuestion& q);

}  // namespace pennypost::smtp
