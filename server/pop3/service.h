// The POP3 service: what server/main starts.
#pragma once
#include <memory>
#include <vector>

#include "server/net/service.h"
#include "server/pop3/session.h"

namespace pennypost::pop3 {

struct ServiceOptions {
  std::vector<net::Binding> bindings;  ///< 110 in clear with STLS, 995 with TLS from the first octet
  std::shared_ptr<net::TlsServer> tls;
  int most_sessions = kNetSessions.most;
  int most_from_address = 0;  ///< 0: no limit
};

/// Binds; `start()` accepts. The context must live until the service has stopped. Errors: those of net::Service::bind.
Result<std::unique_ptr<net::Service>> bind(const Context& context, ServiceOptions options);

}  // namespace pennypost::pop3
