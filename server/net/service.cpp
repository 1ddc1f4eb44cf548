// Listeners, threads and sessions of one protocol, on Poco::Net::TCPServer (DESIGN section 5).
// Needs addresses that it may bind. POCO closes a connection for which it has no thread without a word; so it gets a
// few threads more than sessions are allowed, and the refusal is said here. An exception of a session ends that
// session.
#include "server/net/service.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <Poco/Net/NetException.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerConnection.h>
#include <Poco/Net/TCPServerConnectionFactory.h>
#include <Poco/ThreadPool.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include "server/base/log.h"
#include "server/net/addresses.h"

namespace pennypost::net {
namespace {

constexpr int kSpareThreads = 64;  // for connections that are turned away
constexpr int kBacklog = 1024;
constexpr int kIdleThreadSeconds = 60;  // an idle thread goes after that

constexpr LogEvent kListening{"net.listening", Level::notice, "{service} listens on {address} ({security})"};
constexpr LogEvent kBegan{"net.began", Level::info, "connection from {peer} to {local}"};
constexpr LogEvent kDone{"net.ended", Level::info, "connection from {peer} ended, {received} octets in, {sent} out"};
constexpr LogEvent kRefused{"net.refused", Level::warning, "connection from {peer} refused: {why}"};
constexpr LogEvent kNoTls{"net.no_tls", Level::info, "TLS handshake with {peer}: {reason}"};
constexpr LogEvent kThrew{"net.session_failed", Level::error,
                          "the session with {peer} was ended by an error: {reason}"};
constexpr LogEvent kStopped{"net.stopped", Level::notice, "{service} stopped, {cut} sessions were cut off"};

const char* word(Refusal why) {
  switch (why) {
    case Refusal::too_many:
      return "too many sessions";
    case Refusal::too_many_from_address:
      return "too many sessions from its address";
    case Refusal::stopping:
      return "the server is stopping";
  }
  return "";
}

Error bind_error(const std::string& address, const Poco::Exception& problem) {
  const std::string text = "cannot listen on " + address + ": " + problem.displayText();
  switch (problem.code()) {
    case EADDRINUSE:
      return error(Kind::in_use, text);
    case EACCES:
    case EPERM:
      return error(Kind::not_permitted, text);
    default:
      return error(Kind::unavailable, text);
  }
}

}  // namespace

struct Service::Inside {
  ServiceOptions options;
  Session session;
  std::vector<Binding> bindings;
  std::vector<Poco::Net::ServerSocket> sockets;
  std::unique_ptr<Poco::ThreadPool> threads;
  std::vector<std::unique_ptr<Poco::Net::TCPServer>> servers;

  mutable std::mutex mutex;
  std::condition_variable ended;
  std::set<Connection*> open;
  std::map<Poco::Net::IPAddress, int> from;  // sessions of one client
  std::uint64_t number = 0;
  bool stopping = false;

  /// A place among the sessions, given back at the end.
  class Place {
   public:
    Place(Inside& inside, Connection& connection, const Poco::Net::IPAddress& client)
        : inside_{inside}, connection_{connection}, client_{client} {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    std::optional<Refusal> take();
    ~Place();

   private:
    Inside& inside_;
    Connection& connection_;
    const Poco::Net::IPAddress client_;
    bool taken_ = false;
  };

  std::string next_id();
  void serve(const Poco::Net::StreamSocket& socket, Security security);
  void talk(Connection& connection, Security security);
};

std::optional<Refusal> Service::Inside::Place::take() {
  const std::lock_guard lock{inside_.mutex};
  if (inside_.stopping) return Refusal::stopping;
  if (static_cast<int>(inside_.open.size()) >= inside_.options.most_sessions) return Refusal::too_many;
  int& count = inside_.from[client_];
  if (inside_.options.most_from_address > 0 && count >= inside_.options.most_from_address)
    return Refusal::too_many_from_address;
  ++count;
  inside_.open.insert(&connection_);
  taken_ = true;
  return std::nullopt;
}

Service::Inside::Place::~Place() {
  if (!taken_) return;
  const std::lock_guard lock{inside_.mutex};
  inside_.open.erase(&connection_);
  if (const auto count = inside_.from.find(client_); count != inside_.from.end() && --count->second == 0)
    inside_.from.erase(count);
  inside_.ended.notify_all();
}

std::string Service::Inside::next_id() {
  const std::lock_guard lock{mutex};
  return fmt::format("{}-{:x}", options.name, ++number);
}

void Service::Inside::serve(const Poco::Net::StreamSocket& socket, Security security) {
  Connection connection{socket, options.tls, next_id()};
  if (connection.event_descriptor() < 0) return;  // no descriptors left: the session could not be stopped
  const LogScope scope{"session", connection.id()};
  const std::string peer = connection.peer().toString();
  Place place{*this, connection, one_client(connection.peer().host())};
  if (const auto refusal = place.take()) {
    log(kRefused, {{"peer", peer}, {"why", word(*refusal)}});
    if (security == Security::plain && options.refusal) {
      connection.set_write_wait(Seconds{1});
      connection.write(options.refusal(*refusal, connection.peer().host()));
      if (!connection.flush()) return;  // gone already
    }
    return;
  }
  log(kBegan, {{"peer", peer}, {"local", connection.local().toString()}});
  talk(connection, security);
  connection.close();
  log(kDone, {{"peer", peer}, {"received", connection.received()}, {"sent", connection.sent()}});
}

void Service::Inside::talk(Connection& connection, Security security) {
  const std::string peer = connection.peer().toString();
  try {
    if (security == Security::tls) {
      if (const auto done = connection.start_tls(); !done) {
        log(kNoTls, done.error(), {{"peer", peer}});
        return;
      }
    }
    session(connection);
  } catch (const Poco::Exception& problem) {
    log(kThrew, {{"peer", peer}, {"reason", problem.displayText()}});
  } catch (const std::exception& problem) {
    log(kThrew, {{"peer", peer}, {"reason", problem.what()}});
  }
}

namespace {

using Serve = std::function<void(const Poco::Net::StreamSocket&)>;

class PocoConnection final : public Poco::Net::TCPServerConnection {
 public:
  PocoConnection(const Poco::Net::StreamSocket& socket, const Serve& serve)
      : TCPServerConnection{socket}, serve_{serve} {}
  void run() override {
    try {
      serve_(socket());
    } catch (const std::exception& problem) {
      log(kThrew, {{"peer", "?"}, {"reason", problem.what()}});
    }
  }

 private:
  const Serve& serve_;
};

class PocoFactory final : public Poco::Net::TCPServerConnectionFactory {
 public:
  explicit PocoFactory(Serve serve) : serve_{std::move(serve)} {}
  Poco::Net::TCPServerConnection* createConnection(const Poco::Net::StreamSocket& socket) override {
    return std::make_unique<PocoConnection>(socket, serve_).release();  // POCO's from here on
  }

 private:
  const Serve serve_;
};

}  // namespace

Service::Service(std::unique_ptr<Inside> inside) : inside_{std::move(inside)} {}

Service::~Service() { stop(Seconds{0}); }

Result<std::unique_ptr<Service>> Service::bind(ServiceOptions options, Session session) {
  auto inside = std::make_unique<Inside>();
  for (const Binding& binding : options.bindings) {
    const std::string address = binding.address.toString();
    if (binding.security == Security::tls && !options.tls)
      return error(Kind::bad_input, "TLS on " + address + " needs a certificate");
    try {
      Poco::Net::ServerSocket socket;
      if (binding.address.family() == Poco::Net::SocketAddress::IPv6)
        socket.bind6(binding.address, true, false, true);  // IPv6 only: IPv4 has a binding of its own
      else
        socket.bind(binding.address, true, false);
      socket.listen(kBacklog);
      inside->bindings.push_back({socket.address(), binding.security});
      inside->sockets.push_back(socket);
    } catch (const Poco::Exception& problem) {
      return bind_error(address, problem);
    }
  }
  inside->options = std::move(options);
  inside->session = std::move(session);
  return std::unique_ptr<Service>{new Service{std::move(inside)}};  // NOLINT: the constructor is private
}

void Service::start() {
  Inside& in = *inside_;
  const int threads = in.options.most_sessions + kSpareThreads;
  // One pool for all listeners. POCO keeps one thread at each listener that waits for the next connection.
  in.threads = std::make_unique<Poco::ThreadPool>(2, threads + static_cast<int>(in.sockets.size()), kIdleThreadSeconds,
                                                  static_cast<int>(in.options.stack));
  for (std::size_t i = 0; i < in.sockets.size(); ++i) {
    Poco::AutoPtr<Poco::Net::TCPServerParams> params{new Poco::Net::TCPServerParams};  // NOLINT: POCO counts
    params->setMaxThreads(threads);
    params->setMaxQueued(threads);
    params->setThreadIdleTime(Poco::Timespan{kIdleThreadSeconds, 0});
    const Security security = in.bindings[i].security;
    const Poco::SharedPtr<PocoFactory> factory{
        new PocoFactory{[&in, security](const Poco::Net::StreamSocket& s) { in.serve(s, security); }}};  // NOLINT
    in.servers.push_back(std::make_unique<Poco::Net::TCPServer>(factory, *in.threads, in.sockets[i], params));
    in.servers.back()->start();
    log(kListening, {{"service", in.options.name},
                     {"address", in.bindings[i].address.toString()},
                     {"security", security == Security::tls ? "TLS" : "plain"}});
  }
}

void Service::stop(Seconds wait) {
  Inside& in = *inside_;
  {
    const std::lock_guard lock{in.mutex};
    if (in.stopping) return;
    in.stopping = true;
    for (Connection* connection : in.open) connection->stop();
  }
  {
    // Each waits up to a quarter of a second for its accepting thread: side by side.
    std::vector<std::jthread> stoppers;
    for (const auto& server : in.servers) stoppers.emplace_back([&server] { server->stop(); });
  }
  for (Poco::Net::ServerSocket& socket : in.sockets) socket.close();
  std::size_t cut = 0;
  {
    std::unique_lock lock{in.mutex};
    in.ended.wait_for(lock, wait, [&] { return in.open.empty(); });
    cut = in.open.size();
    for (Connection* connection : in.open) connection->cut_off();
    in.ended.wait(lock, [&] { return in.open.empty(); });
  }
  if (in.threads) in.threads->joinAll();
  in.servers.clear();
  log(kStopped, {{"service", in.options.name}, {"cut", cut}});
}

const std::string& Service::name() const { return inside_->options.name; }
const std::vector<Binding>& Service::bindings() const { return inside_->bindings; }

int Service::sessions() const {
  const std::lock_guard lock{inside_->mutex};
  return static_cast<int>(inside_->open.size());
}

std::vector<SessionFacts> Service::list() const {
  std::vector<SessionFacts> all;
  const std::lock_guard lock{inside_->mutex};
  for (const Connection* connection : inside_->open)
    all.push_back({connection->id(), connection->peer(), connection->is_tls(), connection->began(),
                   connection->received(), connection->sent()});
  return all;
}

void Service::each(const std::function<void(Connection&)>& act) const {
  const std::lock_guard lock{inside_->mutex};
  for (Connection* connection : inside_->open) act(*connection);
}

std::size_t prepare_process() {
  std::signal(SIGPIPE, SIG_IGN);  // a closed connection is an error of write, not the end of the program
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  if (files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    ::getrlimit(RLIMIT_NOFILE, &files);
  }
  return files.rlim_cur;
}

}  // namespace pennypost::net
