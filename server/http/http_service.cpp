// Health, metrics and facts over HTTP, on Poco's HTTP server. Needs nothing but its sources; a source that fails is an
// answer with status 503, never the end of the service.
#include "server/http/http_service.h"

#include <array>
#include <string_view>

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <fmt/format.h>
#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "server/base/limits.h"
#include "server/base/log.h"

namespace pennypost::http {

namespace net = Poco::Net;

namespace {

constexpr int kThreads = 4;  // monitoring asks a few times a minute

struct Answer {
  net::HTTPResponse::HTTPStatus status = net::HTTPResponse::HTTP_OK;
  const char* type = "text/plain; charset=utf-8";
  std::string body;
};

Answer health(const Sources& sources) {
  if (auto healthy = sources.health(); !healthy) {
    return {net::HTTPResponse::HTTP_SERVICE_UNAVAILABLE, "text/plain; charset=utf-8",
            healthy.error().for_client + "\n"};
  }
  return {.body = "ok\n"};
}

Answer metrics(const Sources& sources) {
  return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_text(sources.gauges())};
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Answer facts(const Sources& sources) {
  std::string rows;
  for (const Gauge& gauge : sources.gauges()) {
    rows += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", html_escaped(gauge.says), gauge.value);
  }
  const auto healthy = sources.health();
  return {
      .type = "text/html; charset=utf-8",
      .body = fmt::format("<!doctype html>\n<html lang=\"en\"><head><title>Pennypost</title></head>\n"
                          "<body><h1>Pennypost</h1>\n<p>{}</p>\n<table>\n{}</table>\n"
                          "<p><a href=\"/health\">health</a> <a href=\"/metrics\">metrics</a></p>\n</body></html>\n",
                          healthy ? "The server works." : html_escaped(healthy.error().for_client), rows)};
}

struct Page {
  std::string_view path;
  Answer (*answer)(const Sources&);
};
constexpr auto kPages = std::to_array<Page>({{"/", facts}, {"/health", health}, {"/metrics", metrics}});

bool is_near(const net::IPAddress& address) {
  const bool unique_local =  // RFC 4193: fc00::/7
      address.family() == net::IPAddress::IPv6 && (*static_cast<const unsigned char*>(address.addr()) & 0xfe) == 0xfc;
  return address.isLoopback() || address.isSiteLocal() || address.isLinkLocal() || unique_local;
}

Answer answer_to(const net::HTTPServerRequest& request, const Sources& sources) {
  const auto plain = [](net::HTTPResponse::HTTPStatus status) {
    return Answer{.status = status, .body = net::HTTPResponse::getReasonForStatus(status) + "\n"};
  };
  if (!is_near(request.clientAddress().host())) return plain(net::HTTPResponse::HTTP_FORBIDDEN);
  if (request.getMethod() != net::HTTPRequest::HTTP_GET && request.getMethod() != net::HTTPRequest::HTTP_HEAD) {
    return plain(net::HTTPResponse::HTTP_METHOD_NOT_ALLOWED);
  }
  const std::string path = request.getURI().substr(0, request.getURI().find('?'));
  const auto* page = std::ranges::find(kPages, path, &Page::path);
  return page != kPages.end() ? page->answer(sources) : plain(net::HTTPResponse::HTTP_NOT_FOUND);
}

class Handler final : public net::HTTPRequestHandler {
 public:
  explicit Handler(const Sources& sources) : sources_{sources} {}
  void handleRequest(net::HTTPServerRequest& request, net::HTTPServerResponse& response) override {
    const Answer answer = answer_to(request, sources_);
    response.setStatusAndReason(answer.status);
    response.setContentType(answer.type);
    response.setContentLength(static_cast<std::streamsize>(answer.body.size()));
    response.set("X-Content-Type-Options", "nosniff");
    if (answer.status == net::HTTPResponse::HTTP_METHOD_NOT_ALLOWED) response.set("Allow", "GET, HEAD");
    auto& out = response.send();
    if (request.getMethod() != net::HTTPRequest::HTTP_HEAD) out << answer.body;
  }

 private:
  const Sources& sources_;
};

class Factory final : public net::HTTPRequestHandlerFactory {
 public:
  explicit Factory(const Sources& sources) : sources_{sources} {}
  net::HTTPRequestHandler* createRequestHandler(const net::HTTPServerRequest&) override {
    return std::make_unique<Handler>(sources_).release();  // Poco deletes it
  }

 private:
  const Sources& sources_;
};

}  // namespace

struct HttpService::Inside {
  std::vector<net::ServerSocket> sockets;
  Sources sources;
  Poco::ThreadPool threads{1, kThreads + 4};
  std::vector<std::unique_ptr<net::HTTPServer>> servers;
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
  for (const auto& socket : inside_->sockets) {
    net::HTTPServerParams::Ptr params{new net::HTTPServerParams};
    params->setMaxThreads(kThreads);
    params->setMaxQueued(64);
    params->setTimeout(Poco::Timespan{10, 0});
    params->setKeepAliveTimeout(Poco::Timespan{10, 0});
    net::HTTPRequestHandlerFactory::Ptr factory{new Factory{inside_->sources}};
    inside_->servers.push_back(std::make_unique<net::HTTPServer>(factory, inside_->threads, socket, params));
    inside_->servers.back()->start();
  }
}

void HttpService::stop() {
  for (const auto& server : inside_->servers) server->stopAll(true);
  inside_->threads.joinAll();
  inside_->servers.clear();
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
