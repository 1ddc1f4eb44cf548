// What a sender is told about mail that did not, not yet, or beyond our sight arrive (RFC 3461, RFC 3464, spec 60
// section 8.3).
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/base/smtp_text.h"
#include "server/base/units.h"
#include "server/message/build.h"
#include "server/store/out_queue.h"

namespace pennypost::transport {

enum class ReportEvent : std::uint8_t {
  failed,
  delayed,
  relayed,  ///< handed to a server that reports nothing itself (RFC 3461 section 6.2.2)
};

/// A recipient and what was said about it.
struct ReportLine {
  const store::QueuedRecipient* recipient = nullptr;
  SmtpReply reply;
  std::string server;  ///< that said it; empty when none was reached
};

struct ReportFacts {
  std::string own_name;  ///< reporting MTA
  std::string from;      ///< Mailer_Daemon@<default domain>
  Timestamp now{};
  Timestamp retried_until{};  ///< for delays
  std::string_view original;  ///< the message, or its header alone
  message::ReturnContent returned = message::ReturnContent::headers;
};

/// The whole message, to be sent with the null return path to the return path of `message`.
std::string delivery_report(ReportEvent event, const store::QueuedMessage& message, std::span<const ReportLine> lines,
                            const ReportFacts& facts);

/// Whether a failure report carries the whole message: as RET asks (up to kReportedOriginal), small ones also unasked.
message::ReturnContent returned_content(ReportEvent event, const store::QueuedMessage& message);

}  // namespace pennypost::transport
