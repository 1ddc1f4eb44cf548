// SMTP in. Each connection sends its messages one after the other as a mail server would: MAIL, RCPT and DATA in one
// packet, then the message. Two figures: messages accepted (250) a second, and a second until the mailboxes show all.
#include <atomic>
#include <charconv>
#include <memory>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "conformance/load/drivers.h"

namespace pennypost::load {
namespace {

void expect(Wire& wire, std::string_view code) {
  for (;;) {
    const auto line = wire.line();
    if (!line.starts_with(code)) throw Trouble{fmt::format("SMTP: {} expected, got {}", code, line)};
    if (line.size() < 4 || line[3] == ' ') return;
  }
}

class Sender {
 public:
  Sender(const Plan& plan, std::atomic<int>& next) : plan_{plan}, next_{next}, wire_{plan.smtp} {
    expect(wire_, "220");
    wire_.send("EHLO load.example.test\r\n");
    expect(wire_, "250");
  }

  void run() {
    for (int number = next_++; number < plan_.messages; number = next_++) {
      const auto& to = plan_.users[static_cast<std::size_t>(number) % plan_.users.size()].address;
      wire_.send(fmt::format("MAIL FROM:<sender@remote.example>\r\nRCPT TO:<{}>\r\nDATA\r\n", to));
      expect(wire_, "250");
      expect(wire_, "250");
      expect(wire_, "354");
      wire_.send(sample_message(number, plan_.size) + ".\r\n");
      expect(wire_, "250");
    }
    wire_.send("QUIT\r\n");
  }

 private:
  const Plan& plan_;
  std::atomic<int>& next_;
  Wire wire_;
};

std::uint64_t messages_in_inbox(ImapClient& client) {
  const auto answer = client.ask("STATUS INBOX (MESSAGES)");
  std::uint64_t out = 0;
  const auto at = answer.find("MESSAGES ");
  if (at == std::string::npos) throw Trouble{"STATUS without MESSAGES: " + answer};
  std::from_chars(answer.data() + at + 9, answer.data() + answer.size(), out);
  return out;
}

}  // namespace

std::vector<Figure> measure_smtp(const Plan& plan) {
  std::vector<ImapClient> readers;
  for (const auto& user : plan.users) readers.emplace_back(plan.imap, user.name, user.password);
  const auto count = [&readers] {
    std::uint64_t out = 0;
    for (auto& reader : readers) out += messages_in_inbox(reader);
    return out;
  };
  const auto before = count();

  std::atomic<int> next{0};
  std::vector<std::unique_ptr<Sender>> senders;
  for (int i = 0; i < plan.connections; ++i) senders.push_back(std::make_unique<Sender>(plan, next));
  std::mutex mutex;
  std::string trouble;
  const auto begin = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (auto& sender : senders)
      threads.emplace_back([&] {
        try {
          sender->run();
        } catch (const Trouble& error) {
          const std::lock_guard lock{mutex};
          trouble = error.what();
        }
      });
  }
  const double accepted = seconds_since(begin);
  if (!trouble.empty()) throw Trouble{trouble};

  constexpr double most_seconds = 300;
  while (count() < before + static_cast<std::uint64_t>(plan.messages)) {
    if (seconds_since(begin) > accepted + most_seconds) throw Trouble{"not all messages reached the mailboxes"};
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  const double visible = seconds_since(begin);
  const auto what = fmt::format("SMTP in, {} octets, {} connections", plan.size, plan.connections);
  return {{what + ", accepted", plan.messages / accepted, "messages/s"},
          {what + ", in the mailbox", plan.messages / visible, "messages/s"}};
}

}  // namespace pennypost::load
