// Sockets of the load drivers. Blocking with a time limit, TCP_NODELAY, reads of 256 KiB.
#include "conformance/load/wire.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pennypost::load {
namespace {

constexpr std::size_t kReadSize = std::size_t{256} * 1024;
constexpr int kSilenceSeconds = 120;

int connected(const Endpoint& to) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found) != 0)
    throw Trouble{"no such host: " + to.host};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, &freeaddrinfo};
  for (const auto* at = found; at != nullptr; at = at->ai_next) {
    const int s = ::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0) continue;
    if (::connect(s, at->ai_addr, at->ai_addrlen) == 0) {
      const int on = 1;
      const timeval limit{kSilenceSeconds, 0};
      ::setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      ::setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
      return s;
    }
    ::close(s);
  }
  throw Trouble{fmt::format("cannot connect to {} port {}: {}", to.host, to.port, std::strerror(errno))};
}

}  // namespace

Wire::Wire(const Endpoint& to) : socket_{connected(to)} {}

Wire::~Wire() {
  if (socket_ >= 0) ::close(socket_);
}

Wire::Wire(Wire&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)}, buffer_{std::move(other.buffer_)}, read_{other.read_} {}

void Wire::send(std::string_view octets) {
  while (!octets.empty()) {
    const auto sent = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) throw Trouble{fmt::format("sending failed: {}", std::strerror(errno))};
    octets.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Wire::fill() {
  if (read_ > 0) {
    buffer_.erase(0, read_);
    read_ = 0;
  }
  const auto have = buffer_.size();
  buffer_.resize(have + kReadSize);
  ssize_t got = 0;
  do {
    got = ::recv(socket_, buffer_.data() + have, kReadSize, 0);
  } while (got < 0 && errno == EINTR);
  buffer_.resize(have + static_cast<std::size_t>(got > 0 ? got : 0));
  if (got == 0) throw Trouble{"the server closed the connection"};
  if (got < 0) throw Trouble{fmt::format("reading failed: {}", std::strerror(errno))};
}

std::string_view Wire::line() {
  for (std::size_t from = read_;;) {
    const auto end = buffer_.find('\n', from);
    if (end != std::string::npos) {
      std::string_view out{buffer_.data() + read_, end - read_};
      read_ = end + 1;
      if (out.ends_with('\r')) out.remove_suffix(1);
      return out;
    }
    const auto scanned = buffer_.size() - read_;
    fill();
    from = read_ + scanned;
  }
}

std::string_view Wire::octets(std::size_t count) {
  while (buffer_.size() - read_ < count) fill();
  const std::string_view out{buffer_.data() + read_, count};
  read_ += count;
  return out;
}

std::uint64_t Wire::skip_to(std::string_view tag, std::string& last) {
  constexpr std::size_t tail = 4096;  // a tagged line is never longer
  std::uint64_t total = 0;
  for (;;) {
    if (buffer_.size() > read_ && buffer_.ends_with("\r\n")) {
      const std::string_view have{buffer_.data() + read_, buffer_.size() - read_};
      const auto begin = have.rfind('\n', have.size() - 2);
      const auto final_line = begin == std::string_view::npos ? have : have.substr(begin + 1);
      if (final_line.size() > tag.size() && final_line.starts_with(tag) && final_line[tag.size()] == ' ') {
        last.assign(final_line.substr(0, final_line.size() - 2));
        total += have.size();
        buffer_.clear();
        read_ = 0;
        return total;
      }
    }
    if (buffer_.size() - read_ > tail) {
      total += buffer_.size() - read_ - tail;
      read_ = buffer_.size() - tail;
    }
    fill();
  }
}

ImapClient::ImapClient(const Endpoint& to, const std::string& user, const std::string& password) : wire_{to} {
  wire_.line();
  run(fmt::format("LOGIN \"{}\" \"{}\"", user, password));
}

// Tags that no message text holds by chance.
std::string ImapClient::next_tag() { return fmt::format("zQ{}kX", ++tag_); }

std::uint64_t ImapClient::run(std::string_view command) {
  const auto tag = next_tag();
  wire_.send(fmt::format("{} {}\r\n", tag, command));
  std::string last;
  const auto count = wire_.skip_to(tag, last);
  if (!last.starts_with(tag + " OK")) throw Trouble{fmt::format("{}: {}", command.substr(0, 60), last)};
  return count;
}

std::string ImapClient::ask(std::string_view command) {
  const auto tag = next_tag();
  wire_.send(fmt::format("{} {}\r\n", tag, command));
  std::string out;
  for (;;) {
    const auto line = wire_.line();
    if (line.starts_with(tag)) {
      if (!line.starts_with(tag + " OK")) throw Trouble{fmt::format("{}: {}", command.substr(0, 60), line)};
      return out;
    }
    out.append(line).append("\r\n");
    std::size_t literal = 0;
    const auto open = line.rfind('{');
    if (!line.ends_with('}') || open == std::string_view::npos) continue;
    const auto [stop, error] = std::from_chars(line.data() + open + 1, line.data() + line.size() - 1, literal);
    if (error == std::errc{} && stop == line.data() + line.size() - 1) out.append(wire_.octets(literal));
  }
}

void ImapClient::append(const std::string& folder, int count, const std::function<std::string(int)>& message) {
  constexpr std::size_t on_the_way = 8;
  std::vector<std::string> tags;
  std::size_t answered = 0;
  const auto await = [&](std::size_t upto) {
    while (answered < upto) {
      const auto line = wire_.line();
      if (!line.starts_with(tags[answered])) continue;
      if (!line.starts_with(tags[answered] + " OK")) throw Trouble{fmt::format("APPEND: {}", line)};
      ++answered;
    }
  };
  for (int i = 0; i < count; ++i) {
    tags.push_back(next_tag());
    const auto text = message(i);
    wire_.send(fmt::format("{} APPEND \"{}\" {{{}+}}\r\n{}\r\n", tags.back(), folder, text.size(), text));
    if (tags.size() > answered + on_the_way) await(tags.size() - on_the_way);
  }
  await(tags.size());
}

}  // namespace pennypost::load
