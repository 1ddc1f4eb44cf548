// Declared limits (STYLE 3.10): every buffer, depth and count that a stranger can grow has a name, a size and a source.
// docs/limits.md is printed from these rows; the name appears in the log when a limit is passed.
#pragma once
#include <cstdint>
#include <string_view>

#include "server/base/units.h"

namespace pennypost {

/// A limit: `most` is the largest value that is still accepted; `source` is the document or the reason behind it.
template <typename T>
struct Limit {
  std::string_view name;
  T most;
  std::string_view source;
};

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

}  // namespace pennypost
