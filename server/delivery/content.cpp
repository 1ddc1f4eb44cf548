// Content and its writer (see the header). A spool file is unlinked as soon as it is open, so a crash leaves nothing
// behind: what was not acknowledged is the client's to send again (DESIGN section 1). Disk errors are kept and told by
// finish(); a full disk while the file is mapped cannot happen, because every octet has been written before.
#include "server/delivery/content.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace pennypost::delivery {
namespace {

std::size_t next_capacity(std::size_t now, std::size_t needed) { return std::max(needed, now * 2); }

}  // namespace

Content::Content(Content&& other) noexcept { *this = std::move(other); }

Content& Content::operator=(Content&& other) noexcept {
  if (this == &other) return *this;
  release();
  base_ = std::exchange(other.base_, nullptr);
  mapped_ = std::exchange(other.mapped_, 0);
  begin_ = std::exchange(other.begin_, 0);
  end_ = std::exchange(other.end_, 0);
  moved_ = other.moved_;
  return *this;
}

Content::~Content() { release(); }

void Content::release() {
  if (mapped_ > 0)
    ::munmap(base_, mapped_);
  else
    delete[] base_;  // NOLINT: one owner, see the header
  base_ = nullptr;
  mapped_ = begin_ = end_ = 0;
}

Content Content::of(std::string_view octets) {
  Content out;
  out.base_ = new char[kHeadroom + octets.size()];  // NOLINT: one owner, see the header
  out.begin_ = kHeadroom;
  out.end_ = kHeadroom + octets.size();
  std::memcpy(out.base_ + kHeadroom, octets.data(), octets.size());
  return out;
}

void Content::replace_front(std::size_t octets, std::string_view text) {
  const std::size_t room = begin_ + std::min(octets, end_ - begin_);
  if (text.size() <= room) {
    begin_ = room - text.size();
    if (!text.empty()) std::memcpy(base_ + begin_, text.data(), text.size());
    return;
  }
  std::string whole;
  whole.reserve(text.size() + (end_ - room));
  whole += text;
  whole.append(base_ + room, end_ - room);
  const int moves = moved_ + 1;
  *this = of(whole);
  moved_ = moves;
}

ContentWriter::ContentWriter(std::string spool, Octets most, Octets expected) : spool_{std::move(spool)}, most_{most} {
  const auto first = std::clamp<std::int64_t>(expected.count + 1024, 16 * 1024, kContentInMemory.most.count);
  capacity_ = kHeadroom + static_cast<std::size_t>(first);
  buffer_ = new char[capacity_];  // NOLINT: given to the Content or deleted below
  filled_ = kHeadroom;
}

ContentWriter::~ContentWriter() {
  delete[] buffer_;  // NOLINT: one owner
  if (fd_ >= 0) ::close(fd_);
}

void ContentWriter::put(std::string_view octets) {
  size_ += Octets{static_cast<std::int64_t>(octets.size())};
  if (is_too_large() || error_ != 0) return;  // counted, not kept
  while (!octets.empty()) {
    if (filled_ == capacity_) {
      if (fd_ >= 0) {
        write_out();
        if (error_ != 0) return;
      } else if (capacity_ - kHeadroom >= kContentInMemory.most.size()) {
        spill();
        if (error_ != 0) return;
      } else {
        const auto needed = filled_ + octets.size();
        const auto larger = std::min(next_capacity(capacity_, needed), kHeadroom + kContentInMemory.most.size());
        char* buffer = new char[larger];  // NOLINT: one owner
        std::memcpy(buffer + kHeadroom, buffer_ + kHeadroom, filled_ - kHeadroom);
        delete[] buffer_;  // NOLINT: one owner
        buffer_ = buffer;
        capacity_ = larger;
      }
    }
    const auto n = std::min(octets.size(), capacity_ - filled_);
    std::memcpy(buffer_ + filled_, octets.data(), n);
    filled_ += n;
    octets.remove_prefix(n);
  }
}

void ContentWriter::spill() {
  // O_TMPFILE has no name at all; file systems without it get a name for the moment between open and unlink.
  fd_ = ::open(spool_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    std::string name = spool_ + "/message.XXXXXX";
    fd_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd_ >= 0) ::unlink(name.c_str());
  }
  if (fd_ < 0) {
    error_ = errno;
    return;
  }
  // The headroom stands in the file too, so that the mapping begins on a page and the message behind free room.
  std::memset(buffer_, 0, kHeadroom);
  const char* from = buffer_;
  std::size_t left = filled_;
  while (left > 0) {
    const auto n = ::write(fd_, from, left);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      error_ = n < 0 ? errno : ENOSPC;
      return;
    }
    from += n;
    left -= static_cast<std::size_t>(n);
  }
  filled_ = 0;
}

void ContentWriter::write_out() {
  const char* from = buffer_;
  while (filled_ > 0) {
    const auto n = ::write(fd_, from, filled_);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      error_ = n < 0 ? errno : ENOSPC;
      return;
    }
    from += n;
    filled_ -= static_cast<std::size_t>(n);
  }
}

Result<Content> ContentWriter::finish() {
  if (is_too_large())
    return error(Kind::too_large, "Message too large",
                 "message of more than " + std::to_string(most_.count) + " octets");
  if (fd_ >= 0 && error_ == 0) write_out();
  if (error_ != 0) {
    const bool full = error_ == ENOSPC || error_ == EDQUOT || error_ == EFBIG;
    return error(full ? Kind::disk_full : Kind::unavailable, "Cannot store the message now",
                 "spool folder " + spool_ + ": " + std::strerror(error_));
  }
  Content out;
  if (fd_ < 0) {
    out.base_ = std::exchange(buffer_, nullptr);
    out.begin_ = kHeadroom;
    out.end_ = filled_;
    capacity_ = filled_ = 0;
    return out;
  }
  const auto whole = kHeadroom + size_.size();
  void* mapped = ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd_, 0);
  if (mapped == MAP_FAILED)
    return error(Kind::unavailable, "Cannot store the message now",
                 std::string{"mapping the spool file: "} + std::strerror(errno));
  out.base_ = static_cast<char*>(mapped);
  out.mapped_ = whole;
  out.begin_ = kHeadroom;
  out.end_ = whole;
  return out;
}

}  // namespace pennypost::delivery
