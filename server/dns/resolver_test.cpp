// The resolver against a DNS server on loopback that fails in every way.
#include "server/dns/resolver.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/clock.h"
#include "server/base/random.h"
#include "server/dns/test_server.h"

namespace pennypost::dns {
namespace {

using namespace std::chrono_literals;
using Poco::Net::IPAddress;
using testing::ElementsAre;
using testing::IsEmpty;
using Fault = TestServer::Fault;

struct Zone {
  TestServer server;
  std::shared_ptr<Resolver> resolver;
  Zone() {
    server.add(R"(
        test.example 60 MX 20 backup.test.example
        test.example 60 MX 10 mail.test.example
        test.example 60 TXT "v=spf1 " "a -all"
        test.example 60 TXT "other"
        mail.test.example 60 A 127.0.0.1
        mail.test.example 60 A 127.0.0.3
        mail.test.example 60 AAAA ::1
        backup.test.example 60 A 127.0.0.2
        six.test.example 60 AAAA 2001:db8::1
        alias.test.example 60 CNAME mail.test.example
        _imap._tcp.test.example SRV 10 1 143 backup.test.example
        _imap._tcp.test.example SRV 0 5 993 mail.test.example
        none.example MX 0 .
        1.2.0.192.in-addr.arpa PTR host.test.example
        2.0.0.127.list.example A 127.0.0.4
        2.0.0.127.list.example A 203.0.113.9
        bad.test.list.example A 127.0.0.2
        xn--bcher-kva.example A 192.0.2.7)");
    ResolverOptions options;
    options.servers = {server.address()};
    options.first_wait = 300ms;
    options.rounds = 2;
    options.hosts_file.clear();
    resolver = *Resolver::make(options);
  }
};

TEST(Resolver, AnswersEveryKindOfQuestion) {
  Zone zone;
  Resolver& dns = *zone.resolver;
  const auto mx = dns.mx("Test.Example.", 5s);
  ASSERT_TRUE(mx);
  ASSERT_EQ(mx->size(), 2U);
  EXPECT_EQ((*mx)[0].host, "mail.test.example");
  EXPECT_EQ((*mx)[0].preference, 10);
  EXPECT_EQ((*mx)[1].host, "backup.test.example");
  EXPECT_THAT(*dns.txt("test.example", 5s), ElementsAre("v=spf1 a -all", "other"));
  EXPECT_THAT(*dns.addresses("mail.test.example", 5s),
              ElementsAre(IPAddress{"127.0.0.1"}, IPAddress{"127.0.0.3"}, IPAddress{"::1"}));
  EXPECT_THAT(*dns.addresses("six.test.example", 5s), ElementsAre(IPAddress{"2001:db8::1"}));
  EXPECT_THAT(*dns.addresses("alias.test.example", 5s), testing::SizeIs(3));
  EXPECT_EQ((*dns.ask("alias.test.example", Type::a, 5s))->canonical, "mail.test.example");
  EXPECT_THAT(*dns.addresses("b\xC3\xBC"
                             "cher.example",
                             5s),
              ElementsAre(IPAddress{"192.0.2.7"}));
  const auto srv = dns.srv("_imap._tcp.test.example", 5s);
  ASSERT_TRUE(srv);
  EXPECT_EQ((*srv)[0].port, 993);
  EXPECT_EQ((*srv)[1].weight, 1);
  EXPECT_THAT(*dns.names_of(IPAddress{"192.0.2.1"}, 5s), ElementsAre("host.test.example"));
  EXPECT_EQ((*dns.mx("none.example", 5s))[0].host, "");
}

TEST(Resolver, NoSuchNameAndNoSuchRecordAreDifferent) {
  Zone zone;
  const auto nowhere = zone.resolver->mx("nowhere.example", 5s);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().kind, Kind::not_found);
  EXPECT_THAT(*zone.resolver->mx("mail.test.example", 5s), IsEmpty());
  EXPECT_THAT(*zone.resolver->addresses("test.example", 5s), IsEmpty());
  EXPECT_EQ(zone.resolver->addresses("nowhere.example", 5s).error().kind, Kind::not_found);
  EXPECT_THAT(*zone.resolver->txt("example", 5s), IsEmpty());  // only names below it: it exists
}

TEST(Resolver, WhatFailsIsUnavailableAndNeverNotFound) {
  const std::pair<const char*, Fault> rows[] = {{"servfail", Fault::servfail},
                                                {"refused", Fault::refused},
                                                {"silence", Fault::silence},
                                                {"garbage", Fault::garbage}};
  for (const auto& [what, fault] : rows) {
    SCOPED_TRACE(what);
    Zone zone;
    zone.server.fail("test.example", fault);
    const auto mx = zone.resolver->mx("test.example", 5s);
    ASSERT_FALSE(mx);
    EXPECT_EQ(mx.error().kind, Kind::unavailable);
    const auto addresses = zone.resolver->addresses("test.example", 5s);
    ASSERT_FALSE(addresses);
    EXPECT_EQ(addresses.error().kind, Kind::unavailable);
    EXPECT_EQ(zone.resolver->listed_domain("test", "example", 5s).error().kind, Kind::unavailable);
    EXPECT_TRUE(zone.resolver->addresses("mail.test.example", 5s));  // the rest goes on
  }
}

TEST(Resolver, ADeadServerIsUnavailableAndTheNextOneIsAsked) {
  Zone zone;
  ResolverOptions options;
  options.first_wait = 200ms;
  options.rounds = 1;
  {
    const TestServer gone;
    options.servers = {gone.address()};
  }
  EXPECT_EQ((*Resolver::make(options))->mx("test.example", 5s).error().kind, Kind::unavailable);
  options.servers.push_back(zone.server.address());
  EXPECT_TRUE((*Resolver::make(options))->mx("test.example", 5s));
}

TEST(Resolver, AnAnswerThatIsCutOffIsFetchedOverTcp) {
  Zone zone;
  std::string lines;
  for (int i = 0; i < 40; ++i) lines += "long.example TXT \"" + std::string(200, static_cast<char>('A' + i)) + "\"\n";
  zone.server.add(lines);
  zone.server.fail("long.example", Fault::cut_off);
  const auto txt = zone.resolver->txt("long.example", 5s);
  ASSERT_TRUE(txt);
  EXPECT_EQ(txt->size(), 40U);
  EXPECT_EQ(zone.server.tcp_questions(), 1);
}

TEST(Resolver, TheDeadlineHoldsAndTheLateAnswerIsKept) {
  Zone zone;
  zone.server.fail("test.example", Fault::slow);
  const auto before = Resolver::Clock::now();
  const Pending pending = zone.resolver->start("test.example", Type::mx);
  const auto early = Resolver::await(pending, before + 50ms);
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().kind, Kind::unavailable);
  EXPECT_LT(Resolver::Clock::now() - before, 250ms);
  ASSERT_TRUE(Resolver::await(pending, before + 5s));
  EXPECT_TRUE(zone.resolver->mx("test.example", 0s));
  EXPECT_EQ(zone.resolver->questions_sent(), 1U);
}

TEST(Resolver, RemembersAnswersNoNamesAndFailuresForTheirTimes) {
  TestClock clock{now()};
  Zone zone;
  zone.server.set_negative_ttl(30);
  zone.server.fail("broken.example", Fault::servfail);
  const struct {
    const char* what;
    const char* name;
    Seconds holds;
  } rows[] = {{"an answer", "test.example", 60s},
              {"no such name", "nowhere.example", 30s},
              {"no such record", "mail.test.example", 30s},
              {"a failure", "broken.example", 5s}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const std::uint64_t before = zone.resolver->questions_sent();
    for (const auto& [after, times] : {std::pair{0s, 1}, {row.holds - 1s, 1}, {2s, 2}}) {
      clock.advance(after);
      (void)zone.resolver->mx(row.name, 5s);
      EXPECT_EQ(zone.resolver->questions_sent() - before, static_cast<std::uint64_t>(times));
      EXPECT_GE(zone.server.questions(row.name), times);  // more where it had to ask again
    }
  }
}

TEST(Resolver, ManyThreadsAskOnceForTheSameAndEachGetsItsOwn) {
  Zone zone;
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += fmt::format("host{}.example A 10.0.0.{}\n", i, i);
  zone.server.add(lines);
  zone.server.fail("same.example", Fault::slow);
  zone.server.add("same.example A 10.1.1.1");
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 16; ++t)
      threads.emplace_back([&, t] {
        if ((*zone.resolver->ask("same.example", Type::a, 5s))->records[0].data == "10.1.1.1") ++right;
        for (int i = t; i < 200; i += 16) {
          const auto reply = zone.resolver->ask(fmt::format("host{}.example", i), Type::a, 5s);
          if (reply && (*reply)->records[0].data == fmt::format("10.0.0.{}", i)) ++right;
        }
      });
  }
  EXPECT_EQ(right, 216);
  EXPECT_EQ(zone.resolver->questions_sent(), 201U);
}

TEST(Resolver, SeveralQuestionsRunSideBySide) {
  Zone zone;
  std::vector<Pending> pending;
  for (int i = 0; i < 50; ++i) {
    zone.server.add(fmt::format("{}.side.example A 127.0.0.2", i));
    pending.push_back(zone.resolver->start(fmt::format("{}.side.example", i), Type::a));
  }
  const auto deadline = Resolver::Clock::now() + 5s;
  for (const Pending& one : pending) EXPECT_TRUE(Resolver::await(one, deadline));
}

TEST(Resolver, BlockListsSayListedNotListedOrNothing) {
  Zone zone;
  Resolver& dns = *zone.resolver;
  const auto listed = dns.listed(IPAddress{"127.0.0.2"}, "list.example", 5s);
  ASSERT_TRUE(listed);
  EXPECT_THAT(listed->codes, ElementsAre(IPAddress{"127.0.0.4"}));  // 203.0.113.9 is no code
  EXPECT_FALSE(dns.listed(IPAddress{"127.0.0.1"}, "list.example", 5s)->is_listed());
  EXPECT_FALSE(dns.listed(IPAddress{"::1"}, "list.example", 5s)->is_listed());
  EXPECT_TRUE(dns.listed_domain("bad.test.", "list.example", 5s)->is_listed());
  EXPECT_FALSE(dns.listed_domain("good.test", "list.example", 5s)->is_listed());
  zone.server.fail("1.2.0.192.list.example", Fault::servfail);
  EXPECT_EQ(dns.listed(IPAddress{"192.0.2.1"}, "list.example", 5s).error().kind, Kind::unavailable);
}

TEST(Resolver, AddressesNeedNoServerForAddressesLocalhostAndTheHostsFile) {
  const std::string hosts = std::filesystem::temp_directory_path() / ("pennypost-hosts-" + random_name(8));
  std::ofstream{hosts} << "# comment\n192.0.2.5 Relay relay.lan # ours\n2001:db8::5 relay\nnonsense\n";
  TestServer server;
  ResolverOptions options;
  options.servers = {server.address()};
  options.hosts_file = hosts;
  const auto dns = *Resolver::make(options);
  EXPECT_THAT(*dns->addresses("192.0.2.1", 5s), ElementsAre(IPAddress{"192.0.2.1"}));
  EXPECT_THAT(*dns->addresses("2001:db8::1", 5s), ElementsAre(IPAddress{"2001:db8::1"}));
  EXPECT_THAT(*dns->addresses("localhost", 5s), ElementsAre(IPAddress{"127.0.0.1"}, IPAddress{"::1"}));
  EXPECT_THAT(*dns->addresses("relay", 5s), ElementsAre(IPAddress{"192.0.2.5"}, IPAddress{"2001:db8::5"}));
  EXPECT_THAT(*dns->addresses("RELAY.lan.", 5s), ElementsAre(IPAddress{"192.0.2.5"}));
  std::ofstream{hosts} << "192.0.2.66 relay\n";
  EXPECT_THAT(*dns->addresses("relay", 5s), ElementsAre(IPAddress{"192.0.2.66"}));
  std::filesystem::remove(hosts);
  EXPECT_FALSE(dns->addresses("relay", 5s));
  EXPECT_EQ(server.questions("relay.lan"), 0);
}

TEST(Resolver, OverridesAreGivenWholeAndOthersAreAsked) {
  Zone zone;
  zone.resolver->set_overrides({{.name = "Test.Example", .type = Type::mx, .data = "here.example", .priority = 5}});
  EXPECT_EQ((*zone.resolver->mx("test.example", 5s))[0].host, "here.example");
  EXPECT_THAT(*zone.resolver->txt("test.example", 5s), IsEmpty());
  EXPECT_EQ(zone.server.questions(), 0);
  EXPECT_TRUE(zone.resolver->addresses("mail.test.example", 5s));
  zone.resolver->set_overrides({});
  EXPECT_EQ(zone.resolver->mx("test.example", 5s)->size(), 2U);
}

TEST(Resolver, StopEndsQuestionsUnderWayAndLaterOnes) {
  Zone zone;
  zone.server.fail("test.example", Fault::silence);
  const auto before = Resolver::Clock::now();
  const Pending pending = zone.resolver->start("test.example", Type::mx);
  std::jthread other{[&] {
    std::this_thread::sleep_for(50ms);
    zone.resolver->stop();
  }};
  EXPECT_EQ(Resolver::await(pending, before + 10s).error().kind, Kind::cancelled);
  EXPECT_LT(Resolver::Clock::now() - before, 5s);
  other.join();
  EXPECT_EQ(zone.resolver->mx("other.example", 5s).error().kind, Kind::cancelled);
}

TEST(Resolver, BadNamesAndBadServersAreSaid) {
  Zone zone;
  EXPECT_EQ(zone.resolver->mx("a..b", 5s).error().kind, Kind::bad_input);
  EXPECT_EQ(zone.resolver->addresses("", 5s).error().kind, Kind::bad_input);
  EXPECT_EQ(zone.server.questions(), 0);
  ResolverOptions options;
  options.servers = {"no address"};
  EXPECT_EQ(Resolver::make(options).error().kind, Kind::bad_input);
}

}  // namespace
}  // namespace pennypost::dns
