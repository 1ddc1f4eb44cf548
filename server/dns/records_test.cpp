#include "server/dns/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/clock.h"
#include "server/base/random.h"
#include "server/base/text.h"
#include "server/dns/cache.h"

namespace pennypost::dns {
namespace {

using namespace std::chrono_literals;

// Messages are written as hexadecimal with blanks between their parts.
std::string octets(std::string_view hex) { return *hex_decode(replace_all(hex, " ", "")); }

constexpr std::string_view kQuestion = " 01 61 02 6578 00 000f 0001 ";  // a.ex MX
std::string message(std::string_view flags, std::string_view counts, std::string_view records) {
  return octets("1234 " + std::string{flags} + " 0001 " + std::string{counts} + std::string{kQuestion} +
                std::string{records});
}

TEST(ReadAnswer, ReadsEveryTypeAndCompression) {
  // c00c: the name of the question
  const struct {
    const char* what;
    Type type;
    std::string records;
    Record record;
  } rows[] = {
      {"MX, compressed",
       Type::mx,
       "c00c 000f 0001 0000003c 0007 000a 026d78 c00c",
       {.name = "a.ex", .type = Type::mx, .ttl = 60s, .data = "mx.a.ex", .priority = 10}},
      {"null MX", Type::mx, "c00c 000f 0001 0000003c 0003 0000 00", {.name = "a.ex", .type = Type::mx, .ttl = 60s}},
      {"A",
       Type::a,
       "c00c 0001 0001 00000001 0004 c0000201",
       {.name = "a.ex", .type = Type::a, .ttl = 1s, .data = "192.0.2.1"}},
      {"AAAA",
       Type::aaaa,
       "c00c 001c 0001 00000001 0010 20010db8000000000000000000000001",
       {.name = "a.ex", .type = Type::aaaa, .ttl = 1s, .data = "2001:db8::1"}},
      {"TXT of two strings",
       Type::txt,
       "c00c 0010 0001 00000001 0007 026162 0363640a",
       {.name = "a.ex", .type = Type::txt, .ttl = 1s, .data = "abcd\n"}},
      {"empty TXT", Type::txt, "c00c 0010 0001 00000001 0001 00", {.name = "a.ex", .type = Type::txt, .ttl = 1s}},
      {"SRV",
       Type::srv,
       "c00c 0021 0001 00000001 0008 0001 0002 008f c00c",
       {.name = "a.ex", .type = Type::srv, .ttl = 1s, .data = "a.ex", .priority = 1, .weight = 2, .port = 143}},
      {"PTR",
       Type::ptr,
       "c00c 000c 0001 00000001 0002 c00c",
       {.name = "a.ex", .type = Type::ptr, .ttl = 1s, .data = "a.ex"}},
      {"owner in other case",
       Type::a,
       "01 41 02 4558 00 0001 0001 00000001 0004 c0000201",
       {.name = "A.EX", .type = Type::a, .ttl = 1s, .data = "192.0.2.1"}},
      {"time with the top bit set is none",
       Type::a,
       "c00c 0001 0001 80000001 0004 c0000201",
       {.name = "a.ex", .type = Type::a, .ttl = 0s, .data = "192.0.2.1"}},
      {"octets behind the name: left out", Type::ptr, "c00c 000c 0001 00000001 0006 03 612e0a 00 00", {}},
      {"a dot and a control inside a label",
       Type::ptr,
       "c00c 000c 0001 00000001 0005 03 612e0a 00",
       {.name = "a.ex", .type = Type::ptr, .ttl = 1s, .data = "a\\.\\010"}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const auto answer = read_answer(message("8180", "0001 0000 0000", row.records), "a.ex", row.type);
    ASSERT_TRUE(answer);
    if (row.record.name.empty()) {
      EXPECT_TRUE(answer->records.empty());
      continue;
    }
    ASSERT_EQ(answer->records.size(), 1U);
    EXPECT_EQ(answer->records[0], row.record);
    EXPECT_EQ(answer->ttl, row.record.ttl);
    EXPECT_TRUE(answer->name_exists);
  }
}

TEST(ReadAnswer, FollowsAliasesAndLeavesOutWhatDoesNotBelong) {
  const std::string records =
      "c00c 0005 0001 0000000a 0004 0162 c00e "  // a.ex CNAME b.ex
      "0162 c00e 0001 0001 00000014 0004 c0000201 "
      "0163 c00e 0001 0001 00000014 0004 c0000202 "  // c.ex, which nobody asked for
      "0162 c00e 0001 0003 00000014 0004 c0000203 "  // class CHAOS
      "0162 c00e 0001 0001 00000014 0003 c00002";    // an address of three octets
  const auto answer = read_answer(message("8180", "0005 0000 0000", records), "a.ex", Type::a);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->records.size(), 1U);
  EXPECT_EQ(answer->records[0].data, "192.0.2.1");
  EXPECT_EQ(answer->canonical, "b.ex");
  EXPECT_EQ(answer->ttl, 10s);
}

TEST(ReadAnswer, ACircleOfAliasesEnds) {
  const auto answer =
      read_answer(message("8180", "0002 0000 0000",
                          "c00c 0005 0001 0000000a 0004 0162 c00e 0162 c00e 0005 0001 0000000a 0002 c00c"),
                  "a.ex", Type::a);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->records.empty());
}

TEST(ReadAnswer, NegativeAnswersHoldAsLongAsTheSoaSays) {
  const std::string soa = "c00e 0006 0001 00000064 001a 016e00 016100 00000001 00000001 00000001 00000001 ";
  const struct {
    const char* what;
    std::string flags;
    std::string counts;
    std::string records;
    bool exists;
    Seconds ttl;
  } rows[] = {
      {"no such name, minimum below the time", "8183", "0000 0001 0000", soa + "00000032", false, 50s},
      {"no such record, time below the minimum", "8180", "0000 0001 0000", soa + "000000c8", true, 100s},
      {"no SOA", "8183", "0000 0000 0000", "", false, 0s},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const auto answer = read_answer(message(row.flags, row.counts, row.records), "a.ex", Type::mx);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->name_exists, row.exists);
    EXPECT_EQ(answer->ttl, row.ttl);
  }
}

TEST(ReadAnswer, AServersFailureIsNotAnAnswer) {
  for (const char* flags : {"8182", "8185", "8181", "8184", "818f"}) {
    const auto answer = read_answer(message(flags, "0000 0000 0000", ""), "a.ex", Type::mx);
    ASSERT_FALSE(answer) << flags;
    EXPECT_EQ(answer.error().kind, Kind::unavailable);
  }
}

TEST(ReadAnswer, OctetsThatAreNoMessageAreRefused) {
  const std::pair<const char*, std::string> rows[] = {
      {"nothing", ""},
      {"half a header", octets("1234 8180 0001")},
      {"a question", octets("1234 0100 0001 0000 0000 0000") + octets(replace_all(kQuestion, " ", ""))},
      {"fewer records than said", message("8180", "0002 0000 0000", "c00c 0001 0001 00000001 0004 c0000201")},
      {"data past the end", message("8180", "0001 0000 0000", "c00c 0001 0001 00000001 0005 c0000201")},
      {"a pointer to itself", message("8180", "0001 0000 0000", "c016 0001 0001 00000001 0004 c0000201")},
      {"a pointer forwards", message("8180", "0001 0000 0000", "c0ff 0001 0001 00000001 0004 c0000201")},
      {"a reserved label", message("8180", "0001 0000 0000", "80 0001 0001 00000001 0004 c0000201")},
      {"65535 records in no room", message("8180", "ffff ffff ffff", "")},
  };
  for (const auto& [what, octets] : rows) {
    SCOPED_TRACE(what);
    EXPECT_FALSE(read_answer(octets, "a.ex", Type::a));
  }
}

TEST(ReadAnswer, SurvivesEveryCutAndEveryOctetChanged) {
  const std::string whole =
      message("8180", "0002 0000 0000",
              "c00c 000f 0001 0000003c 0007 000a 026d78 c00c c00c 0010 0001 00000001 0007 026162 036364 65");
  ASSERT_TRUE(read_answer(whole, "a.ex", Type::mx));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    (void)read_answer(std::string_view{whole}.substr(0, i), "a.ex", Type::mx);
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[i] = static_cast<char>(value);
      (void)read_answer(changed, "a.ex", Type::mx);
    }
  }
  for (int i = 0; i < 1000; ++i) (void)read_answer(random_octets(200), "a.ex", Type::txt);
}

TEST(Types, WordsReadBack) {
  for (const Type type :
       {Type::a, Type::ns, Type::cname, Type::soa, Type::ptr, Type::mx, Type::txt, Type::aaaa, Type::srv, Type::tlsa})
    EXPECT_EQ(type_of(word(type)), type);
  EXPECT_EQ(word(Type{99}), "TYPE99");
  EXPECT_FALSE(type_of("NONE"));
}

Result<Reply> reply_of(std::string data) {
  Answer answer;
  answer.records.push_back({.name = "n", .type = Type::txt, .data = std::move(data)});
  return std::make_shared<const Answer>(std::move(answer));
}

TEST(Cache, HoldsAnAnswerForItsTimeAndNoLonger) {
  TestClock clock{now()};
  Cache cache;
  const Key key{"a.ex", Type::txt};
  cache.keep(key, reply_of("x"), 60s);
  EXPECT_FALSE(cache.find({"a.ex", Type::a}));
  clock.advance(59s);
  ASSERT_TRUE(cache.find(key));
  EXPECT_EQ((**cache.find(key))->records[0].data, "x");
  clock.advance(1s);
  EXPECT_FALSE(cache.find(key));
  EXPECT_EQ(cache.size(), 0);
  cache.keep(key, reply_of("x"), 0s);
  EXPECT_FALSE(cache.find(key));
}

TEST(Cache, AClockThatGoesBackEndsAnAnswer) {
  TestClock clock{now()};
  Cache cache;
  cache.keep({"a", Type::a}, error(Kind::not_found, "no"), 60s);
  clock.advance(-1s);
  EXPECT_FALSE(cache.find({"a", Type::a}));
}

TEST(Cache, WhenFullWhatWasNotAskedForLongestGoes) {
  Cache cache{3, 1_MiB};
  for (const char* name : {"a", "b", "c"}) cache.keep({name, Type::a}, reply_of(""), 60s);
  EXPECT_TRUE(cache.find({"a", Type::a}));
  cache.keep({"d", Type::a}, reply_of(""), 60s);
  EXPECT_TRUE(cache.find({"a", Type::a}));
  EXPECT_FALSE(cache.find({"b", Type::a}));
  EXPECT_EQ(cache.size(), 3);
}

TEST(Cache, LargeAnswersPushOutMoreThanOneAndItsCountIsRight) {
  Cache cache{1000, 100_KiB};
  for (int i = 0; i < 100; ++i) cache.keep({std::to_string(i), Type::txt}, reply_of(std::string(10'000, 'x')), 60s);
  EXPECT_LT(cache.size(), 11);
  EXPECT_LE(cache.octets(), 100_KiB);
  cache.keep({"huge", Type::txt}, reply_of(std::string(200'000, 'x')), 60s);
  EXPECT_FALSE(cache.find({"huge", Type::txt}));
  for (int i = 0; i < 100; ++i) cache.keep({std::to_string(i), Type::txt}, reply_of(""), 0s);
  EXPECT_EQ(cache.octets(), 0_B);
}

}  // namespace
}  // namespace pennypost::dns
