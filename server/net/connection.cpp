// Lines, octets and waiting on one socket (RFC 5321 2.3.8 and 4.5.3.1, RFC 9051 4.3; spec 40 section 3.3).
// Needs a connected socket, which it sets to non-blocking. Every wait is one poll of the socket and of the event
// descriptor. A peer that is slow, silent or endless costs one buffer and one time limit at most.
#include "server/net/connection.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "server/net/addresses.h"

namespace pennypost::net {
namespace {

constexpr std::size_t kFirstBuffer = (4_KiB).size();    // commands
constexpr std::size_t kStreamBuffer = (64_KiB).size();  // what it grows to while messages run
constexpr std::size_t kGather = (16_KiB).size();        // output up to here waits for more
constexpr Milliseconds kFarewell{500};                  // for the peer to see our last reply and to close

}  // namespace

Connection::Connection(const Poco::Net::StreamSocket& socket, std::shared_ptr<TlsServer> tls, std::string id)
    : socket_{socket}, fd_{socket_.impl()->sockfd()}, tls_server_{std::move(tls)}, id_{std::move(id)} {
  socket_.setBlocking(false);
  try {
    socket_.setNoDelay(true);
    socket_.setKeepAlive(true);
    local_ = unmapped(socket_.address());
    peer_ = unmapped(socket_.peerAddress());
  } catch (const Poco::Exception& gone) {  // the peer closed before we looked; the first read says so
    trouble_ = gone.displayText();
  }
}

Connection::Clock::time_point Connection::until(Milliseconds wait) const {
  const Clock::time_point end = Clock::now() + wait;
  return deadline_ ? std::min(end, *deadline_) : end;
}

Error Connection::failed(Ended how, std::string why) {
  ended_ = how;
  const Kind kind = how == Ended::by_stop ? Kind::cancelled : Kind::unavailable;
  return error(kind, how == Ended::by_time ? "time limit passed" : std::move(why));
}

Error Connection::not_ready(Ready ready) {
  switch (ready) {
    case Ready::time:
      return failed(Ended::by_time, {});
    case Ready::stop:
      return failed(Ended::by_stop, "the server is stopping");
    case Ready::cut:
      return failed(Ended::broken, "the connection was cut off");
    case Ready::yes:
    case Ready::event:
      break;
  }
  return failed(Ended::broken, "nothing is wrong");  // not reached: callers ask only when it was not ready
}

// The one place that waits. `events` 0 leaves the socket out: for pauses.
Connection::Ready Connection::poll_for(short events, Clock::time_point until, bool may_stop, bool may_wake) {
  for (;;) {
    if (cut_.load(std::memory_order_acquire)) return Ready::cut;
    if (may_stop && stopping_.load(std::memory_order_acquire)) return Ready::stop;
    if (may_wake && woken_.exchange(false)) return Ready::event;
    const auto left = std::chrono::ceil<Milliseconds>(until - Clock::now());
    const auto most = std::clamp<std::int64_t>(left.count(), 0, 86'400'000);
    pollfd both[2] = {{events != 0 ? fd_ : -1, events, 0}, {event_.descriptor(), POLLIN, 0}};
    const int ready = ::poll(both, 2, static_cast<int>(most));
    if (ready < 0 && errno != EINTR) return Ready::cut;  // no memory, or a bug: the session cannot go on
    if (ready > 0 && both[0].revents != 0) return Ready::yes;
    if (ready > 0 && both[1].revents != 0) {
      event_.clear();  // the flags above say what it was
      continue;
    }
    if (left.count() <= 0 || (ready == 0 && most == left.count())) return Ready::time;
  }
}

void Connection::release_idle_memory() {
  if (taken_ == filled_) {
    in_.reset();
    capacity_ = taken_ = filled_ = 0;
  }
  if (out_.empty() && out_.capacity() > 256) std::string{}.swap(out_);
}

// Leaves at least one octet of room behind what is held, unless `most` octets are held already.
void Connection::make_room(std::size_t most) {
  if (taken_ == filled_) taken_ = filled_ = 0;
  const bool wants_more = !drained_ && capacity_ < kStreamBuffer && filled_ == 0 && capacity_ != 0;
  if (filled_ < capacity_ && !wants_more) return;
  const std::size_t size = filled_ - taken_;
  if (capacity_ != 0 && !wants_more && size <= capacity_ / 2) {
    std::memmove(in_.get(), in_.get() + taken_, size);
  } else {
    const std::size_t grown = std::max(kFirstBuffer, std::min(capacity_ * 2, std::max(most, kStreamBuffer)));
    if (grown <= capacity_) {
      if (taken_ > 0) std::memmove(in_.get(), in_.get() + taken_, size);
    } else {
      std::unique_ptr<char[]> larger{new char[grown]};  // NOLINT: make_unique would set every octet to zero first
      if (size > 0) std::memcpy(larger.get(), in_.get() + taken_, size);
      in_ = std::move(larger);
      capacity_ = grown;
    }
  }
  taken_ = 0;
  filled_ = size;
}

Result<void> Connection::wait_for_throttle(std::size_t& room, bool may_stop) {
  if (!throttle_) return {};
  for (;;) {
    const auto pause = throttle_->wait_for_some(Clock::now());
    if (pause.count() == 0) {
      room = throttle_->grant({static_cast<std::int64_t>(room)}, Clock::now()).size();
      if (room > 0) return {};
    }
    const Ready ready = poll_for(0, Clock::now() + std::max(pause, Milliseconds{1}), may_stop, false);
    if (ready != Ready::time) return not_ready(ready);
  }
}

Connection::Moved Connection::receive(std::size_t room) {
  if (ssl_ != nullptr) return tls_receive(room);
  for (;;) {
    const ssize_t got = ::recv(fd_, in_.get() + filled_, room, 0);
    if (got > 0) {
      filled_ += static_cast<std::size_t>(got);
      received_.fetch_add(got, std::memory_order_relaxed);
      drained_ = static_cast<std::size_t>(got) < room;
      return Moved::some;
    }
    if (got == 0) return Moved::end;
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wanted_ = POLLIN;
      drained_ = true;
      return Moved::none_yet;
    }
    trouble_ = std::strerror(errno);
    return Moved::failed;
  }
}

// At least one octet more, in a buffer that may grow to `most`.
Result<void> Connection::fill(Clock::time_point until, std::size_t most, bool may_stop) {
  if (ended_ == Ended::broken) return failed(Ended::broken, "the connection is broken");
  if (may_stop && is_stopping()) return not_ready(Ready::stop);
  if (deadline_ && Clock::now() >= *deadline_) return not_ready(Ready::time);
  bool is_polled = false;
  for (;;) {
    if (!drained_ || is_polled || ssl_ != nullptr) {
      make_room(most);
      std::size_t room = capacity_ - filled_;
      if (auto admitted = wait_for_throttle(room, may_stop); !admitted) return admitted;
      const std::size_t before = filled_;
      const Moved moved = receive(room);
      if (throttle_) throttle_->give_back({static_cast<std::int64_t>(room - (filled_ - before))});
      switch (moved) {
        case Moved::some:
          return {};
        case Moved::end:
          return failed(Ended::by_peer, "the peer closed the connection");
        case Moved::failed:
          return failed(Ended::broken, trouble_);
        case Moved::none_yet:
          break;
      }
    } else {
      wanted_ = POLLIN;
    }
    const short wanted = wanted_;
    if (auto sent = flush(); !sent) return sent;
    release_idle_memory();
    const Ready ready = poll_for(wanted, until, may_stop, false);
    if (ready != Ready::yes) return not_ready(ready);
    is_polled = true;
  }
}

std::string_view Connection::buffered() const { return held(); }

void Connection::consume(std::size_t octets) { taken_ += std::min(octets, filled_ - taken_); }

Result<std::string_view> Connection::read_some(Seconds wait) {
  if (taken_ == filled_)
    if (auto filled = fill(until(wait), kStreamBuffer, false); !filled) return std::move(filled).error();
  return held();
}

Result<std::string_view> Connection::read_more(Seconds wait) {
  if (filled_ - taken_ >= kNetLookAhead.most.size()) return passed(kNetLookAhead, "input too long");
  if (auto filled = fill(until(wait), kNetLookAhead.most.size(), false); !filled) return std::move(filled).error();
  return held();
}

Result<void> Connection::read_exactly(Octets count, std::string& into, Seconds wait) {
  into.reserve(into.size() + std::min(count.size(), kStreamBuffer));  // the rest as it comes: a claim costs nothing
  for (std::size_t left = count.size(); left > 0;) {
    const auto some = read_some(wait);
    if (!some) return some.error();
    const std::string_view part = some->substr(0, left);
    into += part;
    consume(part.size());
    left -= part.size();
  }
  return {};
}

Result<void> Connection::skip(Octets count, Seconds wait) {
  for (std::size_t left = count.size(); left > 0;) {
    const auto some = read_some(wait);
    if (!some) return some.error();
    const std::size_t part = std::min(some->size(), left);
    consume(part);
    left -= part;
  }
  return {};
}

Result<std::string_view> Connection::read_line(Octets most, Seconds wait) {
  if (is_stopping()) return not_ready(Ready::stop);
  if (write_error_) return *write_error_;
  const bool strict = line_ends_ == LineEnds::strict;
  Clock::time_point end = until(wait);
  bool began = false;
  bool too_long = false;
  bool faulty = false;   // holds a CR or an LF that ends nothing
  std::size_t seen = 0;  // octets of held() that were looked at
  for (;;) {
    const std::string_view text = held();
    if (!began && !text.empty()) {
      began = true;
      end = std::min(end, Clock::now() + line_time_);
    }
    while (seen < text.size()) {
      const std::size_t lf = text.find('\n', seen);
      if (lf == std::string_view::npos) break;
      const bool has_cr = lf > 0 && text[lf - 1] == '\r';
      if (strict && !has_cr) {
        faulty = true;
        seen = lf + 1;
        continue;
      }
      const std::string_view line = text.substr(0, lf - (has_cr ? 1 : 0));
      consume(lf + 1);
      ended_ = Ended::no;
      if (too_long || line.size() > most.size())
        return error(Kind::too_large, "line too long", "a line of more than " + std::to_string(most.count) + " octets");
      if (faulty || (strict && line.find('\r') != std::string_view::npos))
        return error(Kind::bad_input, "bare CR or LF in a line");
      return line;
    }
    seen = text.size();
    if (too_long || text.size() > most.size() + 1) {  // + 1: a CR whose LF is still to come
      too_long = true;
      const std::size_t keep = text.ends_with('\r') ? 1 : 0;
      consume(text.size() - keep);
      seen = keep;
    }
    if (auto filled = fill(end, most.size() + 2, true); !filled) return std::move(filled).error();
  }
}

// Sending.

Connection::Moved Connection::send_some(std::string_view first, std::string_view second, std::size_t& sent) {
  if (ssl_ != nullptr) return tls_send(first.empty() ? second : first, sent);
  iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},  // NOLINT: sendmsg does not write there
                    {const_cast<char*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  for (;;) {
    const ssize_t gone = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (gone >= 0) {
      sent = static_cast<std::size_t>(gone);
      return Moved::some;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wanted_ = POLLOUT;
      return Moved::none_yet;
    }
    trouble_ = std::strerror(errno);
    return Moved::failed;
  }
}

Result<void> Connection::send_all(std::string_view first, std::string_view second) {
  if (ended_ == Ended::broken) return failed(Ended::broken, "the connection is broken");
  const auto give_up = [this] {
    const Clock::time_point end = Clock::now() + write_wait_;
    return send_deadline_ ? std::min(end, *send_deadline_) : end;
  };
  auto end = give_up();
  while (!first.empty() || !second.empty()) {
    if (send_deadline_ && Clock::now() >= *send_deadline_) return failed(Ended::broken, "the peer takes too little");
    std::size_t room = first.size() + second.size();
    if (auto admitted = wait_for_throttle(room, false); !admitted) return admitted;
    const std::string_view now_first = first.substr(0, room);
    const std::string_view now_second = second.substr(0, room - now_first.size());
    std::size_t sent = 0;
    const Moved moved = send_some(now_first, now_second, sent);
    if (throttle_) throttle_->give_back({static_cast<std::int64_t>(room - sent)});
    switch (moved) {
      case Moved::some: {
        sent_.fetch_add(static_cast<std::int64_t>(sent), std::memory_order_relaxed);
        const std::size_t of_first = std::min(sent, first.size());
        first.remove_prefix(of_first);
        second.remove_prefix(sent - of_first);
        end = give_up();
        break;
      }
      case Moved::end:
      case Moved::failed:
        return failed(Ended::broken, trouble_);
      case Moved::none_yet: {
        const Ready ready = poll_for(wanted_, end, false, false);
        if (ready == Ready::time) return failed(Ended::broken, "the peer takes nothing");
        if (ready != Ready::yes) return not_ready(ready);
      }
    }
  }
  return {};
}

void Connection::write(std::string_view octets) {
  if (write_error_) return;
  if (out_.size() + octets.size() < kGather) {
    out_ += octets;
    return;
  }
  if (auto sent = send_all(out_, octets); !sent) write_error_ = std::move(sent).error();
  out_.clear();
}

Result<void> Connection::flush() {
  if (!write_error_ && !out_.empty()) {
    if (auto sent = send_all(out_, {}); !sent) write_error_ = std::move(sent).error();
    out_.clear();
  }
  if (write_error_) return *write_error_;
  return {};
}

// Waiting and ending.

Woken Connection::wait(Seconds most) {
  if (is_stopping()) return Woken::stop;
  if (taken_ != filled_) return Woken::input;
  const Clock::time_point end = Clock::now() + most;
  for (;;) {
    make_room(kFirstBuffer);
    std::size_t room = capacity_ - filled_;
    if (!wait_for_throttle(room, true)) return is_stopping() ? Woken::stop : Woken::closed;
    const Moved moved = receive(room);
    if (throttle_) throttle_->give_back({static_cast<std::int64_t>(room - filled_)});
    if (moved == Moved::some) return Woken::input;
    if (moved != Moved::none_yet) {
      ended_ = moved == Moved::end ? Ended::by_peer : Ended::broken;
      return Woken::closed;
    }
    const short wanted = wanted_;
    if (!flush()) return Woken::closed;
    release_idle_memory();
    switch (poll_for(wanted, end, true, true)) {
      case Ready::yes:
        break;
      case Ready::event:
        return Woken::event;
      case Ready::time:
        return Woken::timeout;
      case Ready::stop:
        return Woken::stop;
      case Ready::cut:
        return Woken::closed;
    }
  }
}

void Connection::wake() {
  woken_.store(true, std::memory_order_release);
  event_.signal();
}

void Connection::stop() {
  stopping_.store(true, std::memory_order_release);
  event_.signal();
}

void Connection::cut_off() {
  cut_.store(true, std::memory_order_release);
  stopping_.store(true, std::memory_order_release);
  ::shutdown(fd_, SHUT_RDWR);
  event_.signal();
}

void Connection::close() {
  const bool was_sent = flush().ok();
  if (ssl_ != nullptr && was_sent) tls_farewell();
  ::shutdown(fd_, SHUT_WR);
  if (!was_sent || ended_ == Ended::by_peer || ended_ == Ended::broken) return;
  // Closing with unread octets resets the connection, and the peer loses our last reply: read them first.
  const auto end = Clock::now() + kFarewell;
  char forgotten[2048];
  for (int reads = 0; reads < 1000; ++reads) {
    const ssize_t got = ::recv(fd_, forgotten, sizeof forgotten, 0);
    if (got > 0) continue;
    if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) return;
    if (poll_for(POLLIN, end, false, false) != Ready::yes) return;
  }
}

}  // namespace pennypost::net
