// Services that live in memory for one run or one test: a spam filter database, address lists, and a DNS that answers
// from a file. For the command line tools, which need no server and no database.
#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ruleinterp/host.h"
#include "ruleinterp/problem.h"

namespace pennypost::ruleinterp {

/// Seconds of a PostgreSQL INTERVAL such as "5 minutes", "1 day 02:30:00", "1 month"; none when it is not one.
std::optional<double> interval_seconds(std::string_view text);

/// The spam filter database of spec 10 sections 4.4 and 6.15 to 6.17, empty at first. Expressions are PCRE2's here,
/// PostgreSQL's in the server.
class MemoryDatabase final : public SpamDatabase {
 public:
  using Clock = std::chrono::system_clock;
  void insert(Insert how, std::string_view component, std::string_view key, std::string_view value) override;
  void update(std::string_view component, std::string_view key, Update how, std::string_view value) override;
  bool is_interval(std::string_view text) override { return interval_seconds(text).has_value(); }
  std::optional<std::string> query(std::string_view component, Aggregate type, Comparator comparator,
                                   std::string_view key, std::string_view interval) override;
  /// Moves the clock of this database on, for tests of intervals.
  void pass(Clock::duration time) { passed_ += time; }

 private:
  struct Row {
    std::string component, key, value;
    Clock::time_point changed;
  };
  Clock::time_point now() const { return Clock::now() + passed_; }
  static bool compares(const Row& row, const Comparator& how, std::string_view key);

  std::mutex mutex_;
  std::vector<Row> rows_;
  Clock::duration passed_{};
};

/// Entries are addresses, wildcards (* and ?) or /expressions/ (spec 11 section 5.1); plain ones ignore case.
class MemoryLists final : public AddressLists {
 public:
  bool contains(List list, std::string_view address) override;
  void add(List list, std::string_view entry, Origin origin = Origin::script) override;
  std::set<std::string> entries(List list);

 private:
  std::mutex mutex_;
  std::map<List, std::set<std::string>> entries_;
};

/// A DNS of lines `name TYPE value` (MX values: `preference host`); # begins a comment. Names ignore case. What does
/// not stand there does not exist.
class ZoneFile final : public Dns {
 public:
  /// Reads the text; lines that make no sense are problems and left out.
  ZoneFile(std::string_view text, std::string_view file_name, std::vector<Problem>& problems);
  std::unique_ptr<DnsLookup> start(std::string_view type, std::string_view name) override;
  std::string servers() const override { return "file"; }

 private:
  std::map<std::pair<std::string, std::string>, std::vector<DnsRecord>> records_;  // by type and name
};

}  // namespace pennypost::ruleinterp
