// Joins the sessions to the network. One thread a session; what is said when a connection is turned away stands here.
#include "server/imap/service.h"

#include "server/imap/session.h"
#include "server/imap/texts.h"

namespace pennypost::imap {

Result<std::unique_ptr<net::Service>> service(Context& context, std::vector<net::Binding> bindings,
                                              std::shared_ptr<net::TlsServer> tls) {
  net::ServiceOptions options;
  options.name = "imap";
  options.bindings = std::move(bindings);
  options.tls = std::move(tls);
  options.refusal = [](net::Refusal refusal, const Poco::Net::IPAddress&) {
    const bool stopping = refusal == net::Refusal::stopping;
    return "* BYE " + std::string{stopping ? kStoppingText : kTooManyText} + "\r\n";
  };
  return net::Service::bind(std::move(options), [&context](net::Connection& connection) {
    // On the heap: the stack of a sleeping session stays small (idle_memory.h).
    const auto session = std::make_unique<Session>(connection, context);
    session->run();
  });
}

}  // namespace pennypost::imap
