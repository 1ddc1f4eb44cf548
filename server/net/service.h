// One protocol on the network: its addresses, its threads, its limits, its stop.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <Poco/Net/SocketAddress.h>

#include "server/base/limits.h"
#include "server/base/result.h"
#include "server/net/connection.h"
#include "server/net/tls.h"

namespace pennypost::net {

enum class Security {
  plain,  ///< begins in clear; STARTTLS when there is a certificate
  tls,    ///< a handshake first
};

struct Binding {
  Poco::Net::SocketAddress address;  ///< port 0: any free one, see Service::bindings
  Security security = Security::plain;
};

/// Why a connection is turned away at once.
enum class Refusal { too_many, too_many_from_address, stopping };

struct ServiceOptions {
  std::string name;  ///< "smtp": in connection ids, thread names and the log
  std::vector<Binding> bindings;
  std::shared_ptr<TlsServer> tls;  ///< null: no STARTTLS, and no binding may ask for Security::tls
  int most_sessions = kNetSessions.most;
  int most_from_address = 0;  ///< sessions of one address at once; 0: no limit
  /// What is sent before a connection is turned away (with CR LF); nothing is sent where it gives nothing. Any thread.
  std::function<std::string(Refusal, const Poco::Net::IPAddress&)> refusal;
  std::size_t stack = (256_KiB).size();  ///< octets reserved for a session's thread
};

/// What the status page shows of a session.
struct SessionFacts {
  std::string id;
  Poco::Net::SocketAddress peer;
  bool tls = false;
  Connection::Clock::time_point began;
  Octets received;
  Octets sent;
};

/// Listens on its bindings; every connection gets a thread that calls the session. All functions from one thread, but
/// `sessions`, `list` and `each`, which any thread may call.
class Service {
 public:
  /// Talks to one client until it is done, then returns. An exception that it lets out is logged and ends it. When the
  /// server stops, reads and waits give `cancelled` / Woken::stop: say good-bye and return.
  using Session = std::function<void(Connection&)>;

  /// Binds and listens, accepts nothing yet (so that a server started as root can give that up in between). Errors:
  /// `unavailable`, `in_use`, `not_permitted`, `bad_input`, each naming the address; nothing stays bound then.
  static Result<std::unique_ptr<Service>> bind(ServiceOptions options, Session session);
  ~Service();  ///< stops, if that was not done
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Begins to accept.
  void start();
  /// Closes the listeners, asks every session to end, waits for them, and after `wait` cuts off those that are left.
  /// Returns when every session has returned.
  void stop(Seconds wait);

  const std::string& name() const;
  /// With the ports that port 0 became.
  const std::vector<Binding>& bindings() const;
  int sessions() const;
  std::vector<SessionFacts> list() const;
  /// Calls `act` for every open connection, under the lock: short work only (wake).
  void each(const std::function<void(Connection&)>& act) const;

 private:
  struct Inside;
  explicit Service(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

/// SIGPIPE is ignored and the limit on open descriptors raised as far as it goes; once, at the start of the program.
/// Returns the number of descriptors that the process may open.
std::size_t prepare_process();

}  // namespace pennypost::net
