// Limits: every buffer, count, depth and time that a stranger can stretch has one, declared here with its name, size
// and source (STYLE 3.10). The name stands in the log and in the metric when the limit is passed; docs/limits.md is
// printed from all_limits(). To add one: declare it in the section of its folder and list it in limits.cpp (a test
// counts).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost {

/// A limit: `most` is the largest value that is still accepted; `source` is the document or the reason behind it.
/// `T` is Octets, Seconds, or a plain count (int, std::size_t).
template <typename T>
struct Limit {
  std::string_view name;
  T most;
  std::string_view source;
};

/// The error of a passed limit; the log text names the limit.
template <typename T>
Error passed(const Limit<T>& limit, std::string for_client) {
  return error(Kind::too_large, std::move(for_client), "limit passed: " + std::string{limit.name});
}

// The network (server/net).
inline constexpr Limit<Seconds> kNetLineTime{
    "net.line_time", 300s,
    "ours: from the first octet of a line to its end; stops one octet a second from lasting for ever"};
inline constexpr Limit<Seconds> kNetWriteTime{"net.write_time", 300s,
                                              "RFC 5321 4.5.3.2: a peer that takes nothing for so long is given up"};
inline constexpr Limit<Seconds> kNetHandshakeTime{"net.handshake_time", 30s,
                                                  "ours: a TLS handshake from first to last octet"};
inline constexpr Limit<Octets> kNetLookAhead{"net.look_ahead", 256_KiB,
                                             "ours: octets that may stand in one connection's input"};
inline constexpr Limit<int> kNetSessions{"net.sessions", 10'000, "DESIGN section 5: threads of one service"};

// Messages (server/message). What lies beyond is not refused: it is read as opaque text or left out of summaries.
inline constexpr Limit<int> kMimeDepth{"mime.depth", 100, "RFC 2046 sets none; deeper parts become opaque octets"};
inline constexpr Limit<int> kMimeParts{"mime.parts", 10'000,
                                       "RFC 2046 sets none; what follows belongs to the last part"};
inline constexpr Limit<int> kMimeParameters{"mime.parameters", 100, "parameters of one field; more are left out"};
inline constexpr Limit<Octets> kHeaderValue{
    "message.header_value", 256_KiB, "octets of one field that envelope and summary look at; the rest is left out"};
inline constexpr Limit<int> kHeaderAddresses{"message.header_addresses", 10'000,
                                             "addresses of one field that envelope and summary hold"};
inline constexpr Limit<int> kReferences{"message.references", 1'000, "message ids of one field; more are left out"};
inline constexpr Limit<int> kHtmlUrls{"message.urls", 10'000, "URLs of one message that the filter looks at"};

/// One line of docs/limits.md.
struct LimitRow {
  std::string_view name;
  std::string most;  ///< with its unit: "16 KiB", "300 s", "100"
  std::string_view source;
};
std::vector<LimitRow> all_limits();
/// docs/limits.md as a whole.
std::string limits_page();

}  // namespace pennypost
