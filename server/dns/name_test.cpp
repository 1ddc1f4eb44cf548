#include "server/dns/name.h"

#include <gtest/gtest.h>

namespace pennypost::dns {
namespace {

using Poco::Net::IPAddress;

TEST(QueryName, IsLowerCaseAsciiWithoutFinalDot) {
  const std::string label63(63, 'a');
  const std::string longest = label63 + "." + label63 + "." + label63 + "." + std::string(61, 'b');
  const std::pair<std::string, std::string> rows[] = {
      {"Mail.Example.", "mail.example"},
      {"_dmarc.example", "_dmarc.example"},
      {"b\xC3\xBC"
       "cher.example",
       "xn--bcher-kva.example"},
      {"B\xC3\x9C"
       "CHER.example",
       "xn--bcher-kva.example"},
      {"fa\xC3\x9F.example", "xn--fa-hia.example"},  // nontransitional: not "fass"
      {"\xE4\xBE\x8B\xE3\x81\x88.\xE3\x83\x86\xE3\x82\xB9\xE3\x83\x88", "xn--r8jz45g.xn--zckzah"},
      {"xn--bcher-kva.example", "xn--bcher-kva.example"},
      {"a", "a"},
      {"a+b=c/d.example", "a+b=c/d.example"},
      {longest, longest},
      {longest + ".", longest},
  };
  for (const auto& [name, asked] : rows) {
    SCOPED_TRACE(name);
    const auto got = query_name(name);
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, asked);
    EXPECT_EQ(*query_name(*got), asked);
  }
}

TEST(QueryName, RefusesWhatCannotBeAskedFor) {
  const std::string label63(63, 'a');
  for (const std::string& name :
       {std::string{}, std::string{"."}, std::string{".."}, std::string{"a..b"}, std::string{".a"}, std::string{"a b"},
        std::string{"a\\b"}, std::string{"a\0b", 3}, std::string{"a\r\n"}, label63 + "a.example",
        label63 + "." + label63 + "." + label63 + "." + std::string(62, 'b'), std::string(100'000, 'a'),
        std::string{"\xFF\xFE.example"}, std::string{"\xE2\x80\x8D.example"}}) {
    SCOPED_TRACE(name.substr(0, 80));
    const auto got = query_name(name);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, Kind::bad_input);
  }
}

TEST(DisplayName, ShowsLettersAndLeavesWhatIsNone) {
  EXPECT_EQ(display_name("xn--bcher-kva.example"),
            "b\xC3\xBC"
            "cher.example");
  EXPECT_EQ(display_name("mail.example"), "mail.example");
  EXPECT_EQ(display_name("xn--\x80.example"), "xn--\x80.example");
}

TEST(HostName, IsLettersDigitsHyphens) {
  for (const char* good :
       {"a", "mail.example", "mail.example.", "3com.example", "a-b.example", "xn--bcher-kva.example"})
    EXPECT_TRUE(is_host_name(good)) << good;
  for (const char* bad :
       {"", ".", "a_b.example", "-a.example", "a-.example", "a..b", "192.0.2.1", "[192.0.2.1]", "a b", "example.1"})
    EXPECT_FALSE(is_host_name(bad)) << bad;
}

TEST(ReverseName, FollowsTheRfcs) {
  EXPECT_EQ(reverse_name(IPAddress{"192.0.2.1"}), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name(IPAddress{"::ffff:192.0.2.1"}), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name(IPAddress{"2001:db8::567:89ab"}),
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  EXPECT_EQ(block_list_name(IPAddress{"127.0.0.2"}, "list.example"), "2.0.0.127.list.example");
  EXPECT_EQ(block_list_name(IPAddress{"2001:db8::1"}, "list.example"),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.list.example");
}

}  // namespace
}  // namespace pennypost::dns
