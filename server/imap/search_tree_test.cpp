#include "server/imap/search_tree.h"

#include <gtest/gtest.h>

namespace pennypost::imap {

namespace {
SearchNode parsed(std::string_view text, const std::string& charset = {}) {
  Arguments in{text};
  SearchNode node = parse_search(in, charset);
  const auto end = in.end();
  EXPECT_TRUE(end) << end.error().for_client;
  return node;
}
}  // namespace

TEST(SearchTree, IsSimplifiedWithoutChangeOfMeaning) {
  struct Row {
    const char* text;
    const char* simple;
  };
  for (const auto& [text, simple] : {
           Row{"ALL", "ALL"},
           Row{"all unseen", "UNSEEN"},
           Row{"(((UNSEEN)))", "UNSEEN"},
           Row{"SEEN FLAGGED (DELETED)", "(DELETED FLAGGED SEEN)"},
           Row{"SEEN UNSEEN", "NOT ALL"},
           Row{"NOT ALL SEEN", "NOT ALL"},
           Row{"NOT NOT SEEN", "SEEN"},
           Row{"NOT SEEN", "UNSEEN"},
           Row{"NOT UNKEYWORD $Junk", "KEYWORD $Junk"},
           Row{"NOT (SEEN FLAGGED)", "NOT (FLAGGED SEEN)"},
           Row{"OR ALL SEEN", "ALL"},
           Row{"OR NOT ALL SEEN", "SEEN"},
           Row{"OR SEEN OR FLAGGED DELETED", "OR SEEN OR FLAGGED DELETED"},
           Row{"OR (OR SEEN FLAGGED) DELETED", "OR SEEN OR FLAGGED DELETED"},
           Row{"BODY foo UNSEEN 1:5", "UNSEEN 1:5 BODY \"foo\""},
           Row{"TEXT \"\" SEEN", "SEEN"},
           Row{"SEEN SEEN", "SEEN"},
           Row{"NEW", "UNSEEN RECENT"},
           Row{"OLD", "NOT RECENT"},
           Row{"FROM Smith SINCE 1-Feb-1994 NOT SUBJECT Hi", "SINCE 1-Feb-1994 FROM \"smith\" NOT SUBJECT \"hi\""},
           Row{"HEADER X-Foo \"\"", "HEADER \"X-Foo\" \"\""},
           Row{"HEADER From Anna", "FROM \"anna\""},
           Row{"UID 1:*,7 LARGER 1000 SMALLER 9", "UID 1:*,7 LARGER 1000 SMALLER 9"},
           Row{"YOUNGER 3600 OLDER 60 MODSEQ 12", "OLDER 60 YOUNGER 3600 MODSEQ 12"},
           Row{"MODSEQ \"/flags/\\\\draft\" all 620162338", "MODSEQ 620162338"},
           Row{"SENTON \"3-Mar-2020\"", "SENTON 3-Mar-2020"},
           Row{"SUBJECT {3}\r\nabc SEEN ", "SEEN SUBJECT \"abc\""},
       }) {
    SCOPED_TRACE(text);
    const SearchNode written = parsed(text);
    EXPECT_EQ(parsed(print(written)), written) << print(written);
    const SearchNode simple_tree = simplify(written);
    EXPECT_EQ(print(simple_tree), simple);
    EXPECT_EQ(simplify(simple_tree), simple_tree);
    EXPECT_EQ(simplify(parsed(print(simple_tree))), simple_tree);
  }
}

TEST(SearchTree, StringsAreFoldedUtf8WhateverTheCharset) {
  EXPECT_EQ(print(parsed("SUBJECT \"B\xc3\x9cRO\"", "UTF-8")), "SUBJECT \"büro\"");
  EXPECT_EQ(print(parsed("SUBJECT \"B\xdcRO\"", "ISO-8859-1")), "SUBJECT \"büro\"");
  EXPECT_EQ(print(parsed("SUBJECT \"B\xdcRO\"")), "SUBJECT \"büro\"");
}

TEST(SearchTree, RefusesWhatIsNone) {
  for (const char* text : {"", "FOO", "NOT", "OR SEEN", "(SEEN", "()", "SEEN)", "SINCE 1-Foo-2000", "LARGER x",
                           "HEADER a", "KEYWORD (a)", "UID 0", "SEEN,DELETED", "LARGER 4294967296"}) {
    SCOPED_TRACE(text);
    Arguments in{text};
    parse_search(in, {});
    EXPECT_FALSE(in.end());
  }
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "NOT ";
  deep += "SEEN";
  Arguments nested{deep};
  parse_search(nested, {});
  EXPECT_FALSE(nested.end());
  std::string many = "SEEN";
  for (int i = 0; i < 5000; ++i) many += " SEEN";
  Arguments long_one{many};
  parse_search(long_one, {});
  EXPECT_FALSE(long_one.end());
}

TEST(SearchTree, KnowsWhatItNeeds) {
  EXPECT_TRUE(simplify(parsed("UNSEEN OR FLAGGED SINCE 1-Jan-2020")).is_decided_by_row());
  EXPECT_FALSE(simplify(parsed("UNSEEN OR FLAGGED SUBJECT x")).is_decided_by_row());
  EXPECT_TRUE(parsed("NOT (OR BODY x SEEN)").uses(Key::body));
}

}  // namespace pennypost::imap
