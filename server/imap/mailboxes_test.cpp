// Commands on mailboxes, on a real store: SELECT, CREATE, DELETE, RENAME, LIST, LSUB, STATUS, NAMESPACE, ENABLE.
#include <gtest/gtest.h>

#include "server/imap/test_server.h"

namespace pennypost::imap {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {
constexpr std::string_view kMail = "Subject: Hello\r\n\r\nBody\r\n";
}

TEST(Select, TellsWhatTheRfcAsksFor) {
  const TestServer server;
  TestClient c = server.anna();
  c.append("INBOX", kMail, "(\\Seen)");
  c.append("INBOX", kMail, "(work)");
  const std::string answer = c.ask("SELECT inbox");
  EXPECT_THAT(answer, AllOf(HasSubstr("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft work)"),
                            HasSubstr("* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft work \\*)]"),
                            HasSubstr("* 2 EXISTS"), HasSubstr("* 2 RECENT"), HasSubstr("* OK [UNSEEN 2]")));
  EXPECT_THAT(answer, AllOf(HasSubstr("* OK [UIDVALIDITY "), HasSubstr("* OK [UIDNEXT 3]"),
                            HasSubstr("* OK [HIGHESTMODSEQ "), HasSubstr("\nT OK [READ-WRITE] SELECT completed")));
  EXPECT_THAT(c.ask("FETCH 1:2 FLAGS"),
              AllOf(HasSubstr("* 1 FETCH (FLAGS (\\Seen \\Recent))"), HasSubstr("* 2 FETCH (FLAGS (\\Recent work))")));
  // \Recent belongs to one session; EXAMINE takes nothing and changes nothing.
  TestClient other = server.anna();
  EXPECT_THAT(other.ask("EXAMINE INBOX"),
              AllOf(HasSubstr("* 0 RECENT"), HasSubstr("[PERMANENTFLAGS ()]"), HasSubstr("T OK [READ-ONLY]")));
  EXPECT_EQ(other.status("STORE 1 +FLAGS (\\Deleted)"), "T NO [READ-ONLY]");
  EXPECT_EQ(other.status("EXPUNGE"), "T NO [READ-ONLY]");
  EXPECT_THAT(other.ask("FETCH 2 BODY[]"), Not(HasSubstr("Seen")));
  EXPECT_EQ(other.status("CLOSE"), "T OK");
}

TEST(Select, AFailedOneLeavesNothingSelected) {
  const TestServer server;
  TestClient c = server.anna("INBOX");
  EXPECT_EQ(c.status("SELECT nosuch"), "T NO [NONEXISTENT]");
  EXPECT_THAT(c.ask("FETCH 1 FLAGS"), StartsWith("T BAD"));
  EXPECT_EQ(c.status("SELECT INBOX"), "T OK [READ-WRITE]");
  EXPECT_EQ(c.status("UNSELECT"), "T OK");
  EXPECT_THAT(c.ask("CHECK"), StartsWith("T BAD"));
}

TEST(Mailboxes, AreMadeRenamedAndRemoved) {
  const TestServer server;
  TestClient c = server.anna();
  EXPECT_EQ(c.status("CREATE a/b/c"), "T OK");
  EXPECT_EQ(c.status("CREATE a/b"), "T NO [ALREADYEXISTS]");
  EXPECT_EQ(c.status("CREATE InBox"), "T NO [ALREADYEXISTS]");
  EXPECT_EQ(c.status("CREATE #users/x"), "T NO [NOPERM]");
  EXPECT_EQ(c.status("DELETE INBOX"), "T NO [CANNOT]");
  EXPECT_EQ(c.status("DELETE nosuch"), "T NO [NONEXISTENT]");
  EXPECT_EQ(c.status("RENAME a z"), "T OK");
  EXPECT_EQ(c.status("RENAME nosuch y"), "T NO [NONEXISTENT]");
  EXPECT_EQ(c.status("RENAME z Sent"), "T NO [ALREADYEXISTS]");
  EXPECT_EQ(c.ask("LIST \"\" z*"),
            "* LIST (\\HasChildren) \"/\" \"z\"\n* LIST (\\HasChildren) \"/\" \"z/b\"\n"
            "* LIST (\\HasNoChildren) \"/\" \"z/b/c\"\nT OK LIST completed");
  // A level that is removed stays in the tree as long as something is below it.
  EXPECT_EQ(c.status("DELETE z/b"), "T OK");
  EXPECT_THAT(c.ask("LIST \"\" z/%"), HasSubstr("* LIST (\\Noselect \\HasChildren) \"/\" \"z/b\"\n"));
  EXPECT_EQ(c.status("SELECT z/b"), "T NO [NONEXISTENT]");
  EXPECT_EQ(c.status("DELETE z/b"), "T NO [NONEXISTENT]");
  EXPECT_EQ(c.status("DELETE z/b/c"), "T OK");
  EXPECT_EQ(c.ask("LIST \"\" z/*"), "T OK LIST completed");
}

TEST(Mailboxes, RenamingTheInboxMovesItsMessages) {
  const TestServer server;
  TestClient c = server.anna();
  c.append("INBOX", kMail);
  TestClient other = server.anna("INBOX");
  EXPECT_EQ(c.status("RENAME INBOX old"), "T OK");
  EXPECT_EQ(c.ask("STATUS old (MESSAGES)"), "* STATUS \"old\" (MESSAGES 1)\nT OK STATUS completed");
  EXPECT_EQ(c.ask("STATUS INBOX (MESSAGES)"), "* STATUS \"INBOX\" (MESSAGES 0)\nT OK STATUS completed");
  EXPECT_EQ(other.ask("NOOP"), "* 1 EXPUNGE\nT OK NOOP completed");
}

TEST(Mailboxes, NamesAreKeptInModifiedUtf7) {
  const TestServer server;
  TestClient c = server.anna();
  EXPECT_EQ(c.status("CREATE \"B\xc3\xbcro\""), "T OK");
  EXPECT_THAT(c.ask("LIST \"\" B*"), HasSubstr("\"B&APw-ro\""));
  EXPECT_EQ(c.status("SELECT B&APw-ro"), "T OK [READ-WRITE]");
  EXPECT_EQ(c.status("CREATE \"quote\\\"d\""), "T OK");
  EXPECT_THAT(c.ask("LIST \"\" quote*"), HasSubstr("\"/\" \"quote\\\"d\"\n"));
}

TEST(List, TellsTreeSeparatorAndSpecialUses) {
  const TestServer server;
  TestClient c = server.anna();
  EXPECT_EQ(c.ask("LIST \"\" \"\""), "* LIST (\\Noselect) \"/\" \"\"\nT OK LIST completed");
  EXPECT_EQ(c.ask("LIST \"\" %"),
            "* LIST (\\HasNoChildren \\Drafts) \"/\" \"Drafts\"\n"
            "* LIST (\\HasNoChildren) \"/\" \"INBOX\"\n"
            "* LIST (\\HasNoChildren \\Junk) \"/\" \"Junk\"\n"
            "* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent\"\n"
            "* LIST (\\HasNoChildren \\Trash) \"/\" \"Trash\"\nT OK LIST completed");
  EXPECT_EQ(c.ask("NAMESPACE"), "* NAMESPACE ((\"\" \"/\")) NIL NIL\nT OK NAMESPACE completed");
  EXPECT_EQ(c.status("CREATE old (USE (\\Archive))"), "T OK");
  EXPECT_EQ(c.ask("LIST \"\" old"), "* LIST (\\HasNoChildren \\Archive) \"/\" \"old\"\nT OK LIST completed");
}

TEST(List, ExtendedFormChoosesAndAddsStatus) {
  const TestServer server;
  TestClient c = server.anna();
  c.append("Sent", kMail);
  c.ask("CREATE a/b");
  c.ask("SUBSCRIBE a/b");
  c.ask("SUBSCRIBE gone");
  EXPECT_EQ(c.ask("LIST (SUBSCRIBED) \"\" (a/% g*)"),
            "* LIST (\\HasNoChildren \\Subscribed) \"/\" \"a/b\"\n"
            "* LIST (\\NonExistent \\HasNoChildren \\Subscribed) \"/\" \"gone\"\nT OK LIST completed");
  EXPECT_THAT(c.ask("LIST (SUBSCRIBED RECURSIVEMATCH) \"\" a"),
              HasSubstr("* LIST (\\HasChildren) \"/\" \"a\" (\"CHILDINFO\" (\"SUBSCRIBED\"))\n"));
  EXPECT_EQ(
      c.ask("LIST \"\" Sent RETURN (STATUS (MESSAGES UNSEEN))"),
      "* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent\"\n* STATUS \"Sent\" (MESSAGES 1 UNSEEN 1)\nT OK LIST completed");
  EXPECT_THAT(c.ask("LIST (SPECIAL-USE) \"\" *"), AllOf(HasSubstr("Drafts"), Not(HasSubstr("INBOX"))));
}

TEST(Subscriptions, NeedNoFolder) {
  const TestServer server;
  TestClient c = server.anna();
  EXPECT_EQ(c.status("SUBSCRIBE one/two"), "T OK");
  EXPECT_EQ(c.status("SUBSCRIBE Sent"), "T OK");
  EXPECT_THAT(c.ask("LSUB \"\" *"),
              AllOf(HasSubstr("* LSUB () \"/\" \"Sent\"\n"), HasSubstr("* LSUB () \"/\" \"one/two\"\n")));
  EXPECT_THAT(c.ask("LSUB \"\" o%"), HasSubstr("* LSUB (\\Noselect) \"/\" \"one\"\n"));
  EXPECT_EQ(c.status("UNSUBSCRIBE one/two"), "T OK");
  EXPECT_EQ(c.status("UNSUBSCRIBE never"), "T OK");
  EXPECT_THAT(c.ask("LSUB \"\" o*"), StartsWith("T OK"));
}

TEST(Status, CountsWithoutSelecting) {
  const TestServer server;
  TestClient c = server.anna();
  c.append("Sent", kMail, "(\\Seen)");
  c.append("Sent", kMail);
  EXPECT_THAT(
      c.ask("STATUS Sent (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN SIZE HIGHESTMODSEQ)"),
      testing::MatchesRegex("\\* STATUS \"Sent\" \\(MESSAGES 2 RECENT 2 UIDNEXT 3 UIDVALIDITY [0-9]+ UNSEEN 1 SIZE "
                            "48 HIGHESTMODSEQ [0-9]+\\)\nT OK STATUS completed"));
  EXPECT_EQ(c.status("STATUS nosuch (MESSAGES)"), "T NO [NONEXISTENT]");
}

TEST(Enable, KnowsCondstoreAndPassesOverTheRest) {
  const TestServer server;
  TestClient c = server.anna();
  EXPECT_EQ(c.ask("ENABLE FOO"), "* ENABLED\nT OK ENABLE completed");
  EXPECT_EQ(c.ask("ENABLE condstore FOO"), "* ENABLED CONDSTORE\nT OK ENABLE completed");
  c.append("INBOX", kMail);
  c.ask("SELECT INBOX");
  EXPECT_THAT(c.ask("FETCH 1 FLAGS"), HasSubstr(" MODSEQ ("));
  EXPECT_THAT(c.ask("STORE 1 +FLAGS.SILENT (\\Seen)"),
              testing::MatchesRegex("\\* 1 FETCH \\(MODSEQ \\([0-9]+\\)\\)\nT OK.*"));
  EXPECT_THAT(c.ask("STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\\Flagged)"), StartsWith("T OK [MODIFIED 1]"));
  EXPECT_THAT(c.ask("FETCH 1:* FLAGS (CHANGEDSINCE 999999)"), StartsWith("T OK"));
  EXPECT_THAT(c.ask("SEARCH MODSEQ 1"), testing::MatchesRegex("\\* SEARCH 1 \\(MODSEQ [0-9]+\\)\nT OK.*"));
}

TEST(Id, IsAnsweredInEveryState) {
  const TestServer server;
  TestClient c = server.client();
  EXPECT_EQ(c.ask("ID (\"name\" \"test\" \"version\" NIL)"), "* ID (\"name\" \"Pennypost\")\nT OK ID completed");
  EXPECT_EQ(c.status("ID NIL"), "T OK");
}

}  // namespace pennypost::imap
