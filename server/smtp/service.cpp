// The SMTP service on the listener framework. What a client gets that is turned away before its session begins stands
// here; everything else is the session's.
#include "server/smtp/service.h"

#include "server/smtp/intake.h"
#include "server/smtp/session.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {
namespace {

std::string refusal(net::Refusal why) {
  switch (why) {
    case net::Refusal::too_many:
      return Reply{kTooManySessions}.wire();
    case net::Refusal::too_many_from_address:
      return Reply{kTooManyFromYou}.wire();
    case net::Refusal::stopping:
      break;
  }
  return Reply{kShuttingDown}.wire();
}

}  // namespace

std::shared_ptr<const Context> make_context(delivery::Pipeline& pipeline, auth::Authenticator& authenticator,
                                            int service_id) {
  return std::make_shared<const Context>(Context{.pipeline = pipeline,
                                                 .authenticator = authenticator,
                                                 .service_id = service_id,
                                                 .lines = default_lines(),
                                                 .routers = default_gateways()});
}

Result<std::unique_ptr<net::Service>> service(std::shared_ptr<const Context> context,
                                              std::vector<net::Binding> bindings, std::shared_ptr<net::TlsServer> tls) {
  const auto settings = context->pipeline.store().settings().snapshot();
  net::ServiceOptions options;
  options.name = "smtp";
  options.bindings = std::move(bindings);
  options.tls = std::move(tls);
  options.most_sessions = static_cast<int>(settings->get(kSmtpSessions));
  options.most_from_address = static_cast<int>(settings->get(kSmtpSessionsFromAddress));
  options.refusal = [](net::Refusal why, const Poco::Net::IPAddress&) { return refusal(why); };
  return net::Service::bind(std::move(options), [context = std::move(context)](net::Connection& connection) {
    Session{connection, *context}.run();
  });
}

}  // namespace pennypost::smtp
