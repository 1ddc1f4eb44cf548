// One HTTP/1.1 request and its answer on a connection.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/net/connection.h"

namespace pennypost::filter {

struct HttpAsk {
  std::string_view method = "GET";
  std::string target;                    ///< "/path?query"; a whole URL or "host:port" for a proxy
  std::string host;                      ///< for the Host field
  std::string fields;                    ///< further ones, each with its CR LF
  std::optional<std::string> form = {};  ///< sent as application/x-www-form-urlencoded
};

struct HttpAnswer {
  int status = 0;
  std::string head;      ///< result line and fields, separated by LF
  std::string location;  ///< of the first Location field
  std::string content;   ///< without transfer coding; cut at what was asked for
  /// A redirect that says where to (RFC 9110 15.4): its content is not read.
  bool is_redirect() const;
};

/// Asks and reads the answer. The caller has set the deadlines of the connection, which is of no more use afterwards,
/// but for the TLS behind a CONNECT that was answered 2xx. Errors: `unavailable` (time, lost before the end),
/// `bad_input` (no HTTP), `too_large` (kWebHead, kWebChunkLine).
Result<HttpAnswer> exchange(net::Connection& connection, const HttpAsk& ask, Octets most);

}  // namespace pennypost::filter
