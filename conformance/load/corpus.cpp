// Real messages in by SMTP, and back by IMAP and POP3: below the header fields that the way of a message adds, every
// octet has to be the same. A message is known again by its octets, so the order of delivery does not matter. What a
// server refuses is a difference, too. Source: issue "Done when" 1; RFC 3501 6.4.5, RFC 1939 5, RFC 5321 4.4 (trace
// fields).
#include <algorithm>
#include <atomic>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>
#include <unordered_map>

#include <fmt/format.h>

#include "conformance/load/drivers.h"
#include "conformance/load/structure.h"

namespace pennypost::load {
namespace {

/// Text files have LF; on the wire a line ends with CR LF, and so does the last one.
std::string with_crlf(const std::string& text) {
  std::string out;
  out.reserve(text.size() + text.size() / 30);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
    out += text[i];
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

/// The last server on the way may replace a Return-Path (RFC 5321 4.4), so a message must not bring one.
std::string without_return_path(std::string text) {
  constexpr std::string_view name = "return-path:";
  while (std::ranges::equal(std::string_view{text}.substr(0, name.size()), name, {},
                            [](char c) { return std::tolower(static_cast<unsigned char>(c)); })) {
    auto end = text.find("\r\n") + 2;
    while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) end = text.find("\r\n", end) + 2;
    text.erase(0, end);
  }
  return text;
}

std::string dot_stuffed(const std::string& text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.' && (i == 0 || text[i - 1] == '\n')) out += '.';
    out += text[i];
  }
  return out;
}

struct Message {
  std::string file;
  std::string text;  ///< with CR LF
};

std::vector<Message> read_messages(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator{folder, error})
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.'))
      files.push_back(entry.path().string());
  std::ranges::sort(files);
  std::vector<Message> out;
  for (const auto& file : files) {
    std::ifstream in{file, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    out.push_back({fs::relative(file, folder).string(), without_return_path(with_crlf(text.str()))});
  }
  if (out.empty()) throw Trouble{"no message files in " + folder};
  return out;
}

/// The messages that are still to come back.
class Pending {
 public:
  explicit Pending(const std::vector<Message>& messages) : messages_{messages} {
    for (std::size_t i = 0; i < messages.size(); ++i) by_hash_.emplace(hash(messages[i].text), i);
  }

  void drop(std::size_t index) { take(index); }

  /// The message that these octets are, below at most 20 added header fields; it is pending no longer.
  const Message* match(std::string_view received) {
    constexpr int most_added = 20;
    for (int i = 0; i <= most_added; ++i) {
      const auto [begin, end] = by_hash_.equal_range(hash(received));
      for (auto at = begin; at != end; ++at)
        if (messages_[at->second].text == received) {
          const auto* out = &messages_[at->second];
          by_hash_.erase(at);
          return out;
        }
      if (!skip_field(received)) break;
    }
    return nullptr;
  }

  std::vector<const Message*> left() const {
    std::vector<const Message*> out;
    for (const auto& [unused, index] : by_hash_) out.push_back(&messages_[index]);
    return out;
  }

 private:
  static std::size_t hash(std::string_view text) { return std::hash<std::string_view>{}(text); }

  void take(std::size_t index) {
    const auto [begin, end] = by_hash_.equal_range(hash(messages_[index].text));
    for (auto at = begin; at != end; ++at)
      if (at->second == index) {
        by_hash_.erase(at);
        return;
      }
  }

  static bool skip_field(std::string_view& text) {
    if (text.starts_with("\r\n")) return false;
    for (;;) {
      const auto end = text.find("\r\n");
      if (end == std::string_view::npos) return false;
      text.remove_prefix(end + 2);
      if (!text.starts_with(' ') && !text.starts_with('\t')) return true;
    }
  }

  const std::vector<Message>& messages_;
  std::unordered_multimap<std::size_t, std::size_t> by_hash_;
};

class Report {
 public:
  explicit Report(std::vector<std::string>& lines) : lines_{lines} {}
  void add(std::string line) {
    const std::lock_guard lock{mutex_};
    lines_.push_back(std::move(line));
  }

 private:
  std::mutex mutex_;
  std::vector<std::string>& lines_;
};

std::string reply(Wire& wire) {
  for (;;) {
    const auto line = wire.line();
    if (line.size() < 4 || line[3] == ' ') return std::string{line};
  }
}

/// Sends messages number next, next+1, ... until none is left; marks the refused ones.
void send_messages(const Plan& plan, const std::vector<Message>& messages, std::atomic<std::size_t>& next,
                   std::vector<char>& refused, Report& report) {
  Wire wire{plan.smtp};
  reply(wire);
  wire.send("EHLO load.example.test\r\n");
  reply(wire);
  for (std::size_t i = next++; i < messages.size(); i = next++) {
    const auto& to = plan.users[i % plan.users.size()].address;
    wire.send(fmt::format("MAIL FROM:<sender@remote.example> BODY=8BITMIME\r\nRCPT TO:<{}>\r\nDATA\r\n", to));
    auto answer = reply(wire);
    for (int k = 0; k < 2; ++k) {
      const auto following = reply(wire);
      if (answer.starts_with('2')) answer = following;
    }
    if (answer.starts_with("354")) {
      wire.send(dot_stuffed(messages[i].text) + ".\r\n");
      answer = reply(wire);
    }
    if (answer.starts_with("250")) continue;
    refused[i] = 1;
    report.add(fmt::format("refused: {}: {}", messages[i].file, answer));
    wire.send("RSET\r\n");
    reply(wire);
  }
  wire.send("QUIT\r\n");
}

std::uint64_t number_after(const std::string& answer, std::string_view word) {
  std::uint64_t out = 0;
  const auto at = answer.find(word);
  if (at == std::string::npos) throw Trouble{fmt::format("{} missing in: {}", word, answer)};
  std::from_chars(answer.data() + at + word.size(), answer.data() + answer.size(), out);
  return out;
}

/// The value after the item's name in the list of a FETCH response.
const Data* item_of(const Data& list, std::string_view name) {
  for (std::size_t i = 0; i + 1 < list.items.size(); ++i)
    if (list.items[i].text == name) return &list.items[i + 1];
  return nullptr;
}

struct Counts {
  std::uint64_t same = 0;
  std::uint64_t parts = 0;
};

void compare_parts(ImapClient& client, std::uint64_t number, const std::string& file, Counts& counts, Report& report) {
  const auto answer = read_list(client.ask(fmt::format("FETCH {} (BODYSTRUCTURE)", number)));
  const auto* structure = answer ? item_of(*answer, "BODYSTRUCTURE") : nullptr;
  const auto sizes = structure != nullptr ? part_sizes(*structure) : std::nullopt;
  if (!sizes) return report.add(fmt::format("BODYSTRUCTURE cannot be read: {}", file));
  constexpr std::size_t at_once = 20;
  for (std::size_t from = 0; from < sizes->size(); from += at_once) {
    const auto upto = std::min(from + at_once, sizes->size());
    std::string items;
    for (auto i = from; i < upto; ++i)
      items += fmt::format("{}BODY.PEEK[{}]", items.empty() ? "" : " ", (*sizes)[i].section);
    const auto parts = read_list(client.ask(fmt::format("FETCH {} ({})", number, items)));
    for (auto i = from; i < upto; ++i) {
      const auto& [section, octets] = (*sizes)[i];
      const auto* part = parts ? item_of(*parts, "BODY[" + section + "]") : nullptr;
      ++counts.parts;
      if (part == nullptr)
        report.add(fmt::format("BODY[{}] is missing: {}", section, file));
      else if (part->text.size() != octets && !(octets == 0 && part->text == "NIL"))
        report.add(
            fmt::format("BODY[{}] has {} octets, BODYSTRUCTURE says {}: {}", section, part->text.size(), octets, file));
    }
  }
}

void compare_imap(const Plan& plan, const User& user, Pending& pending, Counts& counts, Report& report) {
  ImapClient client{plan.imap, user.name, user.password};
  const auto count = number_after(client.ask("STATUS INBOX (MESSAGES)"), "MESSAGES ");
  client.run("SELECT INBOX");
  for (std::uint64_t n = 1; n <= count; ++n) {
    const auto answer = read_list(client.ask(fmt::format("FETCH {} (RFC822.SIZE BODY.PEEK[])", n)));
    const auto* body = answer ? item_of(*answer, "BODY[]") : nullptr;
    const auto* size = answer ? item_of(*answer, "RFC822.SIZE") : nullptr;
    if (body == nullptr || size == nullptr) throw Trouble{fmt::format("FETCH {} gave no message", n)};
    const auto* message = pending.match(body->text);
    if (message == nullptr) {
      report.add(fmt::format("IMAP: message {} of {} is none that was sent", n, user.name));
      continue;
    }
    ++counts.same;
    if (size->text != std::to_string(body->text.size()))
      report.add(fmt::format("RFC822.SIZE is {}, BODY[] has {}: {}", size->text, body->text.size(), message->file));
    compare_parts(client, n, message->file, counts, report);
  }
  client.run("LOGOUT");
}

std::string pop3_reply(Wire& wire, const std::string& command) {
  if (!command.empty()) wire.send(command + "\r\n");
  std::string out{wire.line()};
  if (!out.starts_with("+OK")) throw Trouble{fmt::format("POP3: {}: {}", command.substr(0, 4), out)};
  return out;
}

/// The lines up to the dot, dots unstuffed, each with CR LF.
std::string pop3_lines(Wire& wire) {
  std::string out;
  for (;;) {
    auto line = wire.line();
    if (line == ".") return out;
    if (line.starts_with('.')) line.remove_prefix(1);
    out.append(line).append("\r\n");
  }
}

void compare_pop3(const Plan& plan, const User& user, Pending& pending, Counts& counts, Report& report) {
  Wire wire{plan.pop3};
  pop3_reply(wire, "");
  pop3_reply(wire, "USER " + user.name);
  pop3_reply(wire, "PASS " + user.password);
  pop3_reply(wire, "LIST");
  std::istringstream list{pop3_lines(wire)};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> entries;
  for (std::uint64_t number = 0, size = 0; list >> number >> size;) entries.emplace_back(number, size);
  for (const auto& [number, size] : entries) {
    pop3_reply(wire, fmt::format("RETR {}", number));
    const auto text = pop3_lines(wire);
    const auto* message = pending.match(text);
    if (message == nullptr) {
      report.add(fmt::format("POP3: message {} of {} is none that was sent", number, user.name));
      continue;
    }
    ++counts.same;
    if (size != text.size())
      report.add(fmt::format("LIST says {}, RETR gives {}: {}", size, text.size(), message->file));
  }
  pop3_reply(wire, "QUIT");
}

void await_all(const Plan& plan, std::uint64_t wanted) {
  constexpr double most_seconds = 300;
  std::vector<ImapClient> readers;
  for (const auto& user : plan.users) readers.emplace_back(plan.imap, user.name, user.password);
  const auto begin = Clock::now();
  for (;;) {
    std::uint64_t have = 0;
    for (auto& reader : readers) have += number_after(reader.ask("STATUS INBOX (MESSAGES)"), "MESSAGES ");
    if (have >= wanted) break;
    if (seconds_since(begin) > most_seconds) throw Trouble{fmt::format("{} of {} messages arrived", have, wanted)};
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  for (auto& reader : readers) reader.run("LOGOUT");
}

}  // namespace

std::vector<Figure> check_corpus(const Plan& plan, std::vector<std::string>& differences) {
  const auto messages = read_messages(plan.folder);
  Report report{differences};
  std::vector<char> refused(messages.size());
  std::atomic<std::size_t> next{0};
  const auto begin = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < plan.connections; ++i)
      threads.emplace_back([&] {
        try {
          send_messages(plan, messages, next, refused, report);
        } catch (const Trouble& error) {
          report.add(fmt::format("SMTP: {}", error.what()));
        }
      });
  }
  const double sending = seconds_since(begin);
  const auto refusals = static_cast<std::uint64_t>(std::ranges::count(refused, 1));
  await_all(plan, messages.size() - refusals);

  Pending by_imap{messages}, by_pop3{messages};
  for (std::size_t i = 0; i < messages.size(); ++i)
    if (refused[i] != 0) {
      by_imap.drop(i);
      by_pop3.drop(i);
    }
  Counts imap, pop3;
  for (const auto& user : plan.users) {
    compare_imap(plan, user, by_imap, imap, report);
    compare_pop3(plan, user, by_pop3, pop3, report);
  }
  for (const auto* message : by_imap.left()) report.add("IMAP did not give back: " + message->file);
  for (const auto* message : by_pop3.left()) report.add("POP3 did not give back: " + message->file);
  const auto figure = [](const char* what, std::uint64_t count) {
    return Figure{what, static_cast<double>(count), ""};
  };
  return {figure("messages sent", messages.size()),
          figure("refused by SMTP", refusals),
          figure("the same by IMAP", imap.same),
          figure("the same by POP3", pop3.same),
          figure("parts whose BODYSTRUCTURE size was compared", imap.parts),
          {"accepted by SMTP", static_cast<double>(messages.size() - refusals) / sending, "messages/s"}};
}

}  // namespace pennypost::load
