// Fetching of pages for rule scripts: HTTPGet, HTTPGetMD5, HTTPPost, WinHTTPGet (spec 10 section 6.34, 11
// section 1.11).
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <Poco/Net/IPAddress.h>

#include "ruleinterp/host.h"
#include "server/base/settings.h"
#include "server/dns/resolver.h"
#include "server/filter/http_exchange.h"
#include "server/filter/url.h"
#include "server/net/addresses.h"
#include "server/net/tls.h"

namespace pennypost::filter {

/// What the administrator allows (ScriptWeb, ScriptWebPrivate, ScriptWebProxy).
struct WebRules {
  bool allowed = true;
  bool private_too = false;  ///< addresses that are not public, and this machine
  std::string proxy = {};    ///< "host:port" or "user:password@host:port", for WinHTTPGet; empty: none

  static WebRules of(const SettingsSnapshot& settings);
};

struct WebOptions {
  std::string ca_file = {};  ///< trusted in addition to the system's authorities
  std::function<bool(const Poco::Net::IPAddress&)> is_public = net::is_public;
};

/// Any thread; makes none. Every call ends by its deadline, whatever the other side does.
///
/// - A host is looked up once for each request; all its addresses must be allowed, and the connection goes to one of
///   those that were checked. Where the other end turns out to be this machine, nothing is sent.
/// - https: chain and name of the certificate must hold.
/// - At most kWebRedirects redirects, each target checked like the first; none from https to http. 301, 302 and 303
/// turn
///   a POST into a GET (RFC 9110 15.4). User and password of the URL go to its scheme, host and port alone. No cookies.
/// - Through the proxy, the proxy's own address may be anything. It looks names up itself: a name is refused when it is
///   known here with an address that is not allowed, else the proxy decides.
///
/// A page that cannot be fetched whole gives an empty reply; why stands in the log (`filter.not_fetched`).
class Web final : public ruleinterp::Http {
 public:
  Web(dns::Resolver& resolver, std::function<WebRules()> rules, WebOptions options = {});
  ruleinterp::HttpReply fetch(const ruleinterp::HttpRequest& request, ruleinterp::Deadline until) override;

 private:
  using Addresses = std::vector<Poco::Net::IPAddress>;
  using Connected = std::unique_ptr<net::Connection>;
  struct Way {  // of one call
    WebRules rules;
    std::optional<Url> proxy;
    ruleinterp::Deadline until;
    Milliseconds left() const;
  };

  Result<HttpAnswer> follow(const ruleinterp::HttpRequest& request, const Way& way);
  Result<HttpAnswer> ask(const Url& url, const std::optional<std::string>& form, const Way& way, Octets most);
  Result<Connected> reach(const Url& url, const Way& way);
  Result<Connected> reach_through_proxy(const Url& url, const Way& way);
  Result<Addresses> addresses_of(const Url& url, Milliseconds wait);
  Result<void> check(const Url& url, const Addresses& addresses, const Way& way) const;
  Result<void> start_tls(net::Connection& connection, const Url& url, const Way& way);
  Result<std::shared_ptr<net::TlsClient>> tls();

  dns::Resolver& resolver_;
  const std::function<WebRules()> rules_;
  const WebOptions options_;
  std::mutex mutex_;  // guards tls_
  std::shared_ptr<net::TlsClient> tls_;
};

}  // namespace pennypost::filter
