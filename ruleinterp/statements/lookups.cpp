// DNS, block lists of addresses and of hosts, and their early starts (spec 10 sections 6.20, 6.21; 11 sections 1.8,
// 1.9). All look-ups of a run share one cache by type and name: the same question is asked once. Failure, time-out and
// "not listed" are an empty text.
#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {
namespace {

constexpr std::size_t kMostLookups = 1000;  // of one run
constexpr std::size_t kLongestName = 253;   // RFC 1035 section 2.3.4, as text

// "4.3.2.1" of 1.2.3.4, 32 nibbles of an IPv6 address; none when the text is no address.
std::optional<std::string> reversed_address(std::string_view text) {
  const std::string address{text};
  std::array<unsigned char, 16> octets{};
  if (inet_pton(AF_INET, address.c_str(), octets.data()) == 1)
    return fmt::format("{}.{}.{}.{}", octets[3], octets[2], octets[1], octets[0]);
  if (inet_pton(AF_INET6, address.c_str(), octets.data()) != 1) return {};
  // ::ffff:192.0.2.1 is the IPv4 address (RFC 4291 2.5.5.2), which is what lists hold.
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(kMapped.begin(), kMapped.end(), octets.begin()))
    return fmt::format("{}.{}.{}.{}", octets[15], octets[14], octets[13], octets[12]);
  std::string out;
  for (std::size_t i = octets.size(); i-- > 0;) out += fmt::format("{:x}.{:x}.", octets[i] & 15, octets[i] >> 4);
  out.pop_back();
  return out;
}

std::string_view bare(std::string_view name) {
  name = trim(name);
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  while (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

struct Question {
  std::string type;
  std::string name;  ///< empty: not to be asked
};

Question question(std::string_view type, std::string name) {
  const bool askable =
      !name.empty() && name.size() <= kLongestName && name.find("..") == std::string::npos && name.front() != '.' &&
      std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7F; });
  return {upper(trim(type)), askable ? std::move(name) : std::string{}};
}

Question dns_question(Run& run, const Instruction& i) {
  const std::string_view type = run.text(i, 0);
  const std::string_view name = bare(run.text(i, 1));
  if (equal_ignoring_case(trim(type), "PTR"))
    if (const auto reversed = reversed_address(name))
      return question(type, *reversed + (reversed->size() < 16 ? ".in-addr.arpa" : ".ip6.arpa"));
  return question(type, std::string{name});
}

Question list_question(Run& run, const Instruction& i) {
  const std::string_view host = bare(run.text(i, 0));
  const std::string_view zone = bare(run.text(i, 1));
  if (host.empty() || zone.empty()) return {};
  const auto reversed = reversed_address(host);
  return question("A", fmt::format("{}.{}", reversed ? *reversed : std::string{host}, zone));
}

Run::Lookup* start(Run& run, const Question& asked) {
  if (asked.name.empty()) return nullptr;
  const std::string key = asked.type + ' ' + lower(asked.name);
  const auto known = run.lookups().find(key);
  if (known != run.lookups().end()) return &known->second;
  if (!run.host().dns) {
    run.warn_missing("DNS");
    return nullptr;
  }
  if (run.lookups().size() >= kMostLookups) {
    run.warn(fmt::format("more than {} DNS look-ups for one message; this one is not made", kMostLookups));
    return nullptr;
  }
  Run::Lookup& lookup = run.lookups()[key];
  lookup.running = run.host().dns->start(asked.type, asked.name);
  return &lookup;
}

const std::vector<DnsRecord>& answer(Run& run, const Question& asked) {
  static const std::vector<DnsRecord> none;
  Run::Lookup* lookup = start(run, asked);
  if (!lookup) return none;
  if (!lookup->records) {
    lookup->records = lookup->running ? lookup->running->wait(run.until(run.limits().dns)) : none;
    lookup->running.reset();
    run.look_at_clock();  // the wait may have been all the time there was
  }
  return *lookup->records;
}

Flow list_answer(Run& run, const Instruction& i) {
  std::vector<std::string> addresses;
  for (const DnsRecord& record : answer(run, list_question(run, i)))
    if (record.type == "a") addresses.push_back(record.data);
  // The numerically lowest first: scripts test the whole text with /^127\.0\.0\.2$/.
  std::ranges::sort(addresses, {}, [](const std::string& text) {
    in_addr address{};
    return inet_pton(AF_INET, text.c_str(), &address) == 1 ? ntohl(address.s_addr) : 0xFFFFFFFFu;
  });
  run.set(Run::variable(i, 2), fmt::format("{}", fmt::join(addresses, "\n")));
  return Flow::next;
}

}  // namespace

Flow run_dns(Run& run, const Instruction& i) {
  std::vector<DnsRecord> records = answer(run, dns_question(run, i));
  std::ranges::stable_sort(records, [](const DnsRecord& a, const DnsRecord& b) {
    return a.type == "mx" && b.type == "mx" && a.preference < b.preference;
  });
  std::string lines;
  for (const DnsRecord& record : records) {
    if (!lines.empty()) lines += '\n';
    lines += fmt::format("{}:{}:{}", record.name, record.type, record.data);
  }
  std::ranges::replace(lines, '\0', ' ');
  run.set(Run::variable(i, 2), lines);
  return Flow::next;
}

Flow run_start_dns(Run& run, const Instruction& i) {
  start(run, dns_question(run, i));
  return Flow::next;
}

Flow run_dnsbl(Run& run, const Instruction& i) { return list_answer(run, i); }
Flow run_surbl(Run& run, const Instruction& i) { return list_answer(run, i); }

Flow run_start_dnsbl(Run& run, const Instruction& i) {
  start(run, list_question(run, i));
  return Flow::next;
}

Flow run_start_surbl(Run& run, const Instruction& i) {
  start(run, list_question(run, i));
  return Flow::next;
}

}  // namespace pennypost::ruleinterp::families
