#include "conformance/load/structure.h"

#include <gtest/gtest.h>

namespace pennypost::load {
namespace {

TEST(ReadList, TakesQuotedStringsLiteralsAtomsAndLists) {
  const auto list = read_list("* 1 FETCH (A \"b \\\" c\" {5}\r\n)x\"y( (D NIL) 12)");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->items.size(), 5u);
  EXPECT_EQ(list->items[0].text, "A");
  EXPECT_EQ(list->items[1].text, "b \" c");
  EXPECT_EQ(list->items[2].text, ")x\"y(");
  ASSERT_TRUE(list->items[3].is_list);
  EXPECT_EQ(list->items[3].items[1].text, "NIL");
  EXPECT_EQ(list->items[4].text, "12");
}

TEST(ReadList, GivesUpOnWhatIsNotClosed) {
  for (const char* text : {"", "x", "(", "(a", "(\"a)", "({9}\r\nabc)", "({x}\r\n)", "((a)"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(read_list(text));
  }
  EXPECT_FALSE(read_list(std::string(100'000, '(')));
}

TEST(PartSizes, NameEverySectionThatHasASize) {
  struct Row {
    const char* what;
    const char* structure;
    std::vector<std::pair<const char*, std::uint64_t>> parts;
  };
  const char* text = R"(("text" "plain" NIL NIL NIL "7bit" 12 1))";
  const std::string mixed =
      std::string{"("} + text +
      R"((("text" "plain" NIL NIL NIL "7bit" 5 1)("text" "html" NIL NIL NIL "7bit" 6 1) "alternative") "mixed"))";
  const std::string attached =
      std::string{R"((("text" "plain" NIL NIL NIL "7bit" 3 1)("message" "rfc822" NIL NIL NIL "7bit" 99 (NIL NIL) )"} +
      mixed + R"( 7) "mixed"))";
  const std::string single = std::string{R"(("MESSAGE" "RFC822" NIL NIL NIL "7bit" 50 (NIL NIL) )"} + text + " 4))";
  for (const auto& [what, structure, parts] :
       {Row{"one part", text, {{"1", 12}}}, Row{"nested", mixed.c_str(), {{"1", 12}, {"2.1", 5}, {"2.2", 6}}},
        Row{"a message within", attached.c_str(), {{"1", 3}, {"2", 99}, {"2.1", 12}, {"2.2.1", 5}, {"2.2.2", 6}}},
        Row{"a message alone", single.c_str(), {{"1", 50}, {"1.1", 12}}}}) {
    SCOPED_TRACE(what);
    const auto data = read_list(structure);
    ASSERT_TRUE(data);
    const auto sizes = part_sizes(*data);
    ASSERT_TRUE(sizes);
    ASSERT_EQ(sizes->size(), parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      EXPECT_EQ((*sizes)[i].section, parts[i].first);
      EXPECT_EQ((*sizes)[i].octets, parts[i].second);
    }
  }
  EXPECT_FALSE(part_sizes(*read_list("(\"text\" \"plain\" NIL)")));
  EXPECT_FALSE(part_sizes(*read_list("(\"text\" \"plain\" NIL NIL NIL \"7bit\" many 1)")));
}

}  // namespace
}  // namespace pennypost::load
