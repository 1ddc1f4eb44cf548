// Health, metrics and facts over HTTP, on Poco's HTTP server. Needs nothing but its sources; a source that fails is an
// answer with status 503, never the end of the service.
#include "server/http/http_service.h"

#include <array>
#include <condition_variable>
#include <string_view>
#include <thread>

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerConnection.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerConnectionFactory.h>
#include <fmt/format.h>
#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/http/form.h"
#include "server/http/visits.h"
#include "server/message/html.h"

namespace pennypost::http {

namespace net = Poco::Net;

namespace {

constexpr LogEvent kTooManyFromAddress{"http.too_many_from_address", Level::warning,
                                       "{peer} has too many connections open; this one is refused"};

Reply health(const Sources& sources) {
  if (auto healthy = sources.health(); !healthy) {
    return {net::HTTPResponse::HTTP_SERVICE_UNAVAILABLE, "text/plain; charset=utf-8",
            healthy.error().for_client + "\n"};
  }
  return {.body = "ok\n"};
}

Reply metrics(const Sources& sources) {
  return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_text(sources.gauges())};
}

Reply facts(const Sources& sources) {
  std::string rows;
  for (const Gauge& gauge : sources.gauges()) {
    rows += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", message::html_escaped(gauge.says), gauge.value);
  }
  const auto healthy = sources.health();
  return {
      .type = "text/html; charset=utf-8",
      .body = fmt::format("<!doctype html>\n<html lang=\"en\"><head><title>Pennypost</title></head>\n"
                          "<body><h1>Pennypost</h1>\n<p>{}</p>\n<table>\n{}</table>\n"
                          "<p><a href=\"/health\">health</a> <a href=\"/metrics\">metrics</a></p>\n</body></html>\n",
                          healthy ? "The server works." : message::html_escaped(healthy.error().for_client), rows)};
}

struct OwnPage {
  std::string_view path;
  Reply (*answer)(const Sources&);
};
constexpr auto kOwnPages = std::to_array<OwnPage>({{"/", facts}, {"/health", health}, {"/metrics", metrics}});

Reply plain(int status) {
  const auto known = static_cast<net::HTTPResponse::HTTPStatus>(status);
  return {.status = status, .body = net::HTTPResponse::getReasonForStatus(known) + "\n"};
}

/// The form of a POST, or the status that refuses it.
struct SentForm {
  Fields fields = {};
  int refused = 0;
};

/// Closing a connection whose octets were not read takes the answer back: what is refused is read to its end, within
/// reason.
void pass_over(std::istream& rest) {
  constexpr std::streamsize kMost = 256 * 1024;
  rest.ignore(kMost);
}

SentForm form_of(net::HTTPServerRequest& request) {
  const auto refuse = [&](int status) {
    pass_over(request.stream());
    return SentForm{.refused = status};
  };
  const std::string type = request.getContentType();
  if (!same_word(trim(cut(type, ';').first), "application/x-www-form-urlencoded"))
    return refuse(net::HTTPResponse::HTTP_UNSUPPORTED_MEDIA_TYPE);
  const auto most = kHttpForm.most.count;
  if (request.hasContentLength() && request.getContentLength64() > most)
    return refuse(net::HTTPResponse::HTTP_REQUEST_ENTITY_TOO_LARGE);
  std::string body(static_cast<std::size_t>(most) + 1, '\0');
  request.stream().read(body.data(), static_cast<std::streamsize>(body.size()));
  body.resize(static_cast<std::size_t>(request.stream().gcount()));
  if (static_cast<std::int64_t>(body.size()) > most) return refuse(net::HTTPResponse::HTTP_REQUEST_ENTITY_TOO_LARGE);
  return {.fields = read_form(body)};
}

Reply answer_to(net::HTTPServerRequest& request, const Sources& sources) {
  const auto [path, query] = cut(request.getURI(), '?');
  const auto page = std::ranges::find(sources.pages, path, &Page::path);
  const auto* own = std::ranges::find(kOwnPages, path, &OwnPage::path);
  const bool is_for_all = page != sources.pages.end() && page->audience == Audience::everybody;
  if (!is_for_all && !is_near(request.clientAddress().host())) return plain(net::HTTPResponse::HTTP_FORBIDDEN);

  const std::string& method = request.getMethod();
  const bool is_form = method == net::HTTPRequest::HTTP_POST && page != sources.pages.end() && page->takes_forms;
  if (!is_form && method != net::HTTPRequest::HTTP_GET && method != net::HTTPRequest::HTTP_HEAD) {
    Reply reply = plain(net::HTTPResponse::HTTP_METHOD_NOT_ALLOWED);
    reply.fields = {{"Allow", page != sources.pages.end() && page->takes_forms ? "GET, HEAD, POST" : "GET, HEAD"}};
    return reply;
  }
  if (page == sources.pages.end())
    return own != kOwnPages.end() ? own->answer(sources) : plain(net::HTTPResponse::HTTP_NOT_FOUND);
  Request asked{.method = is_form ? "POST" : "GET", .query = read_form(query), .form = {}, .client = {}};
  asked.client = request.clientAddress().host().toString();
  if (is_form) {
    auto form = form_of(request);
    if (form.refused != 0) return plain(form.refused);
    asked.form = std::move(form.fields);
  }
  return page->answer(asked);
}

class Handler final : public net::HTTPRequestHandler {
 public:
  explicit Handler(const Sources& sources) : sources_{sources} {}
  void handleRequest(net::HTTPServerRequest& request, net::HTTPServerResponse& response) override {
    const Reply reply = answer_to(request, sources_);
    response.setStatusAndReason(static_cast<net::HTTPResponse::HTTPStatus>(reply.status));
    response.setContentType(reply.type);
    response.setContentLength(static_cast<std::streamsize>(reply.body.size()));
    response.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : reply.fields) response.set(name, value);
    const bool has_body = request.hasContentLength() || request.getChunkedTransferEncoding();
    if (has_body) response.setKeepAlive(false);  // what is left of it is not looked at
    auto& out = response.send();
    if (request.getMethod() != net::HTTPRequest::HTTP_HEAD) out << reply.body;
  }

 private:
  const Sources& sources_;
};

class Handlers final : public net::HTTPRequestHandlerFactory {
 public:
  explicit Handlers(const Sources& sources) : sources_{sources} {}
  net::HTTPRequestHandler* createRequestHandler(const net::HTTPServerRequest&) override {
    return std::make_unique<Handler>(sources_).release();  // Poco deletes it
  }
  /// Connections end, whatever they are at.
  void stop() { serverStopped(this, true); }

 private:
  const Sources& sources_;
};

// One client, counted from here to its end.
class Connection final : public net::HTTPServerConnection {
 public:
  Connection(const net::StreamSocket& socket, const net::HTTPServerParams::Ptr& params,
             const net::HTTPRequestHandlerFactory::Ptr& handlers, Visits& visits)
      : net::HTTPServerConnection{socket, params, handlers}, visit_{visits, socket} {}
  void run() override {
    if (visit_.is_admitted()) return net::HTTPServerConnection::run();
    log(kTooManyFromAddress, {{"peer", visit_.address()}});
    constexpr std::string_view kRefusal =
        "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: 10\r\nContent-Length: 0\r\n\r\n";
    socket().sendBytes(kRefusal.data(), static_cast<int>(kRefusal.size()));
    socket().shutdownSend();
  }

 private:
  Visits::Visit visit_;
};

class Connections final : public net::TCPServerConnectionFactory {
 public:
  Connections(net::HTTPServerParams::Ptr params, net::HTTPRequestHandlerFactory::Ptr handlers, Visits& visits)
      : params_{std::move(params)}, handlers_{std::move(handlers)}, visits_{visits} {}
  net::TCPServerConnection* createConnection(const net::StreamSocket& socket) override {
    return std::make_unique<Connection>(socket, params_, handlers_, visits_).release();  // Poco deletes it
  }

 private:
  net::HTTPServerParams::Ptr params_;
  net::HTTPRequestHandlerFactory::Ptr handlers_;
  Visits& visits_;
};

}  // namespace

struct HttpService::Inside {
  std::vector<net::ServerSocket> sockets;
  Sources sources;
  Visits visits{kHttpFromAddress.most, kHttpVisit.most};
  Poco::ThreadPool threads{1, kHttpConnections.most + 4};  // each listener has one more
  Poco::SharedPtr<Handlers> handlers;
  std::vector<std::unique_ptr<net::TCPServer>> servers;
  std::jthread ender;  // of connections that last too long
};

HttpService::HttpService(std::unique_ptr<Inside> inside) : inside_{std::move(inside)} {}
HttpService::~HttpService() { stop(); }

Result<std::unique_ptr<HttpService>> HttpService::bind(const std::vector<net::SocketAddress>& addresses) {
  auto inside = std::make_unique<Inside>();
  for (const auto& address : addresses) {
    try {
      net::ServerSocket socket;
      if (address.family() == net::SocketAddress::IPv6) {
        socket.bind6(address, true, false, true);
      } else {
        socket.bind(address, true);
      }
      socket.listen();
      inside->sockets.push_back(std::move(socket));
    } catch (const Poco::Exception& failure) {
      return error(Kind::unavailable,
                   fmt::format("http: cannot listen on {}: {}", address.toString(), failure.displayText()));
    }
  }
  return std::unique_ptr<HttpService>{new HttpService{std::move(inside)}};
}

void HttpService::start(Sources sources) {
  inside_->sources = std::move(sources);
  inside_->handlers = Poco::makeShared<Handlers>(inside_->sources);
  for (const auto& socket : inside_->sockets) {
    net::HTTPServerParams::Ptr params{new net::HTTPServerParams};
    params->setMaxThreads(kHttpConnections.most);
    params->setMaxQueued(64);
    params->setTimeout(Poco::Timespan{kHttpSilence.most.count(), 0});
    params->setKeepAliveTimeout(Poco::Timespan{kHttpSilence.most.count(), 0});
    net::TCPServerConnectionFactory::Ptr connections{new Connections{params, inside_->handlers, inside_->visits}};
    inside_->servers.push_back(std::make_unique<net::TCPServer>(connections, inside_->threads, socket, params));
    inside_->servers.back()->start();
  }
  inside_->ender = std::jthread{[&visits = inside_->visits](const std::stop_token& stopping) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock{mutex};
    while (!stopped.wait_for(lock, stopping, Seconds{1}, [&] { return stopping.stop_requested(); }))
      visits.end_overdue(Visits::Clock::now());
  }};
}

void HttpService::stop() {
  for (const auto& server : inside_->servers) server->stop();
  if (inside_->handlers) inside_->handlers->stop();
  inside_->threads.joinAll();
  inside_->servers.clear();
  inside_->ender = {};
}

std::vector<net::SocketAddress> HttpService::addresses() const {
  std::vector<net::SocketAddress> out;
  for (const auto& socket : inside_->sockets) out.push_back(socket.address());
  return out;
}

std::string metrics_text(const std::vector<Gauge>& gauges) {
  std::vector<prometheus::MetricFamily> families;
  for (const Gauge& gauge : gauges) {
    prometheus::MetricFamily family;
    family.name = "pennypost_" + gauge.name;
    family.help = gauge.says;
    family.type = prometheus::MetricType::Gauge;
    prometheus::ClientMetric metric;
    metric.gauge.value = gauge.value;
    family.metric.push_back(metric);
    families.push_back(std::move(family));
  }
  prometheus::MetricFamily events;
  events.name = "pennypost_events_total";
  events.help = "How often each event of the log happened since the start.";
  events.type = prometheus::MetricType::Counter;
  for (const auto& [name, count] : log_counts()) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"event", name});
    metric.counter.value = static_cast<double>(count);
    events.metric.push_back(metric);
  }
  families.push_back(std::move(events));
  return prometheus::TextSerializer{}.Serialize(families);
}

}  // namespace pennypost::http
