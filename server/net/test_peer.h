// Both ends of a connection on loopback, for tests of this folder and of those above it.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <sys/socket.h>

#include "server/net/connection.h"

namespace pennypost::net {

/// A peer that may do everything wrong: octets as they are, no buffer, no manners.
class RawPeer {
 public:
  RawPeer() = default;
  explicit RawPeer(const Poco::Net::SocketAddress& address) {
    socket_.connect(address);
    socket_.setNoDelay(true);
  }
  /// Sends all; what cannot be sent any more is forgotten.
  void send(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t gone = ::send(fd(), octets.data(), octets.size(), MSG_NOSIGNAL);
      if (gone <= 0) return;
      octets.remove_prefix(static_cast<std::size_t>(gone));
    }
  }
  /// Up to `count` octets; fewer when the other side closes first or ten seconds pass.
  std::string read(std::size_t count) {
    std::string out;
    while (out.size() < count && socket_.poll({10, 0}, Poco::Net::Socket::SELECT_READ)) {
      char some[65536];
      const ssize_t got = ::recv(fd(), some, std::min(sizeof some, count - out.size()), 0);
      if (got <= 0) break;
      out.append(some, static_cast<std::size_t>(got));
    }
    return out;
  }
  std::string read_to_end() { return read(std::string::npos); }
  /// One line without CR LF.
  std::string read_line() {
    std::string out;
    while (!out.ends_with('\n')) {
      const std::string one = read(1);
      if (one.empty()) return out;
      out += one;
    }
    out.pop_back();
    if (out.ends_with('\r')) out.pop_back();
    return out;
  }
  /// What has arrived after a while.
  std::size_t available(std::chrono::milliseconds after) {
    std::this_thread::sleep_for(after);
    return static_cast<std::size_t>(socket_.available());
  }
  void half_close() { ::shutdown(fd(), SHUT_WR); }
  void close() { socket_.close(); }
  /// Closes with a reset, as a machine that was switched off and on again does.
  void reset() {
    socket_.setLinger(true, 0);
    socket_.close();
  }
  Poco::Net::StreamSocket& socket() { return socket_; }
  int fd() { return socket_.impl()->sockfd(); }

 private:
  Poco::Net::StreamSocket socket_;
};

/// A Connection and the peer at its other end.
struct Pair {
  explicit Pair(std::shared_ptr<TlsServer> tls = nullptr) {
    Poco::Net::ServerSocket listener{Poco::Net::SocketAddress{"127.0.0.1", 0}};
    client = RawPeer{listener.address()};
    server = std::make_unique<Connection>(listener.acceptConnection(), std::move(tls), "test-1");
  }
  RawPeer client;
  std::unique_ptr<Connection> server;
};

/// A port on 127.0.0.1 where nobody listened a moment ago.
inline std::uint16_t free_port() {
  return Poco::Net::ServerSocket{Poco::Net::SocketAddress{"127.0.0.1", 0}}.address().port();
}

}  // namespace pennypost::net
