// Needs connected sockets. A descriptor that cannot be doubled costs the connection its time limit, nothing else.
#include "server/http/visits.h"

#include <Poco/Exception.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pennypost::http {

bool is_near(const Poco::Net::IPAddress& address) {
  const bool unique_local =  // RFC 4193: fc00::/7
      address.family() == Poco::Net::IPAddress::IPv6 &&
      (*static_cast<const unsigned char*>(address.addr()) & 0xfe) == 0xfc;
  return address.isLoopback() || address.isSiteLocal() || address.isLinkLocal() || unique_local;
}

Visits::Visit::Visit(Visits& visits, const Poco::Net::StreamSocket& socket)
    : visits_{visits}, descriptor_{::fcntl(socket.impl()->sockfd(), F_DUPFD_CLOEXEC, 0)} {
  bool is_exempt = true;
  try {
    const auto peer = socket.peerAddress().host();
    address_ = peer.toString();
    is_exempt = visits_.exempt_(peer);
  } catch (const Poco::Exception&) {  // gone already; reading will say so
  }
  const std::scoped_lock lock{visits_.mutex_};
  const int open = ++visits_.by_address_[address_];
  admitted_ = is_exempt || open <= visits_.most_from_address_;
  place_ = visits_.open_.insert(visits_.open_.end(), this);
}

Visits::Visit::~Visit() {
  {
    const std::scoped_lock lock{visits_.mutex_};
    visits_.open_.erase(place_);
    const auto counted = visits_.by_address_.find(address_);
    if (--counted->second == 0) visits_.by_address_.erase(counted);
  }
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Visits::end_overdue(Clock::time_point now) {
  const std::scoped_lock lock{mutex_};
  for (const Visit* visit : open_) {
    if (now - visit->began_ <= longest_) return;
    if (visit->descriptor_ >= 0) ::shutdown(visit->descriptor_, SHUT_RDWR);
  }
}

}  // namespace pennypost::http
