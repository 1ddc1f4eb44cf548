// Memory of idle sessions: opens them, waits until the server is quiet, and compares its memory before and after. Pss
// counts what processes share only once, so that a server of many processes is not wronged. Reading it needs the
// server's user.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "conformance/load/drivers.h"

namespace pennypost::load {
namespace {

std::uint64_t own_memory(int pid) {
  std::ifstream in{fmt::format("/proc/{}/smaps_rollup", pid)};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("Pss:")) return std::stoull(line.substr(4));
  return 0;
}

std::multimap<int, int> children_by_parent() {
  std::multimap<int, int> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc", error}) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream in{entry.path() / "stat"};
    std::string text;
    std::getline(in, text);
    // The name of the program stands in parentheses and may hold anything.
    const auto end = text.rfind(')');
    if (end == std::string::npos || end + 4 > text.size()) continue;
    out.emplace(std::atoi(text.c_str() + end + 4), std::stoi(name));
  }
  return out;
}

std::uint64_t tree_memory(int pid, const std::multimap<int, int>& children) {
  std::uint64_t out = own_memory(pid);
  const auto [begin, end] = children.equal_range(pid);
  for (auto at = begin; at != end; ++at) out += tree_memory(at->second, children);
  return out;
}

/// Waits until two readings a second apart differ by less than a hundredth; that reading.
std::uint64_t settled_memory(const std::vector<int>& pids) {
  std::uint64_t before = 0;
  for (int i = 0; i < 30; ++i) {
    std::uint64_t now = 0;
    for (const int pid : pids) now += load::memory_of(pid);
    const auto difference = now > before ? now - before : before - now;
    if (i > 0 && difference * 100 < now) return now;
    before = now;
    std::this_thread::sleep_for(std::chrono::seconds{1});
  }
  return before;
}

/// Opens sessions on a few threads, since a login may cost the server (and so us) a tenth of a second.
std::vector<std::unique_ptr<ImapClient>> idle_sessions(const Plan& plan, int count) {
  constexpr int at_once = 8;
  std::vector<std::unique_ptr<ImapClient>> out(static_cast<std::size_t>(count));
  std::atomic<int> next{0};
  std::mutex mutex;
  std::string trouble;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < at_once; ++t)
      threads.emplace_back([&] {
        try {
          for (int i = next++; i < count; i = next++) {
            const auto& user = plan.users[static_cast<std::size_t>(i) % plan.users.size()];
            auto client = std::make_unique<ImapClient>(plan.imap, user.name, user.password);
            client->run("SELECT INBOX");
            client->wire().send(client->next_tag() + " IDLE\r\n");
            const auto line = client->wire().line();
            if (!line.starts_with("+")) throw Trouble{fmt::format("IDLE: {}", line)};
            out[static_cast<std::size_t>(i)] = std::move(client);
          }
        } catch (const Trouble& error) {
          const std::lock_guard lock{mutex};
          trouble = error.what();
        }
      });
  }
  if (!trouble.empty()) throw Trouble{trouble};
  return out;
}

}  // namespace

std::uint64_t memory_of(int pid) { return tree_memory(pid, children_by_parent()); }

std::vector<Figure> measure_idle(const Plan& plan) {
  if (plan.pids.empty()) throw Trouble{"name the server's process with --pid"};
  // The first sessions bring what a server allocates once.
  const auto first = idle_sessions(plan, std::min(plan.connections, 20));
  const auto before = settled_memory(plan.pids);
  if (before == 0) throw Trouble{"the memory of the server cannot be read: run as its user or as root"};
  const auto begin = Clock::now();
  const auto sessions = idle_sessions(plan, plan.connections);
  const double seconds = seconds_since(begin);
  const auto after = settled_memory(plan.pids);
  const double each = (static_cast<double>(after) - static_cast<double>(before)) / plan.connections;
  return {{fmt::format("idle IMAP sessions, {} of them, memory each", plan.connections), each, "KiB"},
          {"server before them", static_cast<double>(before), "KiB"},
          {"login, SELECT and IDLE", plan.connections / seconds, "sessions/s"}};
}

}  // namespace pennypost::load
