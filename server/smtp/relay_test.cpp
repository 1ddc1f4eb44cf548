#include "server/smtp/relay.h"

#include <gmock/gmock.h>

#include "server/base/settings.h"

namespace pennypost::smtp {
namespace {

using Poco::Net::IPAddress;

TEST(Relay, FollowsTheTableOfTheSpecRowByRow) {  // spec 40 section 7, and cases R1-R9 of section 18
  struct Row {
    const char* what;
    RelayQuestion q;
    RelayAnswer answer;
  };
  constexpr auto kAccept = RelayAnswer::accept;
  constexpr auto kRefuse = RelayAnswer::refuse;
  constexpr auto kLogin = RelayAnswer::authentication_required;
  constexpr auto kOptional = AuthRule::optional;
  constexpr auto kRequired = AuthRule::required;
  const Row rows[] = {
      // listed, allow unauth, local recipient, authenticated, rule, internal exempt, authenticated may relay
      {"R1 not listed, local", {false, false, true, false, kOptional, true, true}, kAccept},
      {"R2 not listed, non-local", {false, false, false, false, kOptional, true, true}, kRefuse},
      {"not listed, non-local, logged in, as the table has it",
       {false, false, false, true, kOptional, true, false},
       kRefuse},
      {"not listed, non-local, logged in, our switch", {false, false, false, true, kOptional, true, true}, kAccept},
      {"R2 with authentication required", {false, false, false, false, kRequired, true, true}, kRefuse},
      {"R5 not listed, local, required, exempt", {false, false, true, false, kRequired, true, true}, kAccept},
      {"R6 not listed, local, required, not exempt", {false, false, true, false, kRequired, false, true}, kLogin},
      {"R3 listed, non-local, not required", {true, false, false, false, kOptional, true, true}, kAccept},
      {"R9 listed with Allow Unauth, required", {true, true, false, false, kRequired, true, true}, kAccept},
      {"R9 the same, local and not exempt", {true, true, true, false, kRequired, false, true}, kAccept},
      {"R8 listed, required, non-local", {true, false, false, false, kRequired, true, true}, kLogin},
      {"listed, required, local, exempt", {true, false, true, false, kRequired, true, true}, kAccept},
      {"listed, required, local, not exempt", {true, false, true, false, kRequired, false, true}, kLogin},
      {"R7 listed, required, logged in", {true, false, false, true, kRequired, true, true}, kAccept},
      {"listed, AUTH disabled", {true, false, false, false, AuthRule::disabled, true, true}, kAccept},
  };
  for (const auto& row : rows) EXPECT_EQ(decide(row.q), row.answer) << row.what;
}

TEST(Relay, TheRouterIsBlockedAndTheLanAllowedByTheDefaultLines) {  // R4
  const Surroundings around{{IPAddress{"192.168.7.1"}},
                            std::string{kLocalNetworks.fallback} + ";203.0.113.0/24; nonsense ;2001:db8::/32"};
  const auto lines = default_lines();
  const auto act = [&](const char* address) -> std::string {
    const auto* line = first_match(lines, around, IPAddress{address});
    return line == nullptr ? "none" : line->act == AccessLine::Act::allow ? "allow" : "block";
  };
  EXPECT_EQ(act("192.168.7.20"), "allow");
  EXPECT_EQ(act("192.168.7.1"), "block");
  EXPECT_EQ(act("127.0.0.1"), "allow");
  EXPECT_EQ(act("::1"), "allow");
  EXPECT_EQ(act("172.31.255.255"), "allow");
  EXPECT_EQ(act("172.32.0.0"), "none");
  EXPECT_EQ(act("203.0.113.9"), "allow");
  EXPECT_EQ(act("2001:db8::5"), "allow");
  EXPECT_EQ(act("198.51.100.9"), "none");
}

TEST(Relay, TheSettingAloneSaysWhichNetworksAreLocal) {
  const Surroundings at_first{{}, kLocalNetworks.fallback};
  for (const char* address :
       {"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1", "::1", "fd00::1", "fe80::1"})
    EXPECT_TRUE(at_first.is_local(IPAddress{address})) << address;
  EXPECT_FALSE(at_first.is_local(IPAddress{"203.0.113.9"}));
  const Surroundings behind_nat{{}, "127.0.0.0/8;::1/128"};
  EXPECT_TRUE(behind_nat.is_local(IPAddress{"127.0.0.1"}));
  EXPECT_FALSE(behind_nat.is_local(IPAddress{"172.17.0.1"}));
  EXPECT_FALSE(behind_nat.is_local(IPAddress{"192.168.1.1"}));
  const Surroundings nobody{{}, ""};
  EXPECT_FALSE(nobody.is_local(IPAddress{"127.0.0.1"}));
}

TEST(Relay, ReadsNetworksAndRefusesWhatIsNone) {
  EXPECT_TRUE(read_network("10.0.0.0/8")->contains(IPAddress{"10.255.0.1"}));
  EXPECT_FALSE(read_network("10.0.0.0/9")->contains(IPAddress{"10.128.0.1"}));
  EXPECT_TRUE(read_network("0.0.0.0/0")->contains(IPAddress{"198.51.100.1"}));
  EXPECT_FALSE(read_network("0.0.0.0/0")->contains(IPAddress{"::1"}));
  EXPECT_TRUE(read_network(" 10.1.2.3 ")->contains(IPAddress{"10.1.2.3"}));
  for (const auto* text : {"", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/x", "10.0.0.0/"})
    EXPECT_FALSE(read_network(text)) << text;
}

}  // namespace
}  // namespace pennypost::smtp
