// Sockets of the player, with and without TLS, all waits bounded. A reset counts as a close: to a client both are an
// end. What a server sends before a close is still read. Sources: RFC 3501 2.2 and 4.3 (lines, literals), RFC
// 5321 2.3.8.
#include "conformance/player/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <mutex>
#include <thread>

#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pennypost::conformance {
namespace {

constexpr auto kConnectTime = std::chrono::seconds{10};
constexpr auto kSendTime = std::chrono::seconds{60};
constexpr std::size_t kLargestResponse = std::size_t{256} << 20;

int remaining(Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, 600'000));
}

SSL_CTX* client_context() {
  static SSL_CTX* const context = [] {
    SSL_CTX* made = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(made, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return made;
  }();
  return context;
}

int connected_socket(const std::string& host, int port) {
  // A server that closes early must not end the player.
  static std::once_flag ignored;
  std::call_once(ignored, [] { std::signal(SIGPIPE, SIG_IGN); });
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    throw Failure{"no such host: " + host};
  std::string reason = "no address";
  for (const auto* at = found; at != nullptr; at = at->ai_next) {
    const int s = ::socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0) continue;
    int error = ::connect(s, at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      pollfd p{s, POLLOUT, 0};
      socklen_t size = sizeof error;
      error = ETIMEDOUT;
      if (::poll(&p, 1, remaining(Clock::now() + kConnectTime)) == 1)
        ::getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) {
      const int on = 1;
      ::setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::freeaddrinfo(found);
      return s;
    }
    reason = std::strerror(error);
    ::close(s);
  }
  ::freeaddrinfo(found);
  throw Failure{fmt::format("cannot connect to {} port {}: {}", host, port, reason)};
}

}  // namespace

Connection::Connection(const std::string& host, int port, Protocol protocol)
    : socket_{connected_socket(host, port)}, protocol_{protocol} {}

Connection::~Connection() {
  if (tls_ != nullptr) SSL_free(tls_);
  ::close(socket_);
}

bool Connection::wait(short events, Clock::time_point until) const {
  pollfd p{socket_, events, 0};
  return ::poll(&p, 1, remaining(until)) == 1;
}

void Connection::start_tls(std::chrono::milliseconds limit) {
  if (!buffer_.empty()) throw Failure{"the server sent plain text before the TLS handshake: " + buffer_};
  tls_ = SSL_new(client_context());
  SSL_set_fd(tls_, socket_);
  const auto until = Clock::now() + limit;
  for (;;) {
    ERR_clear_error();
    const int done = SSL_connect(tls_);
    if (done == 1) return;
    const int why = SSL_get_error(tls_, done);
    const bool again = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
    if (again && wait(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until)) continue;
    throw Failure{again ? "no TLS handshake within the time limit" : "the TLS handshake failed"};
  }
}

void Connection::set_pace(bool octetwise, std::chrono::milliseconds between) {
  octetwise_ = octetwise;
  between_ = between;
}

bool Connection::send(std::string_view octets) {
  while (!octets.empty()) {
    const auto piece = octetwise_ ? octets.substr(0, 1) : octets;
    ssize_t sent = 0;
    bool again = false;
    short events = POLLOUT;
    if (tls_ != nullptr) {
      ERR_clear_error();
      sent = SSL_write(tls_, piece.data(), static_cast<int>(piece.size()));
      const int why = sent > 0 ? SSL_ERROR_NONE : SSL_get_error(tls_, static_cast<int>(sent));
      again = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
      if (why == SSL_ERROR_WANT_READ) events = POLLIN;
    } else {
      sent = ::send(socket_, piece.data(), piece.size(), MSG_NOSIGNAL);
      again = sent < 0 && (errno == EAGAIN || errno == EINTR);
    }
    if (again) {
      // A server may answer while we still send: take what it says, or both sides wait for ever.
      if (!wait(static_cast<short>(events | POLLIN), Clock::now() + kSendTime)) return false;
      if (receive(Clock::now()) == More::end) return false;
      if (!wait(POLLOUT, Clock::now())) std::this_thread::sleep_for(std::chrono::milliseconds{1});
      continue;
    }
    if (sent <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(sent));
    if (octetwise_ && !octets.empty()) std::this_thread::sleep_for(between_);
  }
  return true;
}

void Connection::half_close() {
  if (tls_ != nullptr)
    SSL_shutdown(tls_);
  else
    ::shutdown(socket_, SHUT_WR);
}

Connection::More Connection::receive(Clock::time_point until) {
  if (ended_) return More::end;
  std::array<char, 65536> room;
  for (;;) {
    ssize_t got = 0;
    if (tls_ != nullptr) {
      ERR_clear_error();
      got = SSL_read(tls_, room.data(), static_cast<int>(room.size()));
      if (got <= 0) {
        const int why = SSL_get_error(tls_, static_cast<int>(got));
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
          ended_ = true;
          return More::end;
        }
      }
    } else {
      got = ::recv(socket_, room.data(), room.size(), 0);
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        ended_ = true;
        return More::end;
      }
    }
    if (got > 0) {
      buffer_.append(room.data(), static_cast<std::size_t>(got));
      if (buffer_.size() > kLargestResponse) throw Failure{"the server sends more than 256 MiB in one response"};
      return More::some;
    }
    if (Clock::now() >= until || !wait(POLLIN, until)) return More::none;
  }
}

/// Octets of the first whole line or IMAP response in the buffer, with its CR LF.
std::optional<std::size_t> Connection::response_size() const {
  std::size_t from = 0;
  for (;;) {
    const auto end = buffer_.find("\r\n", from);
    if (end == std::string::npos) return std::nullopt;
    const auto open = buffer_.rfind('{', end);
    std::size_t literal = 0;
    if (protocol_ != Protocol::imap || end == from || buffer_[end - 1] != '}' || open == std::string::npos ||
        open < from)
      return end + 2;
    const auto [stop, error] = std::from_chars(buffer_.data() + open + 1, buffer_.data() + end - 1, literal);
    if (error != std::errc{} || stop != buffer_.data() + end - 1) return end + 2;
    from = end + 2 + literal;
    if (from > buffer_.size()) return std::nullopt;
  }
}

Arrival Connection::read(std::string& line, Clock::time_point until) {
  for (;;) {
    if (const auto size = response_size()) {
      line = buffer_.substr(0, *size - 2);
      buffer_.erase(0, *size);
      return Arrival::line;
    }
    const auto more = receive(until);
    if (more == More::end) return Arrival::closed;
    if (more == More::none) return Arrival::nothing;
  }
}

}  // namespace pennypost::conformance
