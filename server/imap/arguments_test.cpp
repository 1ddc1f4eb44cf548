#include "server/imap/arguments.h"

#include <functional>

#include <gtest/gtest.h>

namespace pennypost::imap {

TEST(Arguments, ReadStringsOfEveryForm) {
  struct Row {
    const char* text;
    const char* value;
  };
  for (const auto& [text, value] : {
           Row{"atom", "atom"},
           Row{"a]b", "a]b"},
           Row{"\"quoted string\"", "quoted string"},
           Row{"\"\"", ""},
           Row{"\"a\\\"b\\\\c\"", "a\"b\\c"},
           Row{"{3}\r\nabc", "abc"},
           Row{"{0}\r\n", ""},
           Row{"{5+}\r\na\r\nb\"", "a\r\nb\""},
           Row{"{3}\nabc", "abc"},
           Row{"b\xc3\xbcro", "b\xc3\xbcro"},
       }) {
    SCOPED_TRACE(text);
    Arguments in{text};
    EXPECT_EQ(in.astring(), value);
    EXPECT_TRUE(in.end());
  }
}

TEST(Arguments, KeepTheFirstErrorAndItsPlace) {
  struct Row {
    const char* text;
    const char* problem;
  };
  const auto two_strings = [](Arguments& in) {
    in.astring();
    in.space();
    in.astring();
  };
  for (const auto& [text, problem] : {
           Row{"", "missing argument at octet 11"},
           Row{"a", "missing argument at octet 12"},
           Row{"a  b", "expected a word or a string at octet 13"},
           Row{"a(b", "expected a space at octet 12"},
           Row{"a \"b", "the quoted string is not closed at octet 15"},
           Row{"a \"\\b\"", "only \\\" and \\\\ may be written with a backslash at octet 15"},
           Row{"a {9}\r\nabc", "the literal is shorter than it says at octet 18"},
           Row{"a {x}", "expected a number at octet 14"},
           Row{"a {99999999999999999999}", "the number is too large at octet 14"},
           Row{"a {3}abc", "a literal must begin on a new line at octet 16"},
           Row{"a b c", "too many arguments at octet 14"},
       }) {
    SCOPED_TRACE(text);
    Arguments in{text, {}, 10};
    two_strings(in);
    const auto end = in.end();
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().kind, Kind::bad_input);
    EXPECT_EQ(end.error().for_client, problem);
  }
}

TEST(Arguments, BlanksAtTheEndAreNothing) {
  Arguments in{"a   "};
  in.atom();
  EXPECT_TRUE(in.end());
  Arguments none{" "};
  EXPECT_TRUE(none.end());
}

TEST(Arguments, ANulInALiteralStringIsRefused) {
  const std::string text{"{3}\r\na\0b", 8};
  Arguments in{text};
  in.astring();
  EXPECT_FALSE(in.end());
}

TEST(Arguments, TakeLargeLiteralsFromTheSpool) {
  const std::string text = "INBOX (\\Seen) {11}\r\n (\\Draft) {2}\r\nhi";
  const SpooledLiteral spooled{20, "spooled msg"};
  Arguments in{text, std::span{&spooled, 1}};
  EXPECT_EQ(in.mailbox(), "INBOX");
  in.space();
  EXPECT_TRUE(in.flag_list().system.has(store::Flag::seen));
  in.space();
  EXPECT_EQ(in.literal(), "spooled msg");
  in.space();
  EXPECT_TRUE(in.flag_list().system.has(store::Flag::draft));
  in.space();
  EXPECT_EQ(in.literal(), "hi");
  EXPECT_TRUE(in.end());
}

TEST(Arguments, ReadFlags) {
  Arguments in{"(\\seen $Forwarded \\RECENT foo FOO)"};
  const FlagList flags = in.flag_list();
  ASSERT_TRUE(in.end());
  EXPECT_EQ(flags.system, store::Flags{store::Flag::seen});
  EXPECT_TRUE(flags.recent);
  EXPECT_EQ(flags.keywords, (std::vector<std::string>{"$Forwarded", "foo"}));
  for (const char* text : {"(\\Foo)", "(", "(a", "(a ", "(a b", "a)", "(\\)", "(a,(b))"}) {
    SCOPED_TRACE(text);
    Arguments bad{text};
    bad.flag_list();
    EXPECT_FALSE(bad.end());
  }
  Arguments none{"()"};
  EXPECT_EQ(none.flag_list(), FlagList{});
  EXPECT_TRUE(none.end());
}

TEST(Arguments, ReadNumbersAndSets) {
  Arguments in{"0 4294967295 9223372036854775807 1:*,7"};
  EXPECT_EQ(in.number(), 0U);
  in.space();
  EXPECT_EQ(in.nz_number(), 4294967295U);
  in.space();
  EXPECT_EQ(in.number64(), 9223372036854775807U);
  in.space();
  EXPECT_EQ(in.sequence_set().print(), "1:*,7");
  EXPECT_TRUE(in.end());
  Arguments large{"4294967296"};
  large.number();
  EXPECT_FALSE(large.end());
}

TEST(Arguments, WordsEndWhereTheyEnd) {
  Arguments in{"NOTHING"};
  EXPECT_FALSE(in.take_word("NOT"));
  EXPECT_TRUE(in.take_word("nothing"));
  EXPECT_TRUE(in.end());
  Arguments body{"BODY[]"};
  EXPECT_TRUE(body.take_word("BODY"));
}

}  // namespace pennypost::imap
