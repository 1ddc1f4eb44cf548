// The Received field, in the form that the original writes (spec 40 section 15.1).
#pragma once
#include <string>

#include "server/base/units.h"
#include "server/delivery/envelope.h"

namespace pennypost::delivery {

/// One line with CR LF:
/// `Received: from pc20 ([192.168.7.20]) by mail.corp.example ([192.168.7.2] running VPOP3) with ESMTP for <a@b>;
/// date`. With several recipients, or one of unreasonable length, the `for` clause is left out. With TLS: `with ESMTPS
/// (TLSv1.3:TLS_AES_256_GCM_SHA384)`. The date is local time.
std::string received_field(const Client& client, const Envelope& envelope, const std::string& host_name, Timestamp at);

/// Minutes east of UTC of the machine's time zone at that moment.
int local_zone_minutes(Timestamp at);

}  // namespace pennypost::delivery
