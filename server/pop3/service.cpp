// The POP3 service on net::Service. A client that is one too many is told so before its connection closes.
#include "server/pop3/service.h"

namespace pennypost::pop3 {

Result<std::unique_ptr<net::Service>> bind(const Context& context, ServiceOptions options) {
  net::ServiceOptions network;
  network.name = "pop3";
  network.bindings = std::move(options.bindings);
  network.tls = std::move(options.tls);
  network.most_sessions = options.most_sessions;
  network.most_from_address = options.most_from_address;
  network.refusal = [](net::Refusal, const Poco::Net::IPAddress&) -> std::string {
    return "-ERR [SYS/TEMP] Too many connections - Try again later\r\n";
  };
  return net::Service::bind(std::move(network), [context](net::Connection& connection) {
    Session{connection, context}.run();
  });
}

}  // namespace pennypost::pop3
