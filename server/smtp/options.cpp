// The settings of a session. A value that makes no sense counts as its default (base/settings.h says so of all).
#include "server/smtp/options.h"

#include <array>

#include <unistd.h>

#include "server/base/text.h"

namespace pennypost::smtp {

std::string host_name(const SettingsSnapshot& settings) {
  auto name = settings.get(kHostName);
  if (!name.empty()) return name;
  std::array<char, 256> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) == 0 && buffer[0] != '\0') return buffer.data();
  return "localhost";
}

Options Options::from(const SettingsSnapshot& settings) {
  Options o;
  o.host_name = smtp::host_name(settings);
  o.told_most = settings.get(kMessageMost);
  o.message_most = pennypost::message_most(settings);
  o.recipients_most = settings.get(kRecipientsMost);
  o.timeout = settings.get(kSmtpTimeout);
  const auto rule = settings.get(kSmtpAuthentication);
  o.auth = same_word(rule, "required")   ? AuthRule::required
           : same_word(rule, "disabled") ? AuthRule::disabled
                                         : AuthRule::optional;
  o.internal_without_auth = settings.get(kSmtpInternalWithoutAuth);
  o.authenticated_may_relay = settings.get(kSmtpAuthenticatedMayRelay);
  o.tls_required = same_word(settings.get(kSmtpEncryption), "TLS");
  o.login_needs_tls = o.tls_required || settings.get(kRequireEncryptedLogin);
  o.dsn = !settings.get(kSmtpDsnOff);
  o.refuse_percent = settings.get(kSmtpRefusePercent);
  o.verify = settings.get(kSmtpVerify);
  o.refused_hello = settings.get(kSmtpRefuseHello);
  o.local_networks = settings.get(kLocalNetworks);
  o.nul = NulRule::from_setting(settings.get(kSmtpNul));
  o.history = settings.get(kHistoricalLogging);
  return o;
}

}  // namespace pennypost::smtp
