// The DNS server of the tests (RFC 1035 4.1, without compression). Needs loopback; what it cannot do throws, which
// fails the test.
#include "server/dns/test_server.h"

#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace pennypost::dns {
namespace {

std::string two(int number) { return {static_cast<char>(number >> 8), static_cast<char>(number & 0xFF)}; }
std::string four(std::uint32_t number) {
  return two(static_cast<int>(number >> 16)) + two(static_cast<int>(number & 0xFFFF));
}

std::string wire_name(std::string_view name) {
  std::string out;
  if (name != "." && !name.empty())
    for (const std::string_view label : split(name, '.')) {
      out += static_cast<char>(label.size());
      out += label;
    }
  return out + '\0';
}

[[noreturn]] void bad_line(std::string_view line) { throw std::invalid_argument{"no record: " + std::string{line}}; }

// The strings between quotes.
std::string wire_strings(std::string_view text, std::string_view line) {
  std::string out;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    if (text.front() != '"') bad_line(line);
    const std::size_t end = text.find('"', 1);
    if (end > 256) bad_line(line);  // a string of more than 255 octets, or one that does not end
    out += static_cast<char>(end - 1);
    out += text.substr(1, end - 1);
    text.remove_prefix(end + 1);
  }
  return out;
}

int number_in(std::string_view word, std::string_view line) {
  const auto number = to_number32(word);
  if (!number || *number > 65535) bad_line(line);
  return static_cast<int>(*number);
}

std::string wire_data(Type type, std::string_view rest, std::string_view line) {
  const auto next_number = [&] { return two(number_in(take_word(rest), line)); };
  switch (type) {
    case Type::a:
    case Type::aaaa: {
      std::string octets(type == Type::a ? 4 : 16, '\0');
      if (::inet_pton(type == Type::a ? AF_INET : AF_INET6, std::string{rest}.c_str(), octets.data()) != 1)
        bad_line(line);
      return octets;
    }
    case Type::mx: {
      const std::string preference = next_number();
      return preference + wire_name(rest);
    }
    case Type::srv: {
      std::string numbers = next_number();
      numbers += next_number();
      numbers += next_number();
      return numbers + wire_name(rest);
    }
    case Type::txt:
      return wire_strings(rest, line);
    case Type::ns:
    case Type::cname:
    case Type::ptr:
      return wire_name(rest);
    case Type::tlsa: {
      const auto octets = hex_decode(rest);
      if (!octets) bad_line(line);
      return *octets;
    }
    case Type::soa:
      break;
  }
  bad_line(line);
}

std::string wire_record(std::string_view name, Type type, std::uint32_t ttl, const std::string& data) {
  return wire_name(name) + two(static_cast<int>(type)) + two(1) + four(ttl) + two(static_cast<int>(data.size())) + data;
}

net::Descriptor listen_on(int kind, std::uint16_t port) {
  net::Descriptor socket{::socket(AF_INET, kind | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  if (kind == SOCK_STREAM && ::listen(socket.get(), 16) != 0) return {};
  return socket;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

TestServer::TestServer() {
  for (int tries = 0; tries < 50 && !tcp_; ++tries) {  // the same port for both
    udp_ = listen_on(SOCK_DGRAM, 0);
    if (!udp_) continue;
    port_ = port_of(udp_.get());
    tcp_ = listen_on(SOCK_STREAM, port_);
  }
  if (!tcp_) throw std::runtime_error{"no port for the DNS server"};
  udp_thread_ = std::thread{[this] { serve_udp(); }};
  tcp_thread_ = std::thread{[this] { serve_tcp(); }};
}

TestServer::~TestServer() {
  stopping_ = true;
  stop_.signal();
  udp_thread_.join();
  tcp_thread_.join();
}

std::string TestServer::address() const { return "127.0.0.1:" + std::to_string(port_); }

void TestServer::add(std::string_view lines) {
  for (const std::string_view one : split(lines, '\n')) {
    std::string_view rest = trim(one);
    if (rest.empty()) continue;
    Record record;
    record.name = take_word(rest);
    record.ttl = Seconds{300};
    std::string_view next = take_word(rest);
    if (const auto ttl = to_number32(next)) {
      record.ttl = Seconds{*ttl};
      next = take_word(rest);
    }
    const auto type = type_of(next);
    if (!type || rest.empty()) bad_line(one);
    record.type = *type;
    std::string data = wire_data(*type, rest, one);
    if (*type == Type::cname) record.data = rest;
    const std::lock_guard lock{mutex_};
    records_.emplace(record.name, std::pair{record, std::move(data)});
  }
}

void TestServer::remove(std::string_view name) {
  const std::lock_guard lock{mutex_};
  const auto [begin, end] = records_.equal_range(name);
  records_.erase(begin, end);
}

void TestServer::fail(std::string_view name, Fault how) {
  const std::lock_guard lock{mutex_};
  faults_[std::string{name}] = how;
}

int TestServer::questions() const {
  const std::lock_guard lock{mutex_};
  int all = 0;
  for (const auto& [name, count] : asked_) all += count;
  return all;
}

int TestServer::questions(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  const auto found = asked_.find(name);
  return found == asked_.end() ? 0 : found->second;
}

// Empty: no answer.
std::string TestServer::answer(std::string_view message, bool tcp) {
  if (message.size() < 12) return {};
  std::string name;
  std::size_t at = 12;
  while (at < message.size() && message[at] != 0) {
    const auto length = static_cast<unsigned char>(message[at]);
    if (!name.empty()) name += '.';
    name += message.substr(at + 1, length);
    at += length + 1U;
  }
  if (at + 5 > message.size()) return {};
  const auto type =
      static_cast<Type>(static_cast<unsigned char>(message[at + 1]) << 8 | static_cast<unsigned char>(message[at + 2]));
  const std::string question{message.substr(12, at + 5 - 12)};
  const std::string id{message.substr(0, 2)};

  std::optional<Fault> fault;
  std::string answers;
  int count = 0;
  bool exists = false;
  {
    const std::lock_guard lock{mutex_};
    ++asked_[name];
    if (const auto found = faults_.find(name); found != faults_.end()) fault = found->second;
    std::string owner = name;
    for (int step = 0; step < 20; ++step) {
      std::string alias;
      const auto [begin, end] = records_.equal_range(owner);
      for (auto entry = begin; entry != end; ++entry) {
        const auto& [record, data] = entry->second;
        exists = true;
        if (record.type == Type::cname) alias = record.data;
        if (record.type != type && record.type != Type::cname) continue;
        answers += wire_record(record.name, record.type, static_cast<std::uint32_t>(record.ttl.count()), data);
        ++count;
      }
      if (alias.empty() || type == Type::cname) break;
      owner = alias;
      exists = false;
    }
    for (const auto& [known, record] : records_) exists = exists || ends_with_word(known, "." + owner);
  }
  if (tcp) ++tcp_questions_;
  const auto header = [&](int flags, int found, int authorities) {
    return id + two(0x8180 | flags) + two(1) + two(found) + two(authorities) + two(0) + question;
  };
  if (fault == Fault::silence) return {};
  if (fault == Fault::servfail) return header(2, 0, 0);
  if (fault == Fault::refused) return header(5, 0, 0);
  if (fault == Fault::garbage) return header(0, 5, 0) + "\xFF\xFF\xFF";
  if (fault == Fault::cut_off && !tcp) return header(0x0200, 0, 0);
  if (fault == Fault::slow) std::this_thread::sleep_for(std::chrono::milliseconds{150});
  std::string authority;
  if (const std::int64_t ttl = negative_ttl_; count == 0 && ttl >= 0) {
    const auto seconds = static_cast<std::uint32_t>(ttl);
    authority = wire_record(
        "", Type::soa, seconds,
        wire_name("ns.invalid") + wire_name("admin.invalid") + four(1) + four(1) + four(1) + four(1) + four(seconds));
  }
  return header(exists ? 0 : 3, count, authority.empty() ? 0 : 1) + answers + authority;
}

void TestServer::serve_udp() {
  while (!stopping_) {
    pollfd both[2] = {{udp_.get(), POLLIN, 0}, {stop_.descriptor(), POLLIN, 0}};
    if (::poll(both, 2, -1) <= 0 || both[0].revents == 0) continue;
    char question[4096];
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const ssize_t got = ::recvfrom(udp_.get(), question, sizeof question, 0, reinterpret_cast<sockaddr*>(&peer), &size);
    if (got <= 0) continue;
    const std::string reply = answer({question, static_cast<std::size_t>(got)}, false);
    if (!reply.empty())
      ::sendto(udp_.get(), reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&peer), size);
  }
}

void TestServer::serve_tcp() {
  std::vector<net::Descriptor> clients;
  while (!stopping_) {
    std::vector<pollfd> waiting = {{stop_.descriptor(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
    for (const net::Descriptor& client : clients) waiting.push_back({client.get(), POLLIN, 0});
    if (::poll(waiting.data(), waiting.size(), -1) <= 0) continue;
    for (std::size_t i = waiting.size(); i-- > 2;) {
      if (waiting[i].revents == 0) continue;
      // A question of a resolver comes in one piece here; what does not is dropped with its connection.
      char octets[4096];
      const ssize_t got = ::recv(waiting[i].fd, octets, sizeof octets, 0);
      std::string reply;
      if (got > 2) reply = answer({octets + 2, static_cast<std::size_t>(got) - 2}, true);
      if (reply.empty()) {
        clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i - 2));
        continue;
      }
      const std::string framed = two(static_cast<int>(reply.size())) + reply;
      ::send(waiting[i].fd, framed.data(), framed.size(), MSG_NOSIGNAL);
    }
    if (waiting[1].revents != 0) clients.emplace_back(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
}

}  // namespace pennypost::dns
