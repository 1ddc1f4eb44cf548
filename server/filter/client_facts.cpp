// Facts of a transaction that cost look-ups (spec 11 section 2.2). Needs the resolver and the directory; what cannot be
// found out is empty, as for mail that did not come by SMTP.
#include "server/filter/client_facts.h"

#include <algorithm>

#include "server/base/limits.h"
#include "server/base/text.h"

namespace pennypost::filter {

bool reads(const ruleinterp::Program& program, std::string_view variable) {
  return std::ranges::any_of(program.variables, [&](const ruleinterp::VariableSlot& slot) {
    return slot.builtin && same_word(slot.builtin->word, variable);
  });
}

std::string reverse_name_of(const std::string& client, dns::Resolver& resolver, ruleinterp::Deadline until) {
  Poco::Net::IPAddress address;
  if (!Poco::Net::IPAddress::tryParse(client, address)) return {};
  const auto left = std::chrono::floor<Milliseconds>(until - ruleinterp::Deadline::clock::now());
  const auto names = resolver.names_of(address, std::clamp<Milliseconds>(left, Milliseconds{0}, kReverseDnsTime.most));
  if (!names || names->empty()) return {};
  std::string name = to_lower(names->front());
  if (name.ends_with('.')) name.pop_back();
  return name;
}

bool any_invalid_recipient(const delivery::Envelope& envelope, ruleinterp::Directory& directory) {
  const auto was_unknown = [](const delivery::RefusedRecipient& recipient) {
    return recipient.reply.starts_with("550 5.1.1");  // RFC 3463: bad destination mailbox address
  };
  return std::ranges::any_of(envelope.refused, was_unknown) ||
         std::ranges::any_of(envelope.recipients, [&](const delivery::Recipient& recipient) {
           return directory.address_type(recipient.address) == "Invalid";
         });
}

void look_up(const ruleinterp::Program& program, const delivery::Arrival& mail, dns::Resolver* resolver,
             ruleinterp::Directory& directory, ruleinterp::Deadline until, ruleinterp::Envelope& envelope) {
  if (resolver && reads(program, "SMTPReverseDNS"))
    envelope.reverse_dns = reverse_name_of(mail.client.address, *resolver, until);
  if (reads(program, "AnyInvalidRecipients"))
    envelope.any_invalid_recipients = any_invalid_recipient(mail.envelope, directory);
}

}  // namespace pennypost::filter
