// Address lists by the book (RFC 5322 appendix A) and as they come.
#include "server/message/address.h"

#include <gtest/gtest.h>

#include "server/base/limits.h"

namespace pennypost::message {
namespace {

std::string written(const Address& address) {
  std::string out = address.name.empty() ? "" : address.name + " ";
  if (!address.route.empty()) out += "{" + address.route + "} ";
  return out + "<" + address.local + "|" + address.domain + ">";
}

/// "Name <local|domain>" for each, groups as "name:[...]".
std::string read(std::string_view value) {
  std::string out;
  for (const AddressOrGroup& entry : addresses(value)) {
    if (!out.empty()) out += ", ";
    if (const Address* address = std::get_if<Address>(&entry)) {
      out += written(*address);
      continue;
    }
    const Group& group = std::get<Group>(entry);
    out += group.name + ":[";
    for (const Address& member : group.members) out += (out.back() == '[' ? "" : ", ") + written(member);
    out += "]";
  }
  return out;
}

struct Row {
  const char* what;
  const char* in;
  const char* out;
};

TEST(Addresses, AreReadByTheBook) {
  for (const auto& [what, in, out] : {
           Row{"bare", "john@example.com", "<john|example.com>"},
           Row{"name", "John Doe <john@example.com>", "John Doe <john|example.com>"},
           Row{"quoted name", R"("Joe Q. \"J\" Public" <joe@example.com>)", R"(Joe Q. "J" Public <joe|example.com>)"},
           Row{"no name", "<boss@nil.test>", "<boss|nil.test>"},
           Row{"two", "a@b, c@d", "<a|b>, <c|d>"},
           Row{"quoted local part", R"("a b"@example.com)", "<a b|example.com>"},
           Row{"domain literal", "a@[192.0.2.1]", "<a|[192.0.2.1]>"},
           Row{"IPv6 literal", "a@[IPv6:2001:db8::1]", "<a|[IPv6:2001:db8::1]>"},
           Row{"group", "A Group:Ed Jones <c@a.test>,joe@where.test;",
               "A Group:[Ed Jones <c|a.test>, <joe|where.test>]"},
           Row{"empty group", "Undisclosed recipients:;", "Undisclosed recipients:[]"},
           Row{"address behind a group", "g: a@b; , c@d", "g:[<a|b>], <c|d>"},
           Row{"comments", "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "Pete <pete|silly.test>"},
           Row{"nested comments", "a@b (one (two) three)", "one (two) three <a|b>"},
           Row{"old form of a name", "john@example.com (John Doe)", "John Doe <john|example.com>"},
           Row{"folded", "A\r\n B <a@b>,\r\n\tc@d", "A B <a|b>, <c|d>"},
           Row{"route", "Mary <@node.test,@two.test:mary@example.net>",
               "Mary {@node.test,@two.test} <mary|example.net>"},
           Row{"spaces around dots", "jdoe@test  . example", "<jdoe|test.example>"},
           Row{"dots in a name", "Joe Q. Public <j@x>", "Joe Q. Public <j|x>"},
           Row{"empty elements", "a@b, , ,c@d,", "<a|b>, <c|d>"},
           Row{"UTF-8", "J\xC3\xB8ran <j\xC3\xB8@bl\xC3\xA5.example>", "J\xC3\xB8ran <j\xC3\xB8|bl\xC3\xA5.example>"},
           Row{"encoded word", "=?utf-8?Q?a=2Cb?= <a@b>", "=?utf-8?Q?a=2Cb?= <a|b>"},
           Row{"null", "<>", "<|>"},
           Row{"nothing", "", ""},
       }) {
    EXPECT_EQ(read(in), out) << what;
  }
}

TEST(Addresses, AreReadAsPeopleWriteThem) {
  for (const auto& [what, in, out] : {
           Row{"no domain", "root", "<root|>"},
           Row{"only a name", "John Doe", "John Doe <|>"},
           Row{"no brackets", "John Doe john@example.com", "John Doe <john|example.com>"},
           Row{"semicolons", "a@b; c@d", "<a|b>, <c|d>"},
           Row{"no closing bracket", "John <john@example.com", "John <john|example.com>"},
           Row{"no comma between brackets", "A <a@b> B <c@d>", "A <a|b>, <c|d>"},
           Row{"no closing quote", "\"John <john@example.com>", "John <john|example.com>"},
           Row{"no closing parenthesis", "a@b (John", "John <a|b>"},
           Row{"two at signs", "a@b@c.example", "<a@b|c.example>"},
           Row{"dots in a row", "a..b.@example.com", "<a..b.|example.com>"},
           Row{"leading dot", ".a@example.com", "<.a|example.com>"},
           Row{"nothing before the at sign", "@example.com", "<|example.com>"},
           Row{"nothing behind it", "a@", "<a|>"},
           Row{"comma inside an encoded word", "=?utf-8?Q?Doe,_John?= <a@b>", "=?utf-8?Q?Doe,_John?= <a|b>"},
           Row{"name in quotes and comment", "\"A\" <a@b> (B)", "A <a|b>"},
           Row{"backslash in a name", "Corp\\John <a@b>", "CorpJohn <a|b>"},
           Row{"mailto with a colon", "mailto:a@b", "mailto:[<a|b>]"},
           Row{"group that is not closed", "g: a@b", "g:[<a|b>]"},
           Row{"group in a group", "g: a@b, h: c@d;", "g:[<a|b>], h:[<c|d>]"},
           Row{"stray signs", ">)];,<a@b>", "<a|b>"},
           Row{"signs in a domain", R"(<a@b\>c\,d"e"(f).x>)", "<a|bcde.x>"},
           Row{"an open literal", "<a@[1.2.3>", "<a|1.2.3>"},
           Row{"apostrophes", "'John' <'john'@example.com>", "'John' <'john'|example.com>"},
       }) {
    EXPECT_EQ(read(in), out) << what;
  }
}

TEST(Addresses, NulAndLineEndsOnlySeparate) { EXPECT_EQ(read(std::string_view{"a\0b <c\r\n@d\0>", 12}), "a b <c|d>"); }

TEST(Addresses, AreBoundedInNumber) {
  std::string many;
  for (int i = 0; i < 12'000; ++i) many += "a@b,";
  EXPECT_EQ(addresses(many).size(), static_cast<std::size_t>(kHeaderAddresses.most));
}

TEST(Addresses, GroupMembersAreMailboxesToo) {
  const auto all = mailboxes("a@b, g: c@d, e@f; , h@i");
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[2].local, "e");
}

TEST(Addresses, AreWrittenSoThatTheyReadBack) {
  for (const Address& address :
       {Address{.local = "john", .domain = "example.com"}, Address{.local = "a b", .domain = "c"},
        Address{.local = "a\"\\b", .domain = "c"}, Address{.local = "a..b", .domain = "c"},
        Address{.local = "a@b", .domain = "c"}, Address{.local = "j\xC3\xB8", .domain = "x"}}) {
    const auto again = mailboxes(addr_spec(address));
    ASSERT_EQ(again.size(), 1U) << addr_spec(address);
    EXPECT_EQ(again[0], address) << addr_spec(address);
  }
  EXPECT_EQ(addr_spec({.local = "root"}), "root");
  EXPECT_EQ(addr_spec({}), "");
  EXPECT_EQ(addr_spec({.local = "a b", .domain = "c"}), "\"a b\"@c");
}

TEST(Addresses, AnAddrSpecIsTheWholeTextAndNothingElse) {
  for (const char* good : {"a@b", "john.doe+x@mail.example.com", "o'brien@x.example", "\"a b\"@c.example",
                           "a@[192.0.2.1]", "j\xC3\xB8@\xC3\xB8.example", "*@x.example", "/a/@x.example"})
    EXPECT_TRUE(is_addr_spec(good)) << good;
  const std::string nul{"a\0b@c", 5}, long_label = "a@" + std::string(64, 'x');
  for (const std::string& bad : {std::string{},
                                 std::string{"anna"},
                                 std::string{"@b"},
                                 std::string{"a@"},
                                 std::string{"a@b "},
                                 std::string{"<a@b>"},
                                 std::string{"A <a@b>"},
                                 std::string{"a@b (c)"},
                                 std::string{"a@b, c@d"},
                                 std::string{"a@b\r\nBcc: c@d"},
                                 std::string{"a b@c"},
                                 std::string{"a..b@c"},
                                 std::string{"a@b..c"},
                                 std::string{"a@-b"},
                                 std::string{"a@*"},
                                 std::string{"a@b/i"},
                                 std::string{"a@[]"},
                                 std::string{"a@\xFF.example"},
                                 nul,
                                 long_label,
                                 "a@" + std::string(60, 'x') + std::string(300, '.')})
    EXPECT_FALSE(is_addr_spec(bad)) << bad;
}

TEST(Addresses, NamesAreDecodedForPeople) {
  const auto all = mailboxes("=?ISO-8859-1?Q?Andr=E9?= Pirard <p@vm1.example>, x@y");
  EXPECT_EQ(display_name(all[0]), "Andr\xC3\xA9 Pirard");
  EXPECT_EQ(to_string(all[0]), "Andr\xC3\xA9 Pirard <p@vm1.example>");
  EXPECT_EQ(to_string(all[1]), "x@y");
  EXPECT_EQ(to_string(mailboxes("John Doe")[0]), "John Doe");
}

}  // namespace
}  // namespace pennypost::message
