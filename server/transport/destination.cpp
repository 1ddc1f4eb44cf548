// Choice of servers (RFC 5321 5.1, RFC 7505, spec 60 sections 7.1 and 7.2). Needs the resolver. A name server that does
// not answer is never taken for a domain that does not exist: that mail waits.
#include "server/transport/destination.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "server/base/limits.h"
#include "server/base/random.h"
#include "server/base/text.h"

namespace pennypost::transport {
namespace {

constexpr auto kNoDomain = smtp_text(550, {5, 1, 2}, "The domain does not exist:");
constexpr auto kNullMx = smtp_text(556, {5, 1, 10}, "The domain takes no mail:");  // RFC 7505 section 4.2
constexpr auto kNoServer = smtp_text(550, {5, 4, 4}, "No mail server is named for the domain");
constexpr auto kNoAddress = smtp_text(451, {4, 4, 4}, "No mail server of the domain has an address:");
constexpr auto kLoop = smtp_text(550, {5, 4, 6}, "Mail for the domain comes back to this server:");
constexpr auto kDnsAway = smtp_text(451, {4, 4, 3}, "The name servers do not answer for");

Error makes_no_sense(std::string_view key, std::string_view value) {
  return error(Kind::bad_input, fmt::format("The setting {} makes no sense: {}", key, printable(value)));
}

std::optional<SendRules::Host> host_of(std::string_view text) {
  SendRules::Host host;
  std::string_view port;
  if (text.starts_with('[')) {  // [2001:db8::1]:25
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host.name = text.substr(1, end - 1);
    if (text.size() > end + 1) {
      if (text[end + 1] != ':') return std::nullopt;
      port = text.substr(end + 2);
      if (port.empty()) return std::nullopt;
    }
  } else if (std::ranges::count(text, ':') > 1) {
    host.name = text;  // an IPv6 address as it is
  } else {
    const auto [name, behind] = cut(text, ':');
    host.name = name;
    port = behind;
    if (behind.empty() && text.ends_with(':')) return std::nullopt;
  }
  if (host.name.empty()) return std::nullopt;
  if (!port.empty()) {
    const auto number = to_number32(port);
    if (!number || *number == 0 || *number > 65535) return std::nullopt;
    host.port = static_cast<std::uint16_t>(*number);
  }
  return host;
}

SmtpReply dns_failure(const Error& e, std::string_view name) {
  if (e.kind == Kind::not_found || e.kind == Kind::bad_input) return SmtpReply::with(kNoDomain, name);
  return SmtpReply::with(kDnsAway, name);
}

}  // namespace

std::string own_name(const SettingsSnapshot& settings) {
  std::string name = settings.get(kHostName);
  if (!name.empty()) return name;
  std::array<char, 256> machine{};
  if (::gethostname(machine.data(), machine.size() - 1) == 0 && machine[0] != '\0') return machine.data();
  return "localhost";
}

Result<SendRules> send_rules(const SettingsSnapshot& settings) {
  SendRules rules;
  rules.own_name = own_name(settings);
  rules.user = settings.get(kRelayUser);
  rules.password = settings.get(kRelayPassword);
  rules.recipients_most = static_cast<int>(settings.get(kSendRecipientsMost));
  std::string hosts = settings.get(kRelayHost);
  std::ranges::replace_if(
      hosts, [](char c) { return c == ';' || c == ','; }, ' ');
  for (const std::string_view text : split_words(hosts)) {
    auto host = host_of(text);
    if (!host) return makes_no_sense(kRelayHost.key, text);
    rules.relays.push_back(*std::move(host));
  }
  if (rules.relays.empty()) {
    rules.user.clear();  // nothing of the smart host's is shown to strangers
    rules.password.clear();
    return rules;
  }
  const std::string tls = settings.get(kRelayTls);
  if (same_word(tls, "none")) {
    rules.tls = TlsMode::none;
  } else if (same_word(tls, "opportunistic") || tls.empty()) {
    rules.tls = TlsMode::opportunistic;
  } else if (same_word(tls, "required")) {
    rules.tls = TlsMode::required;
  } else if (same_word(tls, "implicit")) {
    rules.tls = TlsMode::implicit;
  } else {
    return makes_no_sense(kRelayTls.key, tls);
  }
  const bool is_sure = rules.tls == TlsMode::required || rules.tls == TlsMode::implicit;
  if (is_sure && settings.get(kRelayCheckCertificate)) rules.verify = net::Verify::required;
  return rules;
}

std::string destination_of(const SendRules& rules, std::string_view address) {
  if (!rules.relays.empty()) return "relay";
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string{} : to_lower(address.substr(at + 1));
}

Exchangers exchangers_of(dns::Resolver& resolver, std::string_view domain, std::uint16_t port, const OwnAddresses& own,
                         Seconds wait) {
  Exchangers out;
  if (domain.size() > 2 && domain.front() == '[' && domain.back() == ']') {  // RFC 5321 4.1.3
    std::string_view literal = domain.substr(1, domain.size() - 2);
    if (starts_with_word(literal, "IPv6:")) literal.remove_prefix(5);
    Poco::Net::IPAddress address;
    if (!Poco::Net::IPAddress::tryParse(std::string{literal}, address)) {
      out.failure = SmtpReply::with(kNoDomain, domain);
      return out;
    }
    const Poco::Net::SocketAddress target{address, port};
    if (own.is_ours && own.is_ours(target)) {
      out.failure = SmtpReply::with(kLoop, domain);
    } else {
      out.list.push_back({std::string{literal}, target});
    }
    return out;
  }
  auto mx = resolver.mx(domain, wait);
  if (!mx) {
    out.failure = dns_failure(mx.error(), domain);
    return out;
  }
  if (mx->size() == 1 && mx->front().host.empty()) {
    out.failure = SmtpReply::with(kNullMx, domain);
    return out;
  }
  const bool is_implicit = mx->empty();
  if (is_implicit) mx->push_back({0, std::string{domain}});
  for (std::size_t i = mx->size(); i > 1; --i) std::swap((*mx)[i - 1], (*mx)[random_below(i)]);
  std::ranges::stable_sort(*mx, {}, &dns::Mx::preference);

  std::optional<std::uint16_t> our_preference;
  std::optional<SmtpReply> last;
  bool any_temporary = false;
  for (const dns::Mx& exchanger : *mx) {
    if (our_preference && exchanger.preference >= *our_preference) break;
    if (exchanger.host.empty()) continue;
    const auto addresses = resolver.addresses(exchanger.host, wait);
    if (!addresses) {
      if (addresses.error().kind != Kind::not_found && addresses.error().kind != Kind::bad_input) any_temporary = true;
      last = dns_failure(addresses.error(), exchanger.host);
      continue;
    }
    const bool has_our_name = !own.name.empty() && same_word(exchanger.host, own.name) && !is_implicit;
    const bool has_our_address =
        own.is_ours && std::ranges::any_of(*addresses, [&](const Poco::Net::IPAddress& address) {
          return own.is_ours(Poco::Net::SocketAddress{address, port});
        });
    if (has_our_name || has_our_address) {  // nobody at this preference or behind it (RFC 5321 5.1)
      our_preference = exchanger.preference;
      continue;
    }
    for (const Poco::Net::IPAddress& address : *addresses) {
      out.list.push_back({exchanger.host, Poco::Net::SocketAddress{address, port}});
    }
  }
  if (our_preference) {  // equal ones may stand before ours in the shuffled order
    std::erase_if(out.list, [&](const Exchanger& e) {
      const auto row = std::ranges::find(*mx, e.name, &dns::Mx::host);
      return row != mx->end() && row->preference >= *our_preference;
    });
  }
  if (out.list.size() > static_cast<std::size_t>(kExchangers.most)) out.list.resize(kExchangers.most);
  if (!out.list.empty()) return out;
  if (our_preference) {
    out.failure = SmtpReply::with(kLoop, domain);
  } else if (any_temporary) {
    out.failure = SmtpReply::with(kDnsAway, domain);
  } else if (is_implicit) {
    out.failure = SmtpReply::with(kNoServer, domain);
  } else {
    out.failure = SmtpReply::with(kNoAddress, domain);  // the domain named servers: somebody may repair them
  }
  return out;
}

Exchangers relay_exchangers(dns::Resolver& resolver, const SendRules& rules, Seconds wait) {
  Exchangers out;
  std::string names;
  for (const SendRules::Host& host : rules.relays) {
    names += (names.empty() ? "" : ", ") + host.name;
    const auto addresses = resolver.addresses(host.name, wait);
    if (!addresses) continue;
    for (const Poco::Net::IPAddress& address : *addresses) {
      out.list.push_back({host.name, Poco::Net::SocketAddress{address, host.port}});
    }
  }
  // A smart host is ours to get right: whatever is wrong with its name, mail waits.
  if (out.list.empty()) out.failure = SmtpReply::with(kDnsAway, names);
  return out;
}

}  // namespace pennypost::transport
