// Web servers on loopback for tests: real ones (of another library than the client's), and one that may do everything
// wrong.
#pragma once
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <Poco/StreamCopier.h>
#include <Poco/ThreadPool.h>
#include <sys/socket.h>

#include "server/base/text.h"
#include "server/net/tls.h"

namespace pennypost::filter {

/// What a server was asked.
struct Asked {
  std::string method;
  std::string target;
  std::string host;
  std::string authorization;
  std::string content_type;
  std::string content;
  std::string user_agent;
};

/// An HTTP or HTTPS server whose answers are made by a function. It notes what it was asked.
class WebSite {
 public:
  using Request = Poco::Net::HTTPServerRequest;
  using Response = Poco::Net::HTTPServerResponse;
  using Answer = std::function<void(const Asked&, Response&)>;

  explicit WebSite(Answer answer, const std::string& address = "127.0.0.1", std::uint16_t port = 0)
      : WebSite{std::move(answer), Poco::Net::ServerSocket{Poco::Net::SocketAddress{address, port}}} {}
  WebSite(Answer answer, const net::CertificateFiles& files)
      : WebSite{std::move(answer), Poco::Net::SecureServerSocket{
                                       Poco::Net::SocketAddress{"127.0.0.1", 0}, 64,
                                       new Poco::Net::Context{Poco::Net::Context::TLS_SERVER_USE, files.key,
                                                              files.chain, "", Poco::Net::Context::VERIFY_NONE}}} {}
  ~WebSite() {
    server_.stopAll(true);
    threads_.joinAll();
  }
  WebSite(const WebSite&) = delete;
  WebSite& operator=(const WebSite&) = delete;

  std::uint16_t port() const { return server_.port(); }
  std::string at(const std::string& host, const std::string& target = "/") const {
    return "http://" + host + ":" + std::to_string(port()) + target;
  }
  std::vector<Asked> asked() const {
    const std::lock_guard lock{mutex_};
    return asked_;
  }

 private:
  class Handler final : public Poco::Net::HTTPRequestHandler {
   public:
    explicit Handler(WebSite& site) : site_{site} {}
    void handleRequest(Request& request, Response& response) override {
      Asked asked{request.getMethod(),
                  request.getURI(),
                  request.get("Host", ""),
                  request.get("Authorization", ""),
                  request.get("Content-Type", ""),
                  {},
                  request.get("User-Agent", "")};
      Poco::StreamCopier::copyToString(request.stream(), asked.content);
      {
        const std::lock_guard lock{site_.mutex_};
        site_.asked_.push_back(asked);
      }
      site_.answer_(asked, response);
      if (!response.sent()) response.send();
    }

   private:
    WebSite& site_;
  };
  class Factory final : public Poco::Net::HTTPRequestHandlerFactory {
   public:
    explicit Factory(WebSite& site) : site_{site} {}
    Poco::Net::HTTPRequestHandler* createRequestHandler(const Request&) override { return new Handler{site_}; }

   private:
    WebSite& site_;
  };
  WebSite(Answer answer, const Poco::Net::ServerSocket& socket)
      : answer_{std::move(answer)}, server_{new Factory{*this}, threads_, socket, parameters()} {
    server_.start();
  }
  static Poco::Net::HTTPServerParams::Ptr parameters() {
    Poco::Net::HTTPServerParams::Ptr made{new Poco::Net::HTTPServerParams};
    made->setKeepAlive(false);
    made->setThreadIdleTime(Poco::Timespan{0, 100'000});  // a thread that misses the stop would wait so long
    return made;
  }

  Answer answer_;
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  Poco::ThreadPool threads_{1, 32};
  Poco::Net::HTTPServer server_;
};

/// A server of octets: each connection runs the function on a thread of its own. `is_over` says that the test ends.
class RawSite {
 public:
  using Serve = std::function<void(Poco::Net::StreamSocket&, const std::atomic<bool>& is_over)>;
  explicit RawSite(Serve serve) : serve_{std::move(serve)}, acceptor_{[this] { accept(); }} {}
  ~RawSite() {
    over_ = true;
    ::shutdown(listener_.impl()->sockfd(), SHUT_RDWR);
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
  }
  RawSite(const RawSite&) = delete;
  RawSite& operator=(const RawSite&) = delete;

  /// Reads the head of a request, then sends `answer` in pieces of so many octets and closes.
  static Serve says(std::string answer, std::size_t piece = std::string::npos) {
    return [answer = std::move(answer), piece](Poco::Net::StreamSocket& peer, const std::atomic<bool>& is_over) {
      read_head(peer);
      for (std::size_t i = 0; i < answer.size() && !is_over; i += std::min(piece, answer.size()))
        if (!send(peer, std::string_view{answer}.substr(i, piece))) return;
    };
  }
  /// Sends `first`, then `drop` every 20 ms for ever.
  static Serve drips(std::string first, std::string drop) {
    return [first = std::move(first), drop = std::move(drop)](Poco::Net::StreamSocket& peer,
                                                              const std::atomic<bool>& is_over) {
      read_head(peer);
      for (bool works = send(peer, first); works && !is_over; works = send(peer, drop))
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    };
  }
  static std::string read_head(Poco::Net::StreamSocket& peer) {
    std::string head;
    char one = 0;
    while (!head.ends_with("\r\n\r\n") && ::recv(peer.impl()->sockfd(), &one, 1, 0) == 1) head += one;
    return head;
  }
  static bool send(Poco::Net::StreamSocket& peer, std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t gone = ::send(peer.impl()->sockfd(), octets.data(), octets.size(), MSG_NOSIGNAL);
      if (gone <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(gone));
    }
    return true;
  }

  std::uint16_t port() const { return listener_.address().port(); }
  std::string at(const std::string& host, const std::string& target = "/") const {
    return "http://" + host + ":" + std::to_string(port()) + target;
  }
  int connections() const { return connections_; }

 private:
  void accept() {
    for (;;) {
      const int fd = ::accept4(listener_.impl()->sockfd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      threads_.emplace_back([this, fd] {
        Poco::Net::StreamSocket peer{new Poco::Net::StreamSocketImpl{fd}};
        peer.setReceiveTimeout({10, 0});
        peer.setSendTimeout({2, 0});
        serve_(peer, over_);
      });
    }
  }

  Serve serve_;
  std::atomic<bool> over_ = false;
  std::atomic<int> connections_ = 0;
  Poco::Net::ServerSocket listener_{Poco::Net::SocketAddress{"127.0.0.1", 0}};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace pennypost::filter
