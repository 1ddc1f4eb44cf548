// What the historical log says of a message that came in (spec 30 section 9, 60 section 17.3).
#pragma once
#include <string_view>

#include "server/delivery/router.h"
#include "server/delivery/stage.h"
#include "server/store/log_db.h"

namespace pennypost::delivery {

/// A message at the end of its way. Everything in it lives as long as the call.
struct Ended {
  const Client& client;
  const Envelope& envelope;
  const message::Message& message;
  const Edits& edits;
  Timestamp at{};  ///< when it came in
  std::string_view trace_id;
  const SmtpReply& reply;
  bool held = false;
  std::string_view stage;   ///< that refused, deferred or dropped it; empty when it was delivered
  std::string_view reason;  ///< of that stage
};

/// The rows: N a recipient here, R one elsewhere, I one that nobody has (also those refused at RCPT). `result` says
/// what became of the message for it, `errorcode` why it was not taken.
store::MessageRecord history_of(const Ended& mail, const Router& router);

}  // namespace pennypost::delivery
