// c-ares: sending, repeating, TCP when an answer is cut off, the next server when one fails (RFC 1035 4.2, 7.2; EDNS:
// RFC 6891). Needs servers and descriptors. The library's channel belongs to one thread, which waits for its sockets
// and for new questions with one poll.
#include "server/dns/channel.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include <ares.h>
#include <arpa/inet.h>
#include <poll.h>
#include <sys/time.h>

#include "server/base/text.h"
#include "server/net/event.h"

namespace pennypost::dns {
namespace {

struct Question {
  std::string name;
  Type type;
  Channel::Heard heard;
};

Error trouble(int status) {
  if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return error(Kind::cancelled, "the server is stopping");
  return error(Kind::unavailable, std::string{"DNS: "} + ares_strerror(status));
}

void on_answer(void* question, int status, int, unsigned char* message, int size) {
  const std::unique_ptr<Question> mine{static_cast<Question*>(question)};
  if (message != nullptr && (status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND))
    mine->heard(std::string{reinterpret_cast<const char*>(message), static_cast<std::size_t>(size)});
  else if (status == ARES_ENOTFOUND)
    mine->heard(error(Kind::not_found, "no such name", mine->name + ": no such name"));
  else
    mine->heard(trouble(status));
}

// The library's global state, once for the program.
int library() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status;
}

}  // namespace

struct Channel::Inside {
  ares_channel ares = nullptr;
  std::vector<pollfd> sockets;  // only the thread
  net::Event event;
  std::mutex mutex;
  std::deque<Question> fresh;
  bool closing = false;
  std::once_flag closed;
  std::thread thread;
  std::vector<std::string> servers;

  void run();
  bool take_fresh();
  static void on_socket(void* inside, ares_socket_t fd, int readable, int writable);
};

// c-ares tells which sockets it has and what it waits for on each.
void Channel::Inside::on_socket(void* inside, ares_socket_t fd, int readable, int writable) {
  auto& sockets = static_cast<Inside*>(inside)->sockets;
  std::erase_if(sockets, [fd](const pollfd& one) { return one.fd == fd; });
  if (readable != 0 || writable != 0)
    sockets.push_back({fd, static_cast<short>((readable != 0 ? POLLIN : 0) | (writable != 0 ? POLLOUT : 0)), 0});
}

// False when the channel closes.
bool Channel::Inside::take_fresh() {
  std::deque<Question> taken;
  {
    const std::lock_guard lock{mutex};
    if (closing) return false;
    taken.swap(fresh);
  }
  for (Question& question : taken) {
    auto owned = std::make_unique<Question>(std::move(question));
    Question* const mine = owned.release();  // on_answer takes it back, perhaps before ares_query returns
    ares_query(ares, mine->name.c_str(), 1, static_cast<int>(mine->type), on_answer, mine);
  }
  return true;
}

void Channel::Inside::run() {
  while (take_fresh()) {
    std::vector<pollfd> waiting = sockets;
    waiting.push_back({event.descriptor(), POLLIN, 0});
    timeval most{60, 0};
    timeval next{};
    const timeval* wait = ares_timeout(ares, &most, &next);
    const int ready =
        ::poll(waiting.data(), waiting.size(), static_cast<int>(wait->tv_sec * 1000 + (wait->tv_usec + 999) / 1000));
    if (ready > 0 && waiting.back().revents != 0) event.clear();
    waiting.pop_back();
    for (const pollfd& one : waiting) {
      if (ready <= 0 || one.revents == 0) continue;
      const bool can_read = (one.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
      const bool can_write = (one.revents & (POLLOUT | POLLERR | POLLHUP)) != 0;
      ares_process_fd(ares, can_read ? one.fd : ARES_SOCKET_BAD, can_write ? one.fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what waited too long
  }
  ares_cancel(ares);
  const std::lock_guard lock{mutex};
  for (Question& question : fresh) question.heard(trouble(ARES_ECANCELLED));
  fresh.clear();
}

Channel::Channel(std::unique_ptr<Inside> inside) : inside_{std::move(inside)} {
  inside_->thread = std::thread{[this] { inside_->run(); }};
}

Channel::~Channel() {
  close();
  ares_destroy(inside_->ares);
}

void Channel::close() {
  std::call_once(inside_->closed, [this] {
    {
      const std::lock_guard lock{inside_->mutex};
      inside_->closing = true;
    }
    inside_->event.signal();
    inside_->thread.join();
  });
}

namespace {

std::vector<std::string> servers_of(ares_channel channel) {
  std::vector<std::string> out;
  ares_addr_port_node* list = nullptr;
  if (ares_get_servers_ports(channel, &list) != ARES_SUCCESS) return out;
  for (const ares_addr_port_node* one = list; one != nullptr; one = one->next) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(one->family, &one->addr, text.data(), text.size()) == nullptr) continue;
    const std::string address = text.data();
    if (one->udp_port == 0 || one->udp_port == 53) {
      out.push_back(address);
    } else {
      out.push_back((one->family == AF_INET6 ? "[" + address + "]" : address) + ":" + std::to_string(one->udp_port));
    }
  }
  ares_free_data(list);
  return out;
}

}  // namespace

Result<std::unique_ptr<Channel>> Channel::open(const std::vector<std::string>& servers, Milliseconds first_wait,
                                               int rounds) {
  if (const int status = library(); status != ARES_SUCCESS) return trouble(status);
  auto inside = std::make_unique<Inside>();
  if (!inside->event.is_open()) return error(Kind::unavailable, "DNS: no descriptor left");
  ares_options options{};
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS;
  options.timeout = static_cast<int>(first_wait.count());
  options.tries = rounds;
  options.ednspsz = 1232;  // what passes every network whole
  options.sock_state_cb = Inside::on_socket;
  options.sock_state_cb_data = inside.get();
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB;
  if (const int status = ares_init_options(&inside->ares, &options, mask); status != ARES_SUCCESS)
    return trouble(status);
  if (!servers.empty()) {
    const int status = ares_set_servers_ports_csv(inside->ares, join(servers, ",").c_str());
    if (status != ARES_SUCCESS) {
      ares_destroy(inside->ares);
      return error(Kind::bad_input, "DNS servers \"" + join(servers, ",") + "\": " + ares_strerror(status));
    }
  }
  inside->servers = servers_of(inside->ares);
  return std::unique_ptr<Channel>{new Channel{std::move(inside)}};  // NOLINT: the constructor is private
}

const std::vector<std::string>& Channel::servers() const { return inside_->servers; }

void Channel::ask(std::string name, Type type, Heard heard) {
  {
    const std::lock_guard lock{inside_->mutex};
    if (!inside_->closing) {
      inside_->fresh.push_back({std::move(name), type, std::move(heard)});
      inside_->event.signal();
      return;
    }
  }
  heard(trouble(ARES_ECANCELLED));
}

}  // namespace pennypost::dns
