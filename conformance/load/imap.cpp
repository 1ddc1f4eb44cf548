// FETCH, STORE, SEARCH and NOOP. Every figure is the median of the rounds; what may be slower the first time
// (envelopes) is measured on a folder made anew for each round.
#include <fmt/format.h>

#include "conformance/load/drivers.h"

namespace pennypost::load {
namespace {

/// A client with the folder selected.
ImapClient opened(const Plan& plan, const std::string& folder) {
  ImapClient client{plan.imap, plan.users[0].name, plan.users[0].password};
  client.run("SELECT " + folder);
  return client;
}

/// Seconds for the command. An answer of fewer than `least` octets is not what was asked for, and no figure.
double timed(ImapClient& client, const std::string& command, std::uint64_t least) {
  const auto begin = Clock::now();
  const auto octets = client.run(command);
  const auto seconds = seconds_since(begin);
  if (octets < least) throw Trouble{fmt::format("{}: only {} octets came", command, octets)};
  return seconds;
}

/// Seconds for `count` commands, each sent when the one before is answered; `command(i)` makes the i-th.
template <typename Command>
double timed_each(ImapClient& client, int count, Command command) {
  const auto begin = Clock::now();
  for (int i = 1; i <= count; ++i) client.run(command(i));
  return seconds_since(begin);
}

class Rates {
 public:
  Rates(std::string work, std::string unit) : work_{std::move(work)}, unit_{std::move(unit)} {}
  void add(double amount, double seconds) { values_.push_back(amount / seconds); }
  Figure figure() const { return {work_, median(values_), unit_}; }

 private:
  std::string work_;
  std::string unit_;
  std::vector<double> values_;
};

}  // namespace

std::vector<Figure> measure_fetch(const Plan& plan) {
  const int n = plan.messages;
  Rates flags{fmt::format("FETCH 1:{} (FLAGS UID)", n), "rows/s"};
  Rates cold{fmt::format("FETCH 1:{} (ENVELOPE), cold", n), "rows/s"};
  Rates warm{fmt::format("FETCH 1:{} (ENVELOPE), warm", n), "rows/s"};
  Rates bodies{fmt::format("FETCH BODY.PEEK[], {} octets, one command", plan.size), "messages/s"};
  Rates volume{fmt::format("FETCH BODY.PEEK[], {} octets, one command, volume", plan.size), "MB/s"};
  Rates each{fmt::format("FETCH BODY.PEEK[], {} octets, one command each", plan.size), "messages/s"};
  Rates noop{"NOOP", "commands/s"};
  const auto all = fmt::format("FETCH 1:{} ", n);
  // Of a row: "* 1 FETCH (FLAGS () UID 1)" and an envelope of the sample messages.
  const auto rows = static_cast<std::uint64_t>(n);
  const auto least_flags = rows * 26, least_envelope = rows * 200,
             least_bodies = rows * static_cast<std::uint64_t>(plan.size);
  for (int round = 0; round < plan.rounds; ++round) {
    const auto folder = fresh_folder(plan);
    {
      auto client = opened(plan, folder);
      cold.add(n, timed(client, all + "(ENVELOPE)", least_envelope));
      for (int i = 0; i < 5; ++i) warm.add(n, timed(client, all + "(ENVELOPE)", least_envelope));
      for (int i = 0; i < 20; ++i) flags.add(n, timed(client, all + "(FLAGS UID)", least_flags));
      for (int i = 0; i < 3; ++i) {
        const auto begin = Clock::now();
        const auto octets = client.run(all + "(BODY.PEEK[])");
        const auto seconds = seconds_since(begin);
        if (octets < least_bodies - rows * 20)
          throw Trouble{fmt::format("FETCH of bodies: only {} octets came", octets)};
        bodies.add(n, seconds);
        volume.add(static_cast<double>(octets) / 1e6, seconds);
      }
      each.add(n, timed_each(client, n, [](int i) { return fmt::format("FETCH {} (BODY.PEEK[])", i); }));
      noop.add(n, timed_each(client, n, [](int) { return std::string{"NOOP"}; }));
      client.run("UNSELECT");
      client.run("DELETE " + folder);
    }
  }
  return {flags.figure(), cold.figure(), warm.figure(), bodies.figure(), volume.figure(), each.figure(), noop.figure()};
}

std::vector<Figure> measure_store(const Plan& plan) {
  const auto folder = fresh_folder(plan);
  auto client = opened(plan, folder);
  Rates rates{"STORE n +FLAGS (\\Flagged), one command each", "commands/s"};
  for (int round = 0; round < plan.rounds; ++round) {
    const char sign = round % 2 == 0 ? '+' : '-';
    rates.add(plan.messages, timed_each(client, plan.messages, [sign](int i) {
                return fmt::format("STORE {} {}FLAGS (\\Flagged)", i, sign);
              }));
  }
  client.run("UNSELECT");
  client.run("DELETE " + folder);
  return {rates.figure()};
}

std::vector<Figure> measure_search(const Plan& plan) {
  const auto folder = fresh_folder(plan);
  auto client = opened(plan, folder);
  Rates rates{fmt::format("SEARCH BODY, {} x {} octets", plan.messages, plan.size), "messages/s"};
  // In one of a hundred, in none, in most: each its own word, so that no answer of before helps.
  const std::vector<std::string> words{"needle", "nowhere", "batbat", "sentamo", "\"number of\"", "wunpori"};
  for (int round = 0; round < plan.rounds; ++round)
    for (const auto& word : words) rates.add(plan.messages, timed(client, "SEARCH BODY " + word, 1));
  client.run("UNSELECT");
  client.run("DELETE " + folder);
  return {rates.figure()};
}

}  // namespace pennypost::load
