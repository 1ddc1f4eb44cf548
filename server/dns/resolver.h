// Asking the DNS: one resolver for the whole server.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <Poco/Net/IPAddress.h>

#include "server/base/limits.h"
#include "server/base/result.h"
#include "server/dns/name.h"
#include "server/dns/records.h"

namespace pennypost::dns {

struct ResolverOptions {
  /// "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:53"; empty: those of the system (/etc/resolv.conf).
  std::vector<std::string> servers;
  Milliseconds first_wait{2000};                          ///< for one server to answer; grows with every round
  int rounds = 3;                                         ///< through all servers
  Seconds longest_hold = std::chrono::hours{24};          ///< in the cache, whatever the record says
  Seconds longest_negative_hold = std::chrono::hours{1};  ///< RFC 2308 5 advises one to three hours
  Seconds failure_hold{5};                                ///< RFC 9520 3.2: at least one second
  std::string hosts_file = "/etc/hosts";                  ///< for addresses only; empty: none
};

struct Mx {
  std::uint16_t preference = 0;
  std::string host;  ///< empty: the domain takes no mail (RFC 7505)
};
struct Srv {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string host;
};
/// What a block list says of an address or name (RFC 5782).
struct Listing {
  std::vector<Poco::Net::IPAddress> codes;  ///< 127.0.0.0/8 only; empty: not listed
  bool is_listed() const { return !codes.empty(); }
};

/// A question under way. Cheap to copy; letting it go does not end the question (its answer goes into the cache).
class Pending;

/// Asks, waits, remembers. Every function from any thread. A question that is under way is not asked twice.
///
/// Errors of everything: `not_found` when the name does not exist; `unavailable` for a server's failure, a refusal and
/// time (try later: never take it for "does not exist"); `bad_input` for what is no name; `cancelled` while the server
/// stops. A name that exists without such a record gives an empty list.
class Resolver {
 public:
  using Clock = std::chrono::steady_clock;
  /// Errors: `bad_input` for servers that are no addresses, `unavailable` when the system gives no descriptors.
  static Result<std::shared_ptr<Resolver>> make(ResolverOptions options = {});
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Begins; for several questions at once: start them all, then await each with the same deadline.
  Pending start(std::string_view name, Type type);
  /// Waits for it. Past the deadline it is `unavailable`.
  static Result<Reply> await(const Pending& pending, Clock::time_point deadline);
  Result<Reply> ask(std::string_view name, Type type, Milliseconds wait);

  /// IPv4 first, then IPv6. An address gives itself, "localhost" loopback; the hosts file comes before the DNS. When
  /// one of the two questions fails and the other brings addresses, those are given.
  Result<std::vector<Poco::Net::IPAddress>> addresses(std::string_view name, Milliseconds wait);
  /// By preference; equal ones in the order in which they came. No record: empty (RFC 5321 5.1: the domain is its own
  /// host).
  Result<std::vector<Mx>> mx(std::string_view domain, Seconds wait);
  Result<std::vector<std::string>> txt(std::string_view name, Seconds wait);
  /// By priority.
  Result<std::vector<Srv>> srv(std::string_view name, Seconds wait);
  /// Names of an address, as the DNS has them: whether they lead back to it is not checked.
  Result<std::vector<std::string>> names_of(const Poco::Net::IPAddress& address, Milliseconds wait);
  /// One block list. A name that does not exist there is not listed, which is no error.
  Result<Listing> listed(const Poco::Net::IPAddress& address, std::string_view zone, Seconds wait);
  /// The same for a block list of domains (RFC 5782 2.2).
  Result<Listing> listed_domain(std::string_view domain, std::string_view zone, Seconds wait);
  /// Reads the codes of a block-list answer that was started by `start(block_list_name(...), Type::a)`.
  static Result<Listing> listing_of(const Result<Reply>& reply);

  /// Records that are given instead of asking, whole: a name that stands here has no others. Replaces those before.
  void set_overrides(const std::vector<Record>& records);
  void clear_cache();
  /// Ends all questions with `cancelled`, now and later: for the stop of the server.
  void stop();
  /// Addresses of the servers that are asked; with the port where it is not 53.
  const std::vector<std::string>& servers() const;
  /// Questions that went out to servers (not out of the cache): for metrics and tests.
  std::uint64_t questions_sent() const;

 private:
  friend class Pending;
  struct Inside;
  explicit Resolver(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

class Pending {
 public:
  struct Query;
  explicit Pending(std::shared_ptr<Query> query) : query_{std::move(query)} {}

 private:
  friend class Resolver;
  std::shared_ptr<Query> query_;
};

}  // namespace pennypost::dns
