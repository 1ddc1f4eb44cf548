// The report that a sender asks for with NOTIFY=SUCCESS (RFC 3461 section 6.2.3, RFC 3464): "it is in the mailbox".
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "server/base/units.h"
#include "server/delivery/envelope.h"

namespace pennypost::delivery {

/// The whole message, to be sent with the null return path to the return path of `envelope`; it carries the header of
/// the original, `header`. `from_domain` is the domain of Mailer_Daemon (spec 60 section 8.3).
std::string success_report(const Envelope& envelope, std::span<const Recipient* const> delivered,
                           std::string_view header, const std::string& host_name, const std::string& from_domain,
                           Timestamp at);

}  // namespace pennypost::delivery
