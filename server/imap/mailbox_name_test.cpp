#include "server/imap/mailbox_name.h"

#include <gtest/gtest.h>

namespace pennypost::imap {

TEST(ModifiedUtf7, EncodesAndDecodesBack) {
  struct Row {
    const char* utf8;
    const char* encoded;
  };
  for (const auto& [utf8, encoded] : {
           Row{"INBOX", "INBOX"},
           Row{"Büro", "B&APw-ro"},  // spec 50 section 16, I7
           Row{"R&D", "R&-D"},
           Row{"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},  // RFC 3501 5.1.3
           Row{"😀", "&2D3eAA-"},
           Row{"ä", "&AOQ-"},
           Row{"ää", "&AOQA5A-"},
           Row{"äää", "&AOQA5ADk-"},
           Row{"a+b,c", "a+b,c"},
       }) {
    SCOPED_TRACE(utf8);
    EXPECT_EQ(to_modified_utf7(utf8), encoded);
    EXPECT_EQ(from_modified_utf7(encoded), utf8);
  }
}

TEST(ModifiedUtf7, RefusesWhatIsNone) {
  for (const char* name : {"B\xfcro", "&", "&AOQ", "&AO-", "&2D0-", "&3gA-", "&AEE-", "&A*-", "a&b"}) {
    SCOPED_TRACE(name);
    EXPECT_FALSE(from_modified_utf7(name));
  }
  for (const char* utf8 : {"\xff", "\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80"})
    EXPECT_FALSE(to_modified_utf7(utf8));
}

TEST(MailboxName, HasOneStoredForm) {
  struct Row {
    const char* written;
    const char* stored;  // null: refused
  };
  const std::string long_name(1001, 'a');
  for (const auto& [written, stored] : {
           Row{"inbox", "INBOX"},
           Row{"Inbox/Sub", "INBOX/Sub"},
           Row{"inboxes", "inboxes"},
           Row{"Work/", "Work"},
           Row{"Büro", "B&APw-ro"},
           Row{"#users/karen/Inbox", "#users/karen/Inbox"},
           Row{"", nullptr},
           Row{"/", nullptr},
           Row{"/a", nullptr},
           Row{"a//b", nullptr},
           Row{"a\tb", nullptr},
           Row{"a\xff", nullptr},
           Row{long_name.c_str(), nullptr},
       }) {
    SCOPED_TRACE(written);
    const auto name = canonical_name(written);
    ASSERT_EQ(name.has_value(), stored != nullptr);
    if (name) {
      EXPECT_EQ(*name, stored);
    }
  }
}

TEST(ListPattern, MatchesAsTheRfcSays) {
  struct Row {
    const char* pattern;
    const char* name;
    bool match;
  };
  for (const auto& [pattern, name, match] : {
           Row{"*", "a/b/c", true},
           Row{"%", "a", true},
           Row{"%", "a/b", false},
           Row{"a/%", "a/b", true},
           Row{"a/%", "a/b/c", false},
           Row{"a/%", "a", false},
           Row{"a*", "a/b", true},
           Row{"%/%", "a/b", true},
           Row{"*b", "a/b", true},
           Row{"inbox", "INBOX", true},
           Row{"InBox/%", "INBOX/a", true},
           Row{"WORK", "Work", false},
           Row{"", "a", false},
           Row{"**%%*", "a/b", true},
           Row{"%b", "a/b", false},
       }) {
    SCOPED_TRACE(std::string{pattern} + " " + name);
    EXPECT_EQ(matches(pattern, name), match);
  }
}

TEST(ListPattern, ManyWildcardsTakeNoLongTime) {
  const std::string name(1000, 'a');
  std::string pattern;
  for (int i = 0; i < 400; ++i) pattern += "*a";
  EXPECT_FALSE(matches(pattern + "b", name));
}

}  // namespace pennypost::imap
