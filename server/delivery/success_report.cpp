// Makes the success report (see the header). Pure; what it quotes of the original has been checked by who took it in.
#include "server/delivery/success_report.h"

#include "server/delivery/received.h"
#include "server/delivery/router.h"
#include "server/message/build.h"

namespace pennypost::delivery {

std::string success_report(const Envelope& envelope, std::span<const Recipient* const> delivered,
                           std::string_view header, const std::string& host_name, const std::string& from_domain,
                           Timestamp at) {
  const auto [local, domain] = split_address(envelope.return_path);
  message::Report report;
  report.reporting_mta = host_name;
  report.from = {"Mail Delivery System", "", "Mailer_Daemon", from_domain};
  report.to = {"", "", std::string{local}, std::string{domain}};
  report.subject = "Delivered";
  report.text = "This is the mail system of " + host_name + ".\r\n\r\nYour message is in the mailbox of\r\n\r\n";
  report.envelope_id = envelope.envelope_id;
  report.arrival = at;
  report.original = header;
  report.returned = message::ReturnContent::headers;
  report.at = at;
  report.zone_minutes = local_zone_minutes(at);
  for (const auto* recipient : delivered) {
    report.text += "<" + recipient->address + ">\r\n";
    message::ReportedRecipient row;
    row.original = recipient->original;
    row.final_address = recipient->address;
    row.action = "delivered";
    row.status = "2.1.5";
    report.recipients.push_back(std::move(row));
  }
  report.text += "\r\nThe header of the message is attached.\r\n";
  return message::build(report);
}

}  // namespace pennypost::delivery
