// The IMAP service: where server/main begins.
#pragma once
#include <memory>
#include <vector>

#include "server/imap/context.h"
#include "server/net/service.h"

namespace pennypost::imap {

/// Binds and listens (see net::Service); call `start()` on it, and `stop()` before anything in `context` ends. The
/// sessions share `context`, which must outlive the service. Errors: those of net::Service::bind.
Result<std::unique_ptr<net::Service>> service(Context& context, std::vector<net::Binding> bindings,
                                              std::shared_ptr<net::TlsServer> tls);

}  // namespace pennypost::imap
