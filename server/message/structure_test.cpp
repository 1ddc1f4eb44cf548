// ENVELOPE, BODYSTRUCTURE and BODY, to the octet.
#include "server/message/structure.h"

#include <fstream>

#include <gtest/gtest.h>

#include "server/message/invariants.h"

namespace pennypost::message {
namespace {

std::string stored(const std::string& name) {
  std::ifstream file{PENNYPOST_TESTDATA "/messages/" + name + ".eml", std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string envelope_of(const std::string& raw) { return envelope(parse(raw)); }
std::string structure_of(const std::string& raw) { return bodystructure(parse(raw)); }

TEST(Envelope, OfTheExampleOfRfc3501) {
  EXPECT_EQ(
      envelope_of("Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n"
                  "Subject: IMAP4rev1 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n"
                  "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\nMessage-Id: "
                  "<B27397-0100000@cac.washington.edu>\r\n\r\n"),
      "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\" "
      "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
      "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((NIL NIL \"imap\" \"cac.washington.edu\")) "
      "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL "
      "\"<B27397-0100000@cac.washington.edu>\")");
}

TEST(Envelope, OfNothingIsTenTimesNil) { EXPECT_EQ(envelope_of(""), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"); }

struct Row {
  const char* what;
  std::string field;
  const char* expected;  ///< stands somewhere in the envelope
};

TEST(Envelope, HoldsWhateverFieldsHold) {
  for (const auto& [what, field, expected] : {
           Row{"group", "To: A: b@c, d@e;",
               "((NIL NIL \"A\" NIL)(NIL NIL \"b\" \"c\")(NIL NIL \"d\" \"e\")(NIL NIL NIL NIL))"},
           Row{"empty group", "Bcc: undisclosed-recipients:;",
               "((NIL NIL \"undisclosed-recipients\" NIL)(NIL NIL NIL NIL))"},
           Row{"route", "To: <@a,@b:c@d>", "((NIL \"@a,@b\" \"c\" \"d\"))"},
           Row{"no domain: NIL would be a group", "To: root", "((NIL NIL \"root\" \"\"))"},
           Row{"quotes", R"(From: "a \"b\" \\ c" <x@y>)", R"(("a \"b\" \\ c" NIL "x" "y"))"},
           Row{"8-bit goes as a literal", "Subject: \xC3\xA4", "NIL {2}\r\n\xC3\xA4 NIL"},
           Row{"encoded words stay", "Subject: =?utf-8?Q?=C3=A4?=", "\"=?utf-8?Q?=C3=A4?=\""},
           Row{"folds go", "Subject: a\r\n\tb", "\"a b\""},
           Row{"an empty subject", "Subject:", "(NIL NIL NIL"},
           Row{"NUL goes", std::string("Subject: a\0b", 12), "\"ab\""},
           Row{"two To fields", "To: a@b\r\nto: c@d", "((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\"))"},
           Row{"of two subjects the first", "Subject: 1\r\nSubject: 2", "\"1\""},
           Row{"Sender and Reply-To from From", "From: a@b",
               "((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\"))"},
           Row{"their own where they are", "From: a@b\r\nSender: s@s\r\nReply-To: r@r",
               "((NIL NIL \"s\" \"s\")) ((NIL NIL \"r\" \"r\"))"},
           Row{"In-Reply-To", "In-Reply-To: <a@b>\r\nMessage-ID: <c@d>", "\"<a@b>\" \"<c@d>\")"},
       }) {
    const std::string envelope = envelope_of(field + "\r\n\r\n");
    EXPECT_NE(envelope.find(expected), std::string::npos) << what << "\n" << envelope;
    EXPECT_TRUE(invariants::read_list(envelope)) << what;
  }
}

TEST(Envelope, VeryLongStringsAreLiterals) {
  const std::string subject(5000, 's');
  EXPECT_NE(envelope_of("Subject: " + subject + "\r\n\r\n").find(" {5000}\r\n" + subject + " NIL"), std::string::npos);
}

TEST(Bodystructure, OfOnePart) {
  EXPECT_EQ(structure_of("\r\nHello\r\n"),
            R"(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 7 1 NIL NIL NIL NIL))");
  EXPECT_EQ(body(parse("\r\nHello\r\n")), R"(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 7 1))");
  EXPECT_EQ(structure_of("Content-Type: IMAGE/Png; name=x\r\nContent-Transfer-Encoding: BASE64\r\n\r\nAAAA"),
            R"(("IMAGE" "Png" ("name" "x") NIL NIL "BASE64" 4 NIL NIL NIL NIL))");
  EXPECT_EQ(
      structure_of(stored("all-part-fields")),
      "(\"text\" \"plain\" (\"charset\" \"utf-8\" \"x\" \"quote \\\" and backslash \\\\\") \"<part1@example.com>\" "
      "\"a \\\"quoted\\\" description\" \"8BIT\" 8 1 \"Q2hlY2sgSW50ZWdyaXR5IQ==\" "
      "(\"inline\" (\"filename\" \"a;b.txt\" \"creation-date\" \"Mon, 23 Nov 2026 10:00:00 +0000\")) (\"de\" "
      "\"en-GB\") "
      "\"http://example.com/ folded.txt\")");
}

TEST(Bodystructure, OfMultiparts) {
  EXPECT_EQ(structure_of(stored("related")),
            "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 11 0 NIL NIL NIL NIL)"
            "((\"text\" \"html\" (\"charset\" \"iso-8859-1\") NIL NIL \"quoted-printable\" 60 0 NIL NIL NIL NIL)"
            "(\"image\" \"png\" (\"name\" \"pic.png\") \"<pic@example.com>\" NIL \"base64\" 98 NIL (\"inline\" "
            "(\"filename\" \"pic.png\")) NIL NIL)"
            " \"related\" (\"boundary\" \"inner\" \"type\" \"text/html\") NIL NIL NIL)"
            " \"alternative\" (\"boundary\" \"outer\") NIL NIL NIL)");
}

TEST(Bodystructure, OfAnEmbeddedMessageHoldsItsEnvelopeAndStructure) {
  EXPECT_EQ(structure_of(stored("message-in-message")),
            "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 130 (NIL \"middle\" NIL NIL NIL NIL NIL NIL NIL NIL) "
            "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 62 (NIL \"inner\" ((NIL NIL \"deep\" \"example.com\")) "
            "((NIL NIL \"deep\" \"example.com\")) ((NIL NIL \"deep\" \"example.com\")) NIL NIL NIL NIL NIL) "
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 20 1 NIL NIL NIL NIL) 4 NIL NIL NIL NIL) "
            "8 NIL NIL NIL NIL)");
}

TEST(Bodystructure, OfWhatIsNotLookedIntoIsOctets) {
  const std::string raw = stored("nested");
  EXPECT_TRUE(bodystructure(parse(raw, {.depth = 1}))
                  .starts_with(R"(("application" "octet-stream" ("boundary" "a") NIL NIL "7bit" )"));
  EXPECT_NE(structure_of(stored("encoded-message"))
                .find(R"(("application" "octet-stream" ("name" "inner.eml") NIL NIL "base64" )"),
            std::string::npos);
}

TEST(Bodystructure, KeepsRfc2231ParametersEncoded) {
  const std::string structure = structure_of(stored("rfc2231"));
  EXPECT_NE(
      structure.find("(\"title*\" \"us-ascii'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!\")"),
      std::string::npos)
      << structure;
  EXPECT_NE(structure.find("(\"filename*\" \"utf-8''na%C3%AFve%20%E2%82%AC.txt\" \"filename\" \"naive.txt\")"),
            std::string::npos);
}

TEST(Body, IsReadOffTheStoredBodystructure) {
  for (const char* name :
       {"plain", "related", "forwarded", "message-in-message", "digest", "groups", "smtputf8", "rfc2231"}) {
    const std::string raw = stored(name);
    const Message message = parse(raw);
    EXPECT_EQ(body_of_bodystructure(bodystructure(message)), body(message)) << name;
  }
}

TEST(Body, OfWhatIsNoBodystructureIsTheSame) {
  for (const std::string bad : {"", "(", "()", "NIL", "(\"text\")", "((((", "(\"a\" \"b\" {99999999999}\r\n",
                                "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 5)x"}) {
    EXPECT_EQ(body_of_bodystructure(bad), bad);
  }
  const std::string deep(100'000, '(');
  EXPECT_EQ(body_of_bodystructure(deep), deep);
}

}  // namespace
}  // namespace pennypost::message
