// Commands on messages, on a real store: APPEND, FETCH, STORE, SEARCH, COPY, MOVE, EXPUNGE.
#include <gtest/gtest.h>

#include "server/imap/test_server.h"

namespace pennypost::imap {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

constexpr std::string_view kPlain =
    "From: Anna Test <anna@corp.example>\r\nTo: bert@corp.example\r\nSubject: =?utf-8?q?B=C3=BCro?= plan\r\n"
    "Date: Mon, 2 Mar 2020 23:30:00 -0500\r\nMessage-ID: <1@corp.example>\r\n\r\nThe quick brown fox\r\njumps.\r\n";

constexpr std::string_view kMultipart =
    "From: a@b.example\r\nSubject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=X\r\n\r\n"
    "preamble\r\n--X\r\nContent-Type: text/plain\r\n\r\nfirst part\r\n--X\r\nContent-Type: message/rfc822\r\n\r\n"
    "Subject: inner\r\nX-Inner: yes\r\nContent-Type: multipart/alternative; boundary=Y\r\n\r\n"
    "--Y\r\n\r\ninner text\r\n--Y\r\nContent-Type: text/html\r\n\r\n<p>inner</p>\r\n--Y--\r\n\r\n--X--\r\n";

std::string body(std::string_view label, std::string_view octets) {
  return "* 1 FETCH (" + std::string{label} + " {}" + std::string{octets} + ")\nT OK FETCH completed";
}

}  // namespace

TEST(Append, KeepsFlagsDateAndOctets) {
  const TestServer server;
  TestClient c = server.anna();
  EXPECT_THAT(c.append("INBOX", kPlain, "(\\Seen \\Draft custom) \"17-Jul-1996 02:44:25 -0700\""),
              testing::MatchesRegex("T OK \\[APPENDUID [0-9]+ 1\\] APPEND completed"));
  c.ask("SELECT INBOX");
  EXPECT_EQ(c.ask("FETCH 1 (UID FLAGS INTERNALDATE RFC822.SIZE)"),
            "* 1 FETCH (UID 1 FLAGS (\\Seen \\Draft \\Recent custom) INTERNALDATE \"17-Jul-1996 09:44:25 +0000\" "
            "RFC822.SIZE " +
                std::to_string(kPlain.size()) + ")\nT OK FETCH completed");
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[]"), body("BODY[]", kPlain));
  EXPECT_EQ(c.status("APPEND INBOX {0+}\r\n"), "T NO");
  EXPECT_THAT(c.append("nosuch", kPlain), StartsWith("T NO [TRYCREATE]"));
}

TEST(Append, OfSeveralMessagesIsAllOrNone) {
  const TestServer server;
  TestClient c = server.anna();
  EXPECT_THAT(c.ask("APPEND Sent (\\Seen) {5+}\r\na: b\n {5+}\r\nc: d\n (\\Flagged) {5+}\r\ne: f\n"),
              testing::MatchesRegex("T OK \\[APPENDUID [0-9]+ 1:3\\].*"));
  EXPECT_THAT(c.ask("APPEND Sent {5+}\r\na: b\n {0+}\r\n"), StartsWith("T NO"));
  EXPECT_THAT(c.ask("STATUS Sent (MESSAGES)"), HasSubstr("MESSAGES 3"));
}

TEST(Fetch, GivesStoredStringsAndSections) {
  const TestServer server;
  TestClient c = server.anna();
  c.append("INBOX", kPlain);
  c.ask("SELECT INBOX");
  const std::string header{kPlain.substr(0, kPlain.find("\r\n\r\n") + 4)};
  const std::string text{kPlain.substr(header.size())};
  EXPECT_THAT(
      c.ask("FETCH 1 ENVELOPE"),
      HasSubstr(
          "* 1 FETCH (ENVELOPE (\"Mon, 2 Mar 2020 23:30:00 -0500\" \"=?utf-8?q?B=C3=BCro?= plan\" ((\"Anna Test\" NIL "
          "\"anna\" \"corp.example\"))"));
  EXPECT_THAT(c.ask("FETCH 1 (BODY BODYSTRUCTURE)"),
              AllOf(HasSubstr("BODY (\"text\" \"plain\""), HasSubstr("BODYSTRUCTURE (\"text\"")));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[HEADER]"), body("BODY[HEADER]", header));
  EXPECT_EQ(c.ask("FETCH 1 RFC822.HEADER"), body("RFC822.HEADER", header));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[TEXT]"), body("BODY[TEXT]", text));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[1]"), body("BODY[1]", text));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[2]"), "* 1 FETCH (BODY[2] NIL)\nT OK FETCH completed");
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[TEXT]<4.5>"), body("BODY[TEXT]<4>", "quick"));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[]<0.4>"), body("BODY[]<0>", "From"));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[TEXT]<999.5>"), body("BODY[TEXT]<999>", ""));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[]<99999.5>"), body("BODY[]<99999>", ""));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[HEADER.FIELDS (subject X-None)]"),
            body("BODY[HEADER.FIELDS (subject X-None)]", "Subject: =?utf-8?q?B=C3=BCro?= plan\r\n\r\n"));
  EXPECT_THAT(c.ask("FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (Subject)]"),
              AllOf(HasSubstr("Message-ID"), Not(HasSubstr("plan"))));
  EXPECT_THAT(c.ask("FETCH 1 FAST"), AllOf(HasSubstr("FLAGS"), HasSubstr("INTERNALDATE"), HasSubstr("RFC822.SIZE")));
}

TEST(Fetch, FindsPartsOfEmbeddedMessages) {
  const TestServer server;
  TestClient c = server.anna();
  c.append("INBOX", kMultipart);
  c.ask("SELECT INBOX");
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[1]"), body("BODY[1]", "first part"));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[1.MIME]"), body("BODY[1.MIME]", "Content-Type: text/plain\r\n\r\n"));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[2.1]"), body("BODY[2.1]", "inner text"));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[2.2]<1.3>"), body("BODY[2.2]<1>", "p>i"));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[2.HEADER.FIELDS (X-Inner)]"),
            body("BODY[2.HEADER.FIELDS (X-Inner)]", "X-Inner: yes\r\n\r\n"));
  EXPECT_THAT(c.ask("FETCH 1 BODY.PEEK[2.HEADER]"), HasSubstr("Subject: inner\r\n"));
  EXPECT_THAT(c.ask("FETCH 1 BODY.PEEK[2.TEXT]"), HasSubstr("--Y\r\n"));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[3]"), "* 1 FETCH (BODY[3] NIL)\nT OK FETCH completed");
  EXPECT_THAT(c.ask("FETCH 1 (UID BODY.PEEK[1] BODY.PEEK[2.1] RFC822.SIZE)"),
              HasSubstr("* 1 FETCH (UID 1 RFC822.SIZE " + std::to_string(kMultipart.size()) +
                        " BODY[1] {}first part BODY[2.1] {}inner text)"));
}

TEST(Fetch, OfABodySetsSeenUnlessItPeeks) {
  const TestServer server;
  TestClient c = server.anna();
  for (int i = 0; i < 3; ++i) c.append("INBOX", kPlain);
  c.ask("SELECT INBOX");
  EXPECT_THAT(c.ask("FETCH 1 BODY.PEEK[]"), Not(HasSubstr("Seen")));
  EXPECT_THAT(c.ask("FETCH 1 BODY[HEADER]"), HasSubstr("FLAGS (\\Seen \\Recent)"));
  EXPECT_THAT(c.ask("FETCH 1 BODY[HEADER]"), Not(HasSubstr("FLAGS")));
  EXPECT_THAT(c.ask("FETCH 2 RFC822"), HasSubstr("FLAGS (\\Seen \\Recent)"));
  EXPECT_THAT(c.ask("FETCH 3 RFC822.HEADER"), Not(HasSubstr("Seen")));
  EXPECT_THAT(c.ask("SEARCH UNSEEN"), HasSubstr("* SEARCH 3\n"));
}

TEST(Fetch, NumbersThatDoNotExistAreWrongButUidsAreNot) {
  const TestServer server;
  TestClient c = server.anna("INBOX");
  EXPECT_EQ(c.status("FETCH 1 FLAGS"), "T BAD");
  EXPECT_EQ(c.ask("FETCH 1:* FLAGS"), "T OK FETCH completed") << "every message of an empty mailbox";
  EXPECT_EQ(c.ask("UID FETCH 1:* FLAGS"), "T OK FETCH completed");
  c.append("INBOX", kPlain);
  c.ask("NOOP");
  EXPECT_EQ(c.status("FETCH 2 FLAGS"), "T BAD");
  EXPECT_THAT(c.ask("UID FETCH 5:* FLAGS"), HasSubstr("* 1 FETCH (FLAGS (\\Recent) UID 1)")) << "* is the last message";
  EXPECT_EQ(c.ask("UID FETCH 7 FLAGS"), "T OK FETCH completed");
}

TEST(Store, AddsTakesAwayAndReplaces) {
  const TestServer server;
  TestClient c = server.anna();
  for (int i = 0; i < 2; ++i) c.append("INBOX", kPlain);
  c.ask("SELECT INBOX");
  struct Row {
    const char* command;
    const char* answer;
  };
  for (const auto& [command, answer] : {
           Row{"STORE 1 FLAGS (\\Seen work)", "* 1 FETCH (FLAGS (\\Seen \\Recent work))\nT OK STORE completed"},
           Row{"STORE 1 +FLAGS (\\Flagged WORK)",
               "* 1 FETCH (FLAGS (\\Flagged \\Seen \\Recent work))\nT OK STORE completed"},
           Row{"STORE 1 -FLAGS (\\Seen Work)", "* 1 FETCH (FLAGS (\\Flagged \\Recent))\nT OK STORE completed"},
           Row{"UID STORE 2 +FLAGS \\Answered", "* 2 FETCH (UID 2 FLAGS (\\Answered \\Recent))\nT OK STORE completed"},
           Row{"STORE 1:2 FLAGS.SILENT ()", "T OK STORE completed"},
           Row{"STORE 1 +FLAGS (\\Recent)", "* 1 FETCH (FLAGS (\\Recent))\nT OK STORE completed"},
           Row{"UID STORE 99 +FLAGS (\\Seen)", "T OK STORE completed, no messages"},
       }) {
    SCOPED_TRACE(command);
    const std::string got = c.ask(command);
    EXPECT_THAT(got, testing::EndsWith(answer));
  }
  EXPECT_EQ(c.ask("FETCH 1:2 FLAGS"),
            "* 1 FETCH (FLAGS (\\Recent))\n* 2 FETCH (FLAGS (\\Recent))\nT OK FETCH completed");
}

TEST(Search, FindsWhatIsAskedFor) {
  const TestServer server;
  TestClient c = server.anna();
  c.append("INBOX", kPlain, "(\\Seen) \"10-Feb-2020 12:00:00 +0000\"");
  c.append("INBOX", kMultipart, "(\\Flagged work) \"20-Feb-2020 12:00:00 +0000\"");
  c.append("INBOX",
           "Subject: third\r\nCc: carl@c.example\r\nX-Foo:\r\n\r\nStra\xc3\x9f"
           "e\r\n",
           "\"01-Mar-2020 00:00:00 +0000\"");
  c.ask("SELECT INBOX");
  struct Row {
    const char* keys;
    const char* found;
  };
  for (const auto& [keys, found] : {
           Row{"ALL", " 1 2 3"},
           Row{"SEEN", " 1"},
           Row{"UNSEEN", " 2 3"},
           Row{"FLAGGED KEYWORD WORK", " 2"},
           Row{"UNKEYWORD work", " 1 3"},
           Row{"NEW", " 2 3"},
           Row{"OLD", ""},
           Row{"2:3 NOT FLAGGED", " 3"},
           Row{"UID 1,3", " 1 3"},
           Row{"UID 77", ""},
           Row{"SINCE 20-Feb-2020", " 2 3"},
           Row{"BEFORE 20-Feb-2020", " 1"},
           Row{"ON 1-Mar-2020", " 3"},
           Row{"SENTON 2-Mar-2020", " 1"},
           Row{"SENTSINCE 3-Mar-2020", ""},
           Row{"SENTBEFORE 1-Jan-2030", " 1"},
           Row{"SUBJECT \"b\xc3\x9cro PLAN\"", " 1"},
           Row{"CHARSET ISO-8859-1 SUBJECT B\xfcro", " 1"},
           Row{"FROM anna", " 1"},
           Row{"FROM ANNA@CORP", " 1"},
           Row{"TO bert CC carl", ""},
           Row{"OR TO bert CC carl", " 1 3"},
           Row{"HEADER Message-ID <1@", " 1"},
           Row{"HEADER X-Foo \"\"", " 3"},
           Row{"HEADER X-Bar \"\"", ""},
           Row{"BODY \"quick BROWN\"", " 1"},
           Row{"BODY plan", ""},
           Row{"TEXT plan", " 1"},
           Row{"TEXT \"inner text\"", " 2"},
           Row{"BODY STRASSE", " 3"},
           Row{"NOT BODY fox", " 2 3"},
           Row{"OR BODY fox (SUBJECT third UNSEEN)", " 1 3"},
           Row{"LARGER 300", " 2"},
           Row{"SMALLER 100", " 3"},
           Row{"YOUNGER 10", ""},
           Row{"OLDER 10", " 1 2 3"},
       }) {
    SCOPED_TRACE(keys);
    EXPECT_EQ(c.ask(std::string{"SEARCH "} + keys), "* SEARCH" + std::string{found} + "\nT OK SEARCH completed");
  }
  EXPECT_THAT(c.ask("UID SEARCH RETURN (MIN MAX COUNT ALL) ALL"),
              testing::MatchesRegex(
                  "\\* ESEARCH \\(TAG \"t[0-9]+\"\\) UID MIN 1 MAX 3 COUNT 3 ALL 1:3\nT OK SEARCH completed"));
  EXPECT_THAT(c.ask("SEARCH CHARSET x-nothing TEXT a"), StartsWith("T NO [BADCHARSET (US-ASCII UTF-8)] "));
  EXPECT_EQ(c.status("SEARCH 4"), "T BAD");
  EXPECT_EQ(c.status("SEARCH FOO"), "T BAD");
}

TEST(CopyAndMove, TellTheNewUids) {
  const TestServer server;
  TestClient c = server.anna();
  for (int i = 0; i < 3; ++i) c.append("INBOX", kPlain, "(\\Seen) \"10-Feb-2020 12:00:00 +0000\"");
  c.ask("SELECT INBOX");
  EXPECT_THAT(c.ask("COPY 1:2 Sent"), testing::MatchesRegex("T OK \\[COPYUID [0-9]+ 1:2 1:2\\] COPY completed"));
  EXPECT_EQ(c.status("COPY 1 nosuch"), "T NO [TRYCREATE]");
  EXPECT_EQ(c.status("COPY 9 Sent"), "T BAD");
  EXPECT_EQ(c.status("UID COPY 9 Sent"), "T OK");
  EXPECT_THAT(
      c.ask("MOVE 1,3 Trash"),
      testing::MatchesRegex(
          "\\* OK \\[COPYUID [0-9]+ 1,3 1:2\\] Moved\n\\* [0-9] EXPUNGE\n\\* [0-9] EXPUNGE\nT OK MOVE completed"));
  EXPECT_THAT(c.ask("FETCH 1:* UID"), StartsWith("* 1 FETCH (UID 2)\nT OK"));
  EXPECT_EQ(c.status("MOVE 1 nosuch"), "T NO [TRYCREATE]");
  c.ask("SELECT Trash");
  EXPECT_THAT(c.ask("FETCH 2 (FLAGS INTERNALDATE)"),
              AllOf(HasSubstr("\\Seen"), HasSubstr("10-Feb-2020 12:00:00 +0000")));
  EXPECT_EQ(c.ask("FETCH 1 BODY.PEEK[]"), body("BODY[]", kPlain));
}

TEST(Expunge, RemovesWhatIsMarkedAndOnlyThat) {
  const TestServer server;
  TestClient c = server.anna();
  for (int i = 0; i < 5; ++i) c.append("INBOX", kPlain);
  c.ask("SELECT INBOX");
  c.ask("STORE 1,2,4,5 +FLAGS.SILENT (\\Deleted)");
  EXPECT_EQ(c.ask("UID EXPUNGE 2:3"), "* 2 EXPUNGE\nT OK EXPUNGE completed");
  EXPECT_EQ(c.ask("EXPUNGE"), "* 1 EXPUNGE\n* 2 EXPUNGE\n* 2 EXPUNGE\nT OK EXPUNGE completed");
  EXPECT_THAT(c.ask("FETCH 1:* UID"), StartsWith("* 1 FETCH (UID 3)\nT OK"));
  c.ask("STORE 1 +FLAGS.SILENT (\\Deleted)");
  EXPECT_EQ(c.ask("CLOSE"), "T OK CLOSE completed");
  EXPECT_THAT(c.ask("STATUS INBOX (MESSAGES)"), HasSubstr("MESSAGES 0"));
}

TEST(Fetch, OfManyRowsIsComplete) {
  const TestServer server;
  TestClient c = server.anna();
  for (int round = 0; round < 10; ++round) {
    std::string command = "APPEND INBOX";
    for (int i = 0; i < 60; ++i) command += " {5+}\r\na: b\n";
    ASSERT_THAT(c.ask(command), StartsWith("T OK"));
  }
  c.ask("SELECT INBOX");
  const std::string rows = c.ask("FETCH 1:* (UID FLAGS)");
  for (int i = 1; i <= 600; ++i) {
    ASSERT_THAT(rows,
                HasSubstr("* " + std::to_string(i) + " FETCH (UID " + std::to_string(i) + " FLAGS (\\Recent))\n"));
  }
  const std::string envelopes = c.ask("FETCH 1:* (ENVELOPE BODY.PEEK[HEADER.FIELDS (A)])");
  EXPECT_THAT(envelopes, AllOf(HasSubstr("* 600 FETCH ("), testing::EndsWith("T OK FETCH completed")));
}

}  // namespace pennypost::imap
