// The HTTP service: health, metrics, a page of facts, and the pages that it is given (spec 50 section 6: port 5108).
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <Poco/Net/SocketAddress.h>

#include "server/base/result.h"
#include "server/http/page.h"

namespace pennypost::http {

/// A number that can go up and down; shown on the page of facts and as a Prometheus gauge.
struct Gauge {
  std::string name;  ///< "queue_messages"; Prometheus sees pennypost_queue_messages
  std::string says;  ///< one sentence
  double value = 0;
};

/// Where the pages get what they show. Called by the threads of requests, several at once.
struct Sources {
  std::function<Result<void>()> health;  ///< an error is what is wrong, in words
  std::function<std::vector<Gauge>()> gauges;
  std::vector<Page> pages = {};  ///< beside those of the service itself
};

/// Answers only clients on loopback and private networks: counts of logins and queue lengths are nobody else's
/// business. Pages for everybody are the exception. Requests that are not GET or HEAD, nor POST where a page takes
/// forms, are 405, unknown paths 404, other clients 403; a form that is too large is 413, one that is none 415.
class HttpService {
 public:
  /// Binds and listens, answers nothing yet. Errors: `unavailable`, naming the address.
  static Result<std::unique_ptr<HttpService>> bind(const std::vector<Poco::Net::SocketAddress>& addresses);
  ~HttpService();
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  void start(Sources sources);
  /// Ends after requests under way, at most a few seconds.
  void stop();
  /// With the port that port 0 became.
  std::vector<Poco::Net::SocketAddress> addresses() const;

 private:
  struct Inside;
  explicit HttpService(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

/// The Prometheus text (version 0.0.4) of the gauges and of the counters of log events.
std::string metrics_text(const std::vector<Gauge>& gauges);

}  // namespace pennypost::http
