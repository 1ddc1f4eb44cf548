// Makes the Received field (see the header). Every part comes from a client and has been checked for control characters
// by the session; they are replaced here all the same, so that no caller can put a line into a header.
#include "server/delivery/received.h"

#include <ctime>

#include "server/base/text.h"
#include "server/message/date.h"

namespace pennypost::delivery {
namespace {

constexpr std::size_t kForMost = 300;  // a line of a header stays below 998 octets (RFC 5322 2.1.1)

std::string clean(std::string_view text, std::size_t most) {
  std::string out;
  for (const char c : text.substr(0, most)) out += is_control(c) ? '?' : c;
  return out;
}

}  // namespace

int local_zone_minutes(Timestamp at) {
  const std::time_t seconds = std::chrono::floor<Seconds>(at).time_since_epoch().count();
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) return 0;
  return static_cast<int>(parts.tm_gmtoff / 60);
}

std::string received_field(const Client& client, const Envelope& envelope, const std::string& host_name, Timestamp at) {
  std::string out = "Received: from " + (client.hello.empty() ? "<nohostname>" : clean(client.hello, 255));
  out += " ([" + client.address + "]) by " + host_name;
  out += " ([" + client.server_address + "] running VPOP3) with ";
  if (!client.tls.empty())
    out += "ESMTPS (" + client.tls + ")";
  else
    out += client.extended ? "ESMTP" : "SMTP";
  if (envelope.recipients.size() == 1 && envelope.recipients.front().address.size() <= kForMost)
    out += " for <" + clean(envelope.recipients.front().address, kForMost) + ">";
  out += "; " + message::format_date(at, local_zone_minutes(at)) + "\r\n";
  return out;
}

}  // namespace pennypost::delivery
