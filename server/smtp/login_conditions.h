// Which mechanisms AUTH offers on a connection now: asked by EHLO for its line and by AUTH for the exchange.
#pragma once
#include "server/auth/sasl.h"

namespace pennypost::smtp {

class Session;
auth::SaslConditions login_conditions(Session& s);

}  // namespace pennypost::smtp
