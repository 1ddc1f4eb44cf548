// Wording and fields of delivery reports (RFC 3461, 3464, 3834; spec 60 section 8.3). Pure. Texts are ours: those of
// the original are templates that are not known.
#include "server/transport/report.h"

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/base/text.h"
#include "server/transport/smtp_answer.h"
#include "server/transport/smtp_client.h"

namespace pennypost::transport {
namespace {

constexpr Octets kSmall = 64_KiB;  // returned whole where the sender has not said what he wants

std::string_view action_of(ReportEvent event) {
  switch (event) {
    case ReportEvent::failed:
      return "failed";
    case ReportEvent::delayed:
      return "delayed";
    case ReportEvent::relayed:
      return "relayed";
  }
  return "failed";
}

std::string subject_of(ReportEvent event, const store::QueuedMessage& message) {
  const std::string about = message.subject.empty() ? "" : ": " + message.subject;
  switch (event) {
    case ReportEvent::failed:
      return "Undelivered mail" + about;
    case ReportEvent::delayed:
      return "Delayed mail (still being tried)" + about;
    case ReportEvent::relayed:
      return "Mail sent on" + about;
  }
  return about;
}

std::string_view opening_of(ReportEvent event) {
  switch (event) {
    case ReportEvent::failed:
      return "Your message could not be delivered to the recipients below. It will not be tried again.\r\n";
    case ReportEvent::delayed:
      return "Your message has not reached the recipients below yet. This is a warning only:\r\n"
             "it is still being tried, and there is no need to send it again.\r\n";
    case ReportEvent::relayed:
      return "Your message was handed over for the recipients below, to servers that do not confirm\r\n"
             "delivery. No further report may come.\r\n";
  }
  return "";
}

std::string status_of(ReportEvent event, const SmtpReply& reply) {
  const char klass = event == ReportEvent::failed ? '5' : event == ReportEvent::delayed ? '4' : '2';
  std::string status = status_text(reply.enhanced);
  if (status.empty()) return fmt::format("{}.0.0", klass);
  status[0] = klass;  // a temporary answer that lasted too long is a failure now (RFC 3463 section 2)
  return status;
}

}  // namespace

message::ReturnContent returned_content(ReportEvent event, const store::QueuedMessage& message) {
  if (event != ReportEvent::failed || message.returned == store::ReturnOption::headers) {
    return message::ReturnContent::headers;  // RFC 3461 4.3: RET=FULL is for failures only
  }
  const Octets most = message.returned == store::ReturnOption::full ? kReportedOriginal.most : kSmall;
  return message.size <= most ? message::ReturnContent::full : message::ReturnContent::headers;
}

std::string delivery_report(ReportEvent event, const store::QueuedMessage& message, std::span<const ReportLine> lines,
                            const ReportFacts& facts) {
  message::Report report;
  report.reporting_mta = facts.own_name;
  const auto [local, domain] = cut(facts.from, '@');
  report.from = {"Mail Delivery System", "", std::string{local}, std::string{domain}};
  const std::size_t at = message.return_path.rfind('@');
  report.to = {"", "", message.return_path.substr(0, at),
               at == std::string::npos ? std::string{} : message.return_path.substr(at + 1)};
  report.subject = subject_of(event, message);
  report.envelope_id = message.envelope_id;
  report.arrival = message.created;
  report.original = facts.original;
  report.returned = facts.returned;
  report.at = facts.now;
  report.text = fmt::format("This is the mail system of {}.\r\n\r\n{}\r\n", facts.own_name, opening_of(event));
  for (const ReportLine& line : lines) {
    const store::QueuedRecipient& recipient = *line.recipient;
    const std::string said = in_words(line.reply);
    report.text += fmt::format("<{}>\r\n", recipient.address);
    report.text += line.server.empty() ? fmt::format("    {}\r\n\r\n", said)
                                       : fmt::format("    {} said:\r\n    {}\r\n\r\n", line.server, said);
    message::ReportedRecipient row;
    row.original = recipient.original_recipient;
    row.final_address = recipient.address;
    row.action = action_of(event);
    row.status = status_of(event, line.reply);
    row.remote_mta = line.server;
    row.diagnostic = said;
    row.last_attempt = facts.now;
    if (event == ReportEvent::delayed) row.will_retry_until = facts.retried_until;
    report.recipients.push_back(std::move(row));
  }
  report.text += facts.returned == message::ReturnContent::full ? "The message is attached.\r\n"
                                                                : "The header of the message is attached.\r\n";
  return message::build(report);
}

}  // namespace pennypost::transport
