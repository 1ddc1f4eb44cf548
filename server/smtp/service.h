// The SMTP service: what it needs, and the listener made of it. server/main makes one per service.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "server/auth/authenticator.h"
#include "server/delivery/pipeline.h"
#include "server/net/service.h"
#include "server/smtp/relay.h"

namespace pennypost::smtp {

/// What a session works with. Everything referred to outlives the service; nothing here changes while it runs.
struct Context {
  delivery::Pipeline& pipeline;
  auth::Authenticator& authenticator;
  int service_id = 1;  ///< spec 40 section 1: the default service is 1
  std::vector<AccessLine> lines = default_lines();
  std::vector<Poco::Net::IPAddress> routers;  ///< the default gateways of this machine
};

/// The context of a service on this machine.
std::shared_ptr<const Context> make_context(delivery::Pipeline& pipeline, auth::Authenticator& authenticator,
                                            int service_id = 1);

/// Binds the addresses (see net::Service::bind for the errors); the caller starts and stops it. `tls` may be null: then
/// STARTTLS is not offered.
Result<std::unique_ptr<net::Service>> service(std::shared_ptr<const Context> context,
                                              std::vector<net::Binding> bindings, std::shared_ptr<net::TlsServer> tls);

}  // namespace pennypost::smtp
