// One connection of the player to a server: lines, IMAP responses with their literals, TLS, half-close.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "conformance/player/session.h"

struct ssl_st;

namespace pennypost::conformance {

using Clock = std::chrono::steady_clock;

/// What a wait for the server brought.
enum class Arrival { line, closed, nothing };

/// Not for use by several threads at once. All functions throw Failure when the network fails in a way that no session
/// file can expect (no route, no such host).
class Connection {
 public:
  /// Connects within 10 seconds; `host` is a name or an address.
  Connection(const std::string& host, int port, Protocol protocol);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// TLS handshake as a client that trusts every certificate. Fails when the server sent plain text in advance.
  void start_tls(std::chrono::milliseconds limit);

  /// Sends all octets; from now on one by one after set_pace. False when the server has closed.
  bool send(std::string_view octets);
  void set_pace(bool octetwise, std::chrono::milliseconds between);

  void half_close();

  /// The next line without its CR LF; in IMAP with the literals that it announces and what follows them. A lone LF ends
  /// no line. `closed` when the server closed before one was whole; what came before stands in `unfinished()`.
  Arrival read(std::string& line, Clock::time_point until);
  const std::string& unfinished() const { return buffer_; }

  Protocol protocol() const { return protocol_; }

 private:
  enum class More { some, none, end };
  More receive(Clock::time_point until);
  std::optional<std::size_t> response_size() const;
  bool wait(short events, Clock::time_point until) const;

  int socket_ = -1;
  ssl_st* tls_ = nullptr;
  Protocol protocol_;
  std::string buffer_;
  bool octetwise_ = false;
  bool ended_ = false;
  std::chrono::milliseconds between_{0};
};

}  // namespace pennypost::conformance
