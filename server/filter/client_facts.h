// What scripts may ask about a transaction that costs look-ups: found only for a script that reads it.
#pragma once
#include "ruleinterp/host.h"
#include "ruleinterp/program.h"
#include "server/delivery/stage.h"
#include "server/dns/resolver.h"

namespace pennypost::filter {

/// Whether a line of the script names this built-in variable.
bool reads(const ruleinterp::Program& program, std::string_view variable);

/// ${SMTPReverseDNS}: the first name of the client's address, in lower case and as its owner wrote it: whether it leads
/// back is not checked. Empty when there is none, or it is not found within kReverseDnsTime and until the deadline.
std::string reverse_name_of(const std::string& client, dns::Resolver& resolver, ruleinterp::Deadline until);

/// ${AnyInvalidRecipients}: a recipient of the envelope, or one that the client named and was refused, is in a domain
/// of ours and nobody's.
bool any_invalid_recipient(const delivery::Envelope& envelope, ruleinterp::Directory& directory);

/// Fills both fields of the envelope, as far as the script reads them. `resolver` may be null.
void look_up(const ruleinterp::Program& program, const delivery::Arrival& mail, dns::Resolver* resolver,
             ruleinterp::Directory& directory, ruleinterp::Deadline until, ruleinterp::Envelope& envelope);

}  // namespace pennypost::filter
