// Mail that the server writes in the postmaster's name.
#pragma once
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/delivery/router.h"
#include "server/message/build.h"

namespace pennypost::filter {

/// From `name` <postmaster@default domain> to `recipient`, to which the default domain is added where it has none;
/// without subject and text; not to be answered by programs (RFC 3834 section 5). Errors: unavailable.
Result<message::TextMail> postmaster_mail(const delivery::Router& router, std::string_view name, std::string recipient);

}  // namespace pennypost::filter
