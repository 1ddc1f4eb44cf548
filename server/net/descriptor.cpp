// Descriptors and events. Needs the kernel's eventfd; an Event without a descriptor says so (event.h).
#include "server/net/descriptor.h"

#include <cstdint>

#include <sys/eventfd.h>
#include <unistd.h>

#include "server/net/event.h"

namespace pennypost::net {

void Descriptor::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Event::Event() : descriptor_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {}

void Event::signal() {
  const std::uint64_t one = 1;
  // Fails only where the counter is full, and then it is signalled already.
  [[maybe_unused]] const ssize_t written = ::write(descriptor_.get(), &one, sizeof one);
}

bool Event::clear() {
  std::uint64_t count = 0;
  return ::read(descriptor_.get(), &count, sizeof count) == sizeof count;
}

}  // namespace pennypost::net
