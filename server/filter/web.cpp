// Which pages scripts get, and by which way (spec 10 section 6.34; RFC 9110, 9112). Needs the resolver. A script builds
// its URLs of texts from mail, so whoever sends mail has a say in them: what this machine can reach and the sender
// cannot must not be reached for him. Whatever goes wrong gives an empty reply and one line in the log.
#include "server/filter/web.h"

#include <algorithm>

#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/net/connection.h"

namespace pennypost::filter {
namespace {

using Poco::Net::IPAddress;

constexpr LogEvent kNotFetched{"filter.not_fetched", Level::notice, "a rule script did not get {url}: {reason}"};
constexpr Milliseconds kProxiedLookUp{2000};  // a proxy often stands where the DNS knows no names from outside

Error refused(std::string why) { return error(Kind::not_permitted, std::move(why)); }

// Basic (RFC 7617).
std::string credentials(std::string_view field, const std::string& user) {
  return user.empty() ? std::string{} : std::string{field} + ": Basic " + base64_encode(user) + "\r\n";
}

Result<std::unique_ptr<net::Connection>> connect_to_one(const std::vector<IPAddress>& addresses, const Url& url,
                                                        ruleinterp::Deadline until) {
  auto tried = std::min(addresses.size(), static_cast<std::size_t>(kWebAddresses.most));
  Error why = error(Kind::unavailable, url.host + " has no address");
  for (std::size_t i = 0; i < tried; ++i) {
    const auto left = std::chrono::ceil<Milliseconds>(until - ruleinterp::Deadline::clock::now());
    if (left.count() <= 0) return error(Kind::unavailable, "no time left");
    net::ConnectTo to;
    to.address = {addresses[i], url.port};
    to.wait = left / static_cast<int>(tried - i);
    to.id = "web-" + to.address.toString();
    auto connection = net::connect(to);
    if (connection) {
      (*connection)->set_deadline(until);
      (*connection)->set_send_deadline(until);
      return connection;
    }
    why = std::move(connection).error();
  }
  return why;
}

}  // namespace

WebRules WebRules::of(const SettingsSnapshot& settings) {
  return {settings.get(kScriptWeb), settings.get(kScriptWebPrivate), settings.get(kScriptWebProxy)};
}

Web::Web(dns::Resolver& resolver, std::function<WebRules()> rules, WebOptions options)
    : resolver_{resolver}, rules_{std::move(rules)}, options_{std::move(options)} {}

Milliseconds Web::Way::left() const {
  const auto left = std::chrono::ceil<Milliseconds>(until - ruleinterp::Deadline::clock::now());
  return std::max(left, Milliseconds{0});
}

ruleinterp::HttpReply Web::fetch(const ruleinterp::HttpRequest& request, ruleinterp::Deadline until) {
  auto answer = follow(request, Way{rules_(), std::nullopt, until});
  if (answer) return {std::move(answer->head), std::move(answer->content)};
  const auto url = Url::parse(request.url);  // without its password
  log(kNotFetched, answer.error(), {{"url", url ? printable(url->text()) : std::string{"what is no URL"}}});
  return {};
}

Result<HttpAnswer> Web::follow(const ruleinterp::HttpRequest& request, const Way& given) {
  Way way = given;
  if (!way.rules.allowed) return refused("fetching of pages is switched off (ScriptWeb)");
  if (request.form && request.form->size() > kWebForm.most.size()) return passed(kWebForm, "too much to send");
  if (request.system_proxy && !way.rules.proxy.empty()) {
    auto proxy = Url::parse("http://" + way.rules.proxy);
    if (!proxy) return error(Kind::bad_input, "ScriptWebProxy: " + proxy.error().for_log);
    way.proxy = *std::move(proxy);
  }
  auto url = Url::parse(request.url);
  if (!url) return std::move(url).error();
  auto form = request.form;
  for (int followed = 0;; ++followed) {
    auto answer = ask(*url, form, way, {static_cast<std::int64_t>(request.most)});
    if (!answer || !answer->is_redirect()) return answer;
    if (followed == kWebRedirects.most) return passed(kWebRedirects, "redirected too often");
    auto next = url->resolve(answer->location);
    if (!next)
      return error(Kind::bad_input, "redirected to " + printable(answer->location) + ": " + next.error().for_log);
    if (url->is_https && !next->is_https) return refused("redirected from https to http");
    if (answer->status < 307) form.reset();
    url = std::move(next);
  }
}

Result<HttpAnswer> Web::ask(const Url& url, const std::optional<std::string>& form, const Way& way, Octets most) {
  auto connection = way.proxy ? reach_through_proxy(url, way) : reach(url, way);
  if (!connection) return std::move(connection).error();
  if (url.is_https)
    if (auto shaken = start_tls(**connection, url, way); !shaken) return std::move(shaken).error();
  HttpAsk request{.target = url.target, .host = url.authority(), .fields = credentials("Authorization", url.user)};
  if (form) {
    request.method = "POST";
    request.form = form;
  }
  if (way.proxy && !url.is_https) {
    request.target = url.text();
    request.fields += credentials("Proxy-Authorization", way.proxy->user);
  }
  return exchange(**connection, request, most);
}

Result<Web::Connected> Web::reach(const Url& url, const Way& way) {
  const auto addresses = addresses_of(url, way.left());
  if (!addresses) return addresses.error();
  if (auto checked = check(url, *addresses, way); !checked) return std::move(checked).error();
  auto connection = connect_to_one(*addresses, url, way.until);
  // A public address of this machine: firewalls that keep others from its ports do not stand in our way.
  if (connection && !way.rules.private_too && (*connection)->local().host() == (*connection)->peer().host())
    return refused(url.host + " is this machine (ScriptWebPrivate is off)");
  return connection;
}

Result<Web::Connected> Web::reach_through_proxy(const Url& url, const Way& way) {
  if (const auto known = addresses_of(url, std::min(way.left(), kProxiedLookUp)))
    if (auto checked = check(url, *known, way); !checked) return std::move(checked).error();
  const auto addresses = addresses_of(*way.proxy, way.left());
  if (!addresses) return addresses.error();
  auto connection = connect_to_one(*addresses, *way.proxy, way.until);
  if (!connection || !url.is_https) return connection;
  const std::string target = (url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]") + ":" +
                             std::to_string(url.port);  // always with its port (RFC 9110 9.3.6)
  const auto answer = exchange(**connection,
                               {.method = "CONNECT",
                                .target = target,
                                .host = target,
                                .fields = credentials("Proxy-Authorization", way.proxy->user)},
                               {0});
  if (!answer) return answer.error();
  if (answer->status / 100 != 2)
    return error(Kind::unavailable, "the proxy answered " + printable(answer->head.substr(0, answer->head.find('\n'))));
  return connection;
}

Result<Web::Addresses> Web::addresses_of(const Url& url, Milliseconds wait) {
  if (url.address) return Addresses{*url.address};
  return resolver_.addresses(url.host, wait);
}

Result<void> Web::check(const Url& url, const Addresses& addresses, const Way& way) const {
  // One that is not allowed spoils the others: a name with both kinds is a trick or a mistake.
  for (const IPAddress& address : addresses)
    if (!options_.is_public(address) && !way.rules.private_too)
      return refused(url.host + " has the address " + address.toString() +
                     ", which is not public (ScriptWebPrivate is off)");
  return {};
}

Result<void> Web::start_tls(net::Connection& connection, const Url& url, const Way& way) {
  const auto client = tls();
  if (!client) return client.error();
  return connection.start_tls(**client, url.host, net::Verify::required, way.left());
}

// Made when first needed: reading the system's authorities takes a while.
Result<std::shared_ptr<net::TlsClient>> Web::tls() {
  const std::lock_guard lock{mutex_};
  if (!tls_) {
    auto made = net::TlsClient::make(options_.ca_file);
    if (!made) return made;
    tls_ = *std::move(made);
  }
  return tls_;
}

}  // namespace pennypost::filter
