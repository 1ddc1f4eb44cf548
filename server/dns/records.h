// Questions and answers of the DNS, and the reading of an answer as it came over the wire.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <Poco/Net/IPAddress.h>

#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::dns {

/// Record types by their number (RFC 1035 3.2.2, 3596, 2782, 6698).
enum class Type : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  srv = 33,
  tlsa = 52
};
/// "MX"; "TYPE99" for one that is not in the list.
std::string word(Type type);
std::optional<Type> type_of(std::string_view word);

struct Record {
  std::string name;  ///< the owner, as it came
  Type type = Type::a;
  Seconds ttl{0};
  /// Host name (MX, NS, PTR, CNAME, SRV: without the final dot, empty for the root), the strings of a TXT one behind
  /// the other (RFC 7208 3.3), the address as text (A, AAAA), the octets of a TLSA.
  std::string data;
  std::uint16_t priority = 0;  ///< MX preference, SRV priority
  std::uint16_t weight = 0;    ///< SRV
  std::uint16_t port = 0;      ///< SRV
  /// For A and AAAA.
  Poco::Net::IPAddress address() const { return Poco::Net::IPAddress{data}; }
  bool operator==(const Record&) const = default;
};

/// What a question brought: records of the type that was asked for, none when the name has none of it.
struct Answer {
  std::string canonical;        ///< the name at the end of the CNAME chain; the name asked for when there is none
  std::vector<Record> records;  ///< in the order in which they came
  Seconds ttl{0};               ///< how long it holds: the least of the chain and the records
  bool name_exists = true;      ///< false: NXDOMAIN
};
using Reply = std::shared_ptr<const Answer>;

/// Reads a whole DNS message that answers a question for `name` and `type`. A negative answer takes its time from the
/// SOA record (RFC 2308 5), none without one. Errors: `bad_input` for what is no DNS message; `unavailable` for a code
/// other than NOERROR and NXDOMAIN. Any octets are read in bounded time.
Result<Answer> read_answer(std::string_view message, std::string_view name, Type type);

}  // namespace pennypost::dns
