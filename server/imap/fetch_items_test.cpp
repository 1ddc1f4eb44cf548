#include "server/imap/fetch_items.h"

#include <gtest/gtest.h>

namespace pennypost::imap {

TEST(FetchItems, ParseAndPrintBack) {
  struct Row {
    const char* text;
    const char* printed;
  };
  for (const auto& [text, printed] : {
           Row{"FLAGS", "(FLAGS)"},
           Row{"(flags uid)", "(FLAGS UID)"},
           Row{"ALL", "(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"},
           Row{"FAST", "(FLAGS INTERNALDATE RFC822.SIZE)"},
           Row{"full", "(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY)"},
           Row{"BODY", "(BODY)"},
           Row{"(BODY BODYSTRUCTURE)", "(BODY BODYSTRUCTURE)"},
           Row{"BODY[]", "(BODY[])"},
           Row{"body.peek[]", "(BODY.PEEK[])"},
           Row{"BODY.PEEK[HEADER.FIELDS (Date From)]", "(BODY.PEEK[HEADER.FIELDS (Date From)])"},
           Row{"BODY[HEADER.FIELDS.NOT (\"Received\")]<0.100>", "(BODY[HEADER.FIELDS.NOT (Received)]<0.100>)"},
           Row{"BODY[1.2.3.MIME]", "(BODY[1.2.3.MIME])"},
           Row{"BODY[4.1.HEADER]", "(BODY[4.1.HEADER])"},
           Row{"BODY[TEXT]<5.10>", "(BODY[TEXT]<5.10>)"},
           Row{"(RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE)", "(RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE)"},
           Row{"(UID UID FLAGS)", "(UID FLAGS)"},
           Row{"(BODY.PEEK[] BODY[])", "(BODY[])"},
           Row{"(BODY.PEEK[]<0.5> BODY.PEEK[]<0.6>)", "(BODY.PEEK[]<0.5> BODY.PEEK[]<0.6>)"},
           Row{"BODY[HEADER.FIELDS (\"a b\" {3}\r\nc\"d)]", "(BODY[HEADER.FIELDS (\"a b\" \"c\\\"d\")])"},
       }) {
    SCOPED_TRACE(text);
    Arguments in{text};
    const FetchItems items = parse_fetch_items(in);
    ASSERT_TRUE(in.end()) << in.end().error().for_client;
    EXPECT_EQ(items.print(), printed);
    Arguments again{printed};
    EXPECT_EQ(parse_fetch_items(again).print(), printed);
    EXPECT_TRUE(again.end());
  }
}

TEST(FetchItems, SayWhatTheResponseCallsThem) {
  Arguments in{"(BODY.PEEK[1.header]<7.9> RFC822.TEXT)"};
  const FetchItems items = parse_fetch_items(in);
  ASSERT_TRUE(in.end());
  ASSERT_EQ(items.items.size(), 2U);
  EXPECT_EQ(items.items[0].label, "BODY[1.HEADER]<7>");
  EXPECT_FALSE(items.items[0].sets_seen);
  EXPECT_EQ(items.items[1].label, "RFC822.TEXT");
  EXPECT_TRUE(items.sets_seen());
}

TEST(FetchItems, RefuseWhatIsNone) {
  for (const char* text : {"",
                           "()",
                           "(FLAGS",
                           "FLAGS)",
                           "FLAGSX",
                           "BODY[",
                           "BODY[0]",
                           "BODY[1.]",
                           "BODY[MIME]",
                           "BODY[HEADER.FIELDS]",
                           "BODY[HEADER.FIELDS ()]",
                           "BODY[]<0>",
                           "BODY[]<0.0>",
                           "BODY[]<1.4294967296>",
                           "(FLAGS  UID)",
                           "(ALL)",
                           "BODY[FOO]",
                           "FLAGS UID",
                           "BODY.PEEK",
                           "BODY[HEADER.FIELDS (a\x01)]"}) {
    SCOPED_TRACE(text);
    Arguments in{text};
    parse_fetch_items(in);
    EXPECT_FALSE(in.end());
  }
  std::string deep = "BODY[1";
  for (int i = 0; i < 1000; ++i) deep += ".1";
  deep += "]";
  Arguments in{deep};
  parse_fetch_items(in);
  EXPECT_FALSE(in.end());
}

}  // namespace pennypost::imap
