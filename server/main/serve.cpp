// The running server. Parts stand in Parts in the order in which they are made; destruction is the opposite order, so
// that nothing outlives what it uses. Needs the data folder prepared and given to this process (privileges.h).
#include "server/main/serve.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <Poco/Net/NetworkInterface.h>
#include <fmt/format.h>

#include "server/auth/authenticator.h"
#include "server/auth/login_guard.h"
#include "server/auth/store_accounts.h"
#include "server/base/log.h"
#include "server/delivery/pipeline.h"
#include "server/dns/resolver.h"
#include "server/filter/filter.h"
#include "server/filter/quarantine_links.h"
#include "server/filter/quarantine_report.h"
#include "server/filter/release.h"
#include "server/http/http_service.h"
#include "server/http/quarantine_page.h"
#include "server/imap/service.h"
#include "server/main/command.h"
#include "server/net/service.h"
#include "server/net/tls.h"
#include "server/pop3/service.h"
#include "server/smtp/service.h"
#include "server/transport/runner.h"

namespace pennypost::main_program {

namespace {

constexpr LogEvent kMaintenance{"main.maintenance_failed", Level::warning,
                                "the tidying of the database failed: {reason}"};
constexpr LogEvent kReports{"main.quarantine_reports_failed", Level::warning,
                            "the reports on the quarantine wait: {reason}"};
constexpr LogEvent kCertificateKept{"main.certificate_kept", Level::error, "the new certificate is not used: {reason}"};
constexpr Seconds kGoodbye{10};  // for sessions to end by themselves when the server stops

/// Tidies the database and reports on the quarantine every minute until it is destroyed.
class Maintenance {
 public:
  Maintenance(store::Store& store, filter::QuarantineReports& reports)
      : thread_{[this, &store, &reports] { run(store, reports); }} {}
  ~Maintenance() {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

 private:
  void run(store::Store& store, filter::QuarantineReports& reports) {
    std::unique_lock lock{mutex_};
    while (!changed_.wait_for(lock, Seconds{60}, [this] { return stopping_; })) {
      lock.unlock();
      if (auto done = store.maintain(); !done) log(kMaintenance, done.error());
      if (auto sent = reports.run_when_due(); !sent) log(kReports, sent.error());
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

std::vector<net::Binding> bindings(const std::vector<std::string>& addresses, std::initializer_list<Port> plain,
                                   Port tls) {
  std::vector<net::Binding> out;
  for (const std::string& address : addresses) {
    for (const Port port : plain) out.push_back({{address, port}, net::Security::plain});
    out.push_back({{address, tls}, net::Security::tls});
  }
  return out;
}

/// Whether a connection to `address` would end at one of `listening`: outgoing mail that comes back to us is a loop.
bool is_ours(const std::vector<Listening>& listening, const Poco::Net::SocketAddress& address) {
  const auto is_local = [&] {
    if (address.host().isLoopback()) return true;
    for (const auto& [number, interface] : Poco::Net::NetworkInterface::map(true, false)) {
      for (const auto& own : interface.addressList()) {
        if (own.get<0>() == address.host()) return true;
      }
    }
    return false;
  };
  return std::ranges::any_of(listening, [&](const Listening& one) {
    if (one.address.port() != address.port() || one.address.family() != address.family()) return false;
    return one.address.host() == address.host() || (one.address.host().isWildcard() && is_local());
  });
}

}  // namespace

struct Server::Parts {
  std::unique_ptr<store::Store> store;
  std::shared_ptr<net::TlsServer> tls;
  std::optional<auth::SecretKey> key;
  auth::PasswordHasher hasher;
  std::optional<auth::StoreAccounts> accounts;
  std::optional<auth::LoginCounters> guard;
  std::optional<auth::Authenticator> authenticator;
  std::shared_ptr<dns::Resolver> resolver;
  std::optional<filter::Filter> filter;
  std::optional<delivery::Pipeline> pipeline;
  std::optional<filter::Releases> releases;
  std::optional<filter::QuarantineLinks> links;
  std::optional<filter::QuarantineReports> reports;
  std::optional<pop3::Context> pop3_context;
  std::optional<imap::Context> imap_context;
  std::shared_ptr<net::TlsClient> tls_client;
  std::optional<transport::Runner> runner;
  std::optional<Maintenance> maintenance;
  std::vector<std::unique_ptr<net::Service>> services;
  std::unique_ptr<http::HttpService> http;
  std::vector<Listening> listening;

  Result<void> make(const ServeOptions& options);
  Result<void> take(Result<std::unique_ptr<net::Service>> service);
  http::Sources sources();

  ~Parts() {
    if (http) http->stop();
    std::vector<std::thread> stops;  // all services say good-bye at the same time
    stops.reserve(services.size());
    for (const auto& service : services) stops.emplace_back([&service] { service->stop(kGoodbye); });
    if (runner) runner->stop(kGoodbye);
    for (std::thread& stop : stops) stop.join();
  }
};

Result<void> Server::Parts::take(Result<std::unique_ptr<net::Service>> service) {
  if (!service) return std::move(service).error();
  for (const net::Binding& binding : (*service)->bindings()) {
    const bool is_tls = binding.security == net::Security::tls;
    listening.push_back({(*service)->name() + (is_tls ? "s" : ""), binding.address, !is_tls});
  }
  services.push_back(std::move(*service));
  return {};
}

http::Sources Server::Parts::sources() {
  return {.health = [this]() -> Result<void> {
            if (auto waiting = store->queue().waiting(); !waiting) {
              return error(Kind::unavailable, "The database does not answer");
            }
            return {};
          },
          .gauges =
              [this] {
                std::vector<http::Gauge> gauges;
                for (const auto& service : services) {
                  gauges.push_back({service->name() + "_sessions", fmt::format("Open {} sessions", service->name()),
                                    static_cast<double>(service->sessions())});
                }
                if (auto waiting = store->queue().waiting(); waiting) {
                  gauges.push_back({"queue_messages", "Messages that wait to go out", static_cast<double>(*waiting)});
                }
                return gauges;
              },
          .pages = {http::quarantine_page(*store, *releases, *links)}};
}

Result<void> Server::Parts::make(const ServeOptions& options) {
  auto opened = open_store(options.data, store::Mode::server);
  if (!opened) return std::move(opened).error();
  store = std::move(*opened);

  const std::string host_setting = store->settings().get(kHostName);
  const auto tls_folder = options.data / "tls";
  std::error_code code;
  std::filesystem::create_directories(tls_folder, code);
  if (code) return error(Kind::unavailable, fmt::format("{}: {}", tls_folder.string(), code.message()));
  auto files = net::ensure_certificate(tls_folder.string(),
                                       {host_setting.empty() ? options.host : host_setting, "localhost", "127.0.0.1"});
  if (!files) return std::move(files).error();
  auto loaded = net::TlsServer::load(*files);
  if (!loaded) return std::move(loaded).error();
  tls = std::move(*loaded);

  auto opened_key = auth::SecretKey::open_or_create(options.data);
  if (!opened_key) return std::move(opened_key).error();
  key.emplace(std::move(*opened_key));
  accounts.emplace(store->accounts(), store->directory());
  guard.emplace([this] { return auth::guard_rules(*store->settings().snapshot()); });
  authenticator.emplace(*accounts, hasher, *key, *guard);
  auto made = dns::Resolver::make();
  if (!made) return std::move(made).error();
  resolver = std::move(*made);
  filter.emplace(*store, resolver.get(), options.data / "spamrules");
  pipeline.emplace(*store, (options.data / "spool").string(), filter->judges());
  filter->send_with([this](const std::string& to, const std::string& octets) {
    return pipeline->submit_generated("", std::span{&to, 1}, octets);
  });
  filter->prepare();

  releases.emplace(*store, filter->bayes(), pipeline->spool());
  links.emplace(key->quarantine_links_key());
  reports.emplace(*pipeline, *links, [this, machine = options.host] {
    const auto name = store->settings().get(kHostName);
    return web_address(name.empty() ? machine : name, http->addresses().front().port());
  });

  const Ports& ports = options.ports;
  auto smtp = smtp::service(smtp::make_context(*pipeline, *authenticator),
                            bindings(options.addresses, {ports.smtp, ports.submission}, ports.smtps), tls);
  if (auto taken = take(std::move(smtp)); !taken) return taken;
  pop3_context.emplace(pop3::Context{*store, *authenticator});
  auto pop3 =
      pop3::bind(*pop3_context, {.bindings = bindings(options.addresses, {ports.pop3}, ports.pop3s), .tls = tls});
  if (auto taken = take(std::move(pop3)); !taken) return taken;
  imap_context.emplace(*store, *pipeline, *authenticator);
  imap_context->sorted = [this](imap::Sorted what) {
    filter->teacher().tell({what.folder, what.from, std::move(what.uids), std::move(what.keywords)});
  };
  auto imap = imap::service(*imap_context, bindings(options.addresses, {ports.imap}, ports.imaps), tls);
  if (auto taken = take(std::move(imap)); !taken) return taken;

  std::vector<Poco::Net::SocketAddress> http_addresses;
  for (const std::string& address : options.addresses) http_addresses.emplace_back(address, ports.http);
  auto bound = http::HttpService::bind(http_addresses);
  if (!bound) return std::move(bound).error();
  http = std::move(*bound);
  for (const auto& address : http->addresses()) listening.push_back({"http", address, false});

  auto client = net::TlsClient::make();
  if (!client) return std::move(client).error();
  tls_client = std::move(*client);
  runner.emplace(
      *pipeline, *resolver, tls_client,
      transport::RunnerOptions{.sender = {.is_ours = [this](const auto& to) { return is_ours(listening, to); }}});

  maintenance.emplace(*store, *reports);
  runner->start();
  for (const auto& service : services) service->start();
  http->start(sources());
  return {};
}

Server::Server(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const ServeOptions& options) {
  auto parts = std::make_unique<Parts>();
  if (auto made = parts->make(options); !made) return std::move(made).error();
  return std::unique_ptr<Server>{new Server{std::move(parts)}};
}

const std::vector<Listening>& Server::listening() const { return parts_->listening; }
store::Store& Server::store() { return *parts_->store; }

void Server::reload() {
  reopen_log_sinks();
  if (auto reloaded = parts_->tls->reload(); !reloaded) log(kCertificateKept, reloaded.error());
}

}  // namespace pennypost::main_program
