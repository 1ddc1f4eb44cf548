// Calling a server. Needs an address (names are the business of dns). Refused, unreachable and too slow are
// `unavailable`: the caller tries the next address, or later.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "server/net/connection.h"

namespace pennypost::net {
namespace {

// None when the socket became writable in time.
std::optional<Error> wait_for_answer(int fd, const ConnectTo& to) {
  const auto end = Connection::Clock::now() + to.wait;
  for (;;) {
    const auto left = std::chrono::ceil<Milliseconds>(end - Connection::Clock::now()).count();
    if (left <= 0) return error(Kind::unavailable, to.address.toString() + ": no answer in time");
    pollfd both[2] = {{fd, POLLOUT, 0}, {to.stop_descriptor, POLLIN, 0}};
    const int ready = ::poll(both, 2, static_cast<int>(std::min<std::int64_t>(left, 3'600'000)));
    if (ready < 0 && errno != EINTR) return error(Kind::unavailable, std::strerror(errno));
    if (ready > 0 && both[1].revents != 0) return error(Kind::cancelled, "the server is stopping");
    if (ready > 0 && both[0].revents != 0) return std::nullopt;
  }
}

}  // namespace

Result<std::unique_ptr<Connection>> connect(const ConnectTo& to) {
  const auto unreachable = [&](const std::string& why) {
    return error(Kind::unavailable, to.address.toString() + ": " + why);
  };
  try {
    Poco::Net::StreamSocket socket{to.address.family() == Poco::Net::SocketAddress::IPv6
                                       ? Poco::Net::SocketAddress::IPv6
                                       : Poco::Net::SocketAddress::IPv4};
    const int fd = socket.impl()->sockfd();
    if (to.from) {
      const int yes = 1;  // the port is chosen when both ends are known: more connections than ports
      ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
      const Poco::Net::SocketAddress ours{*to.from, 0};
      if (::bind(fd, ours.addr(), ours.length()) != 0)
        return unreachable("own address " + to.from->toString() + ": " + std::strerror(errno));
    }
    socket.setBlocking(false);
    if (::connect(fd, to.address.addr(), to.address.length()) != 0) {
      if (errno != EINPROGRESS && errno != EINTR) return unreachable(std::strerror(errno));
      if (auto failed = wait_for_answer(fd, to)) return *std::move(failed);
      if (const int problem = socket.impl()->socketError(); problem != 0) return unreachable(std::strerror(problem));
    }
    return std::make_unique<Connection>(socket, nullptr, to.id);
  } catch (const Poco::Exception& problem) {  // no descriptor left, no such address family
    return unreachable(problem.displayText());
  }
}

}  // namespace pennypost::net
