// Fields one by one, unfolding, subsets.
#include "server/message/header.h"

#include <gmock/gmock.h>

namespace pennypost::message {
namespace {

using testing::ElementsAre;

/// "name=value" of every field.
std::vector<std::string> fields(std::string_view header) {
  std::vector<std::string> out;
  for (const Field& field : Fields{header}) out.push_back(std::string{field.name} + "=" + std::string{field.value});
  return out;
}

TEST(Header, FieldsComeInTheirOrderWithFoldsAndSpaces) {
  EXPECT_THAT(fields("Subject: a\r\n b\r\nTo:x\r\nX-Empty:\r\n\r\nnot: this\r\n"),
              ElementsAre("Subject= a\r\n b", "To=x", "X-Empty="));
  EXPECT_THAT(fields("a:1\nb : 2\n\tc\n"), ElementsAre("a=1", "b= 2\n\tc"));
  EXPECT_THAT(fields("a: no line end"), ElementsAre("a= no line end"));
  EXPECT_THAT(fields("a: lone\rCR\r\n"), ElementsAre("a= lone\rCR"));
}

TEST(Header, ALineThatIsNoFieldEndsTheHeader) {
  EXPECT_THAT(fields("a: 1\r\nno field\r\nb: 2\r\n"), ElementsAre("a= 1"));
  EXPECT_THAT(fields("From x@y Mon\r\na: 1\r\n"), ElementsAre("a= 1"));
  EXPECT_THAT(fields(">From x@y Mon\r\na: 1\r\n"), ElementsAre("a= 1"));
  EXPECT_THAT(fields("a: 1\r\nFrom x@y Mon\r\nb: 2\r\n"), ElementsAre("a= 1", "b= 2"));  // a server's fields above it
  EXPECT_THAT(fields("a: 1\r\nFrom here on it is text\r\nand more\r\n"), ElementsAre("a= 1"));
  EXPECT_THAT(fields(" : x\r\n"), ElementsAre());
  EXPECT_THAT(fields(std::string_view{"a\0b: 1\r\n", 8}), ElementsAre());
  EXPECT_THAT(fields("n\xC3\xA9: 8-bit names are fields\r\n"), ElementsAre("n\xC3\xA9= 8-bit names are fields"));
}

TEST(Header, TheWholeFieldIsThereToo) {
  const std::string header = "A: 1\r\n 2\r\nB: 3\r\n";
  std::string all;
  for (const Field& field : Fields{header}) all += field.all;
  EXPECT_EQ(all, header);
}

TEST(Header, TheBlockIncludesTheEmptyLine) {
  EXPECT_EQ(header_block("A: 1\r\n\r\nbody"), "A: 1\r\n\r\n");
  EXPECT_EQ(header_block("A: 1\n\nbody"), "A: 1\n\n");
  EXPECT_EQ(header_block("A: 1\r\nbody"), "A: 1\r\n");
  EXPECT_EQ(header_block("\r\nbody"), "\r\n");
  EXPECT_EQ(header_block(""), "");
}

struct Row {
  const char* what;
  const char* in;
  const char* out;
};

TEST(Header, UnfoldingLeavesOneSpaceForEachFold) {
  for (const auto& [what, in, out] : {
           Row{"nothing", "", ""},
           Row{"only space", " \r\n ", ""},
           Row{"no fold", " a  b ", "a  b"},
           Row{"fold by a space", "a\r\n b", "a b"},
           Row{"fold by a tab", "a\r\n\tb", "a b"},
           Row{"fold with more", "a \r\n \t b", "a b"},
           Row{"two folds in a row", "a\r\n \r\n b", "a b"},
           Row{"LF alone", "a\n b", "a b"},
           Row{"lone CR", "a\rb", "a b"},
           Row{"inner tab stays", "a\tb", "a\tb"},
       }) {
    EXPECT_EQ(unfold(in), out) << what;
  }
}

TEST(Header, FieldsAreFoundWithoutCase) {
  const std::string_view header = "subject: =?utf-8?Q?=C3=A4?=\r\nSUBJECT: second\r\n\r\nX: y";
  EXPECT_EQ(find_field(header, "Subject")->value, " =?utf-8?Q?=C3=A4?=");
  EXPECT_EQ(decoded_field(header, "Subject"), "\xC3\xA4");
  EXPECT_FALSE(find_field(header, "X"));
  EXPECT_EQ(decoded_field(header, "To"), "");
}

TEST(Header, SubsetsKeepOrderAndFoldsAndEndWithAnEmptyLine) {
  const std::string_view header = "From x\r\nA: 1\r\nB: 2\r\n 3\r\na: 4\r\nC: 5\r\n\r\n";
  const std::vector<std::string> names = {"A", "c"};
  EXPECT_EQ(header_subset(header, Subset::only, names), "A: 1\r\na: 4\r\nC: 5\r\n\r\n");
  EXPECT_EQ(header_subset(header, Subset::except, names), "B: 2\r\n 3\r\n\r\n");
  EXPECT_EQ(header_subset(header, Subset::only, std::vector<std::string>{"none"}), "\r\n");
  EXPECT_EQ(header_subset("A: 1", Subset::only, names), "A: 1\r\n\r\n");
}

}  // namespace
}  // namespace pennypost::message
