// Everything that is stored of a message besides its octets, computed once (DESIGN section 4).
#pragma once
#include "server/message/parse.h"
#include "server/store/delivery_writer.h"

namespace pennypost::delivery {

/// Borrows the octets of `message`.
store::NewBody describe(const message::Message& message);

}  // namespace pennypost::delivery
