// Accounts by a shell command, folders and messages by a short IMAP session of our own that ends before the play goes
// on: a mailbox that is still in use would be locked for POP3. Sources: RFC 3501 6.2.3, 6.3.3, 6.3.10, 6.3.11.
#include "conformance/player/target.h"

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace pennypost::conformance {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

class Seeder {
 public:
  Seeder(const Target& target, const Account& account)
      : target_{target}, connection_{target.host, target.port(Protocol::imap, false), Protocol::imap} {
    read();
    command("LOGIN " + quoted(account.user) + " " + quoted(account.password));
  }
  ~Seeder() {
    // The mailbox is free again only when the server has taken the session down, which its close shows.
    connection_.send("z LOGOUT\r\n");
    std::string line;
    while (connection_.read(line, Clock::now() + target_.wait) == Arrival::line) {
    }
  }
  Seeder(const Seeder&) = delete;
  Seeder& operator=(const Seeder&) = delete;

  /// Sends a command (with a literal at its end, if one is given) and returns the untagged lines before its OK.
  std::string command(const std::string& text, const std::string* literal = nullptr) {
    const std::string tag = fmt::format("y{}", ++count_);
    std::string line = tag + " " + text;
    if (literal != nullptr) line += fmt::format("{{{}}}", literal->size());
    connection_.send(line + "\r\n");
    if (literal != nullptr) {
      const auto answer = read();
      if (!answer.starts_with("+")) throw Failure{"setup: " + text + ": " + answer};
      connection_.send(*literal + "\r\n");
    }
    std::string untagged;
    for (;;) {
      const auto answer = read();
      if (answer.starts_with(tag + " OK")) return untagged;
      if (answer.starts_with(tag)) throw Failure{"setup: " + text + ": " + answer};
      untagged += answer + "\n";
    }
  }

 private:
  std::string read() {
    std::string line;
    switch (connection_.read(line, Clock::now() + target_.wait)) {
      case Arrival::line:
        return line;
      case Arrival::closed:
        throw Failure{"setup: the server closed the IMAP connection"};
      case Arrival::nothing:
        break;
    }
    throw Failure{"setup: no answer by IMAP within the time limit"};
  }

  const Target& target_;
  Connection connection_;
  int count_ = 0;
};

std::string filled_in(std::string command, const Account& account) {
  for (const auto& [what, value] :
       {std::pair{"{name}", account.user}, {"{password}", account.password}, {"{address}", account.address}}) {
    const std::string_view mark = what;
    for (auto at = command.find(mark); at != std::string::npos; at = command.find(mark, at + value.size()))
      command.replace(at, mark.size(), value);
  }
  return command;
}

}  // namespace

int Target::port(Protocol protocol, bool tls) const {
  int out = 0;
  switch (protocol) {
    case Protocol::smtp:
      out = tls ? ports.smtps : ports.smtp;
      break;
    case Protocol::pop3:
      out = tls ? ports.pop3s : ports.pop3;
      break;
    case Protocol::imap:
      out = tls ? ports.imaps : ports.imap;
      break;
  }
  if (out == 0) throw Failure{fmt::format("no {}{} port was given", tls ? "TLS " : "", word(protocol))};
  return out;
}

Account Target::make_account(const std::string& given, const std::string& secret) const {
  if (const auto found = accounts.find(given); found != accounts.end()) return found->second;
  // Names of an earlier run against the same server must not come again.
  static std::atomic<unsigned> next{0};
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  Account account;
  account.user = fmt::format("{}-{:x}-{:x}-{}", given, now & 0xffffff, ::getpid(), ++next);
  account.password = !password.empty() ? password : !secret.empty() ? secret : "pass-" + std::to_string(next);
  account.address = account.user + "@" + domain;
  if (!provision.empty()) {
    const int status = std::system(filled_in(provision, account).c_str());
    if (status != 0) throw Failure{fmt::format("setup: the command that makes accounts failed for {}", account.user)};
  }
  return account;
}

void Target::make_folder(const Account& account, const std::string& folder) const {
  Seeder{*this, account}.command("CREATE " + quoted(folder));
}

void Target::add_message(const Account& account, const std::string& folder, const std::string& flags,
                         const std::string& date, const std::string& text) const {
  std::string command = "APPEND " + quoted(folder) + " ";
  if (!flags.empty()) command += "(" + flags + ") ";
  if (!date.empty()) command += quoted(date) + " ";
  Seeder{*this, account}.command(command, &text);
}

void Target::await_messages(const Account& account, const std::string& folder, std::uint64_t count) const {
  const auto until = Clock::now() + wait * 4;
  Seeder seeder{*this, account};
  for (;;) {
    const auto answer = seeder.command("STATUS " + quoted(folder) + " (MESSAGES)");
    std::uint64_t have = 0;
    if (const auto at = answer.find("MESSAGES "); at != std::string::npos)
      std::from_chars(answer.data() + at + 9, answer.data() + answer.size(), have);
    if (have >= count) return;
    if (Clock::now() > until) throw Failure{fmt::format("{} of {} messages arrived in {}", have, count, folder)};
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

}  // namespace pennypost::conformance
