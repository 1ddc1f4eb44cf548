// What the settings say to one session, read once at its start (spec 40 section 2).
#pragma once
#include <string>

#include "server/base/settings.h"
#include "server/base/units.h"
#include "server/smtp/data_scanner.h"
#include "server/smtp/relay.h"

namespace pennypost::smtp {

struct Options {
  std::string host_name;
  Octets told_most;     ///< SIZE of EHLO; 0: no limit is told
  Octets message_most;  ///< what counts
  std::int64_t recipients_most = 0;
  Seconds timeout{};
  AuthRule auth = AuthRule::optional;
  bool internal_without_auth = true;
  bool authenticated_may_relay = true;
  bool tls_required = false;
  bool login_needs_tls = false;  ///< mechanisms that show the password are offered in TLS only
  bool dsn = true;
  bool refuse_percent = true;
  bool verify = false;
  std::string refused_hello;   ///< part of a HELO name that is refused; empty: none
  std::string local_networks;  ///< the setting LocalNetworks
  NulRule nul;
  bool history = false;  ///< the historical log is on

  static Options from(const SettingsSnapshot& settings);
};

/// The setting HostName, else the name of this machine.
std::string host_name(const SettingsSnapshot& settings);

}  // namespace pennypost::smtp
