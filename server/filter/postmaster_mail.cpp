// Mail in the postmaster's name (see the header). Needs the domains of the directory; without any it is "localhost".
#include "server/filter/postmaster_mail.h"

#include "server/base/clock.h"
#include "server/delivery/received.h"

namespace pennypost::filter {

Result<message::TextMail> postmaster_mail(const delivery::Router& router, std::string_view name,
                                          std::string recipient) {
  auto domain = router.default_domain();
  if (!domain) return std::move(domain).error();
  auto complete = router.complete(std::move(recipient));
  if (!complete) return std::move(complete).error();
  message::TextMail mail;
  mail.from.name = name;
  mail.from.local = "postmaster";
  mail.from.domain = domain->empty() ? "localhost" : *std::move(domain);
  const auto [local, at_domain] = delivery::split_address(*complete);
  message::Address to;
  to.local = local;
  to.domain = at_domain;
  mail.to = {std::move(to)};
  mail.fields = {"Auto-Submitted: auto-generated\r\n"};
  mail.at = now();
  mail.zone_minutes = delivery::local_zone_minutes(mail.at);
  return mail;
}

}  // namespace pennypost::filter
