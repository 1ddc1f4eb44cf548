// Sessions on a real store: login, limits, literals, pipelining, two clients at once.
#include "server/imap/session.h"

#include <gtest/gtest.h>

#include "server/imap/test_server.h"

namespace pennypost::imap {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {
constexpr std::string_view kMail = "From: Anna <anna@corp.example>\r\nSubject: Hello\r\n\r\nBody\r\n";
}

TEST(Session, GreetsAndSaysGoodByeInTheWordsOfTheSpec) {
  const TestServer server;
  TestClient c = server.client();
  EXPECT_EQ(c.greeting, "* OK VPOP3 IMAP4 Server Ready");
  EXPECT_THAT(c.ask("CAPABILITY"), AllOf(StartsWith("* CAPABILITY IMAP4rev1 "), HasSubstr("STARTTLS"),
                                         HasSubstr("AUTH=PLAIN"), HasSubstr("\nT OK")));
  EXPECT_EQ(c.ask("LOGOUT"), "* BYE VPOP3 IMAP4 Server Signing off\nT OK LOGOUT completed");
  EXPECT_TRUE(c.is_closed());
}

TEST(Session, TheThirdWrongPasswordEndsIt) {
  const TestServer server;
  TestClient c = server.client();
  EXPECT_EQ(c.ask("LOGIN anna wrong"), "T NO [AUTHENTICATIONFAILED] Invalid login");
  EXPECT_EQ(c.ask("LOGIN nobody wrong"), "T NO [AUTHENTICATIONFAILED] Invalid login");
  EXPECT_THAT(c.ask("LOGIN anna wrong"), StartsWith("T NO [AUTHENTICATIONFAILED]"));
  EXPECT_THAT(c.line(), StartsWith("* BYE "));
  EXPECT_TRUE(c.is_closed());
}

TEST(Session, TakesNoMoreLoginsThanAllowed) {
  const TestServer server{{{"ImapSessionsPerAccount", "2"}}};
  TestClient first = server.anna();
  TestClient second = server.anna();
  TestClient third = server.client();
  EXPECT_EQ(third.ask("LOGIN anna secret-anna"), "T NO [LIMIT] Too many logins");
  EXPECT_THAT(third.ask("LOGIN bert secret-bert"), HasSubstr("T OK"));
  EXPECT_THAT(first.ask("NOOP"), HasSubstr("T OK"));
  second.ask("LOGOUT");
  EXPECT_TRUE(second.is_closed());
  TestClient fourth = server.client();
  std::string last;
  for (int i = 0; i < 50 && last.find("T OK") == std::string::npos; ++i) last = fourth.ask("LOGIN anna secret-anna");
  EXPECT_THAT(last, HasSubstr("T OK"));
}

TEST(Session, IsRefusedWhilePop3HoldsTheMailbox) {
  const TestServer server{{{"MailboxLockWait", "0"}}};
  auto lock = server.store->locks().lock(server.ids[0], store::LockMode::exclusive, Milliseconds{0});
  ASSERT_TRUE(lock);
  TestClient c = server.client();
  EXPECT_EQ(c.ask("LOGIN anna secret-anna"), "T NO [INUSE] Mailbox Locked");
  lock->release();
  EXPECT_THAT(c.ask("LOGIN anna secret-anna"), HasSubstr("T OK"));
}

TEST(Session, AuthenticatesWithAndWithoutInitialResponse) {
  const TestServer server;
  const std::string plain = base64_encode(std::string_view{"\0anna\0secret-anna", 17});
  TestClient one = server.client();
  EXPECT_THAT(one.ask("AUTHENTICATE PLAIN " + plain), AllOf(HasSubstr("T OK [CAPABILITY "), Not(HasSubstr("AUTH="))));
  TestClient two = server.client();
  two.raw("a AUTHENTICATE PLAIN\r\n");
  EXPECT_EQ(two.line(), "+ ");
  two.raw(plain + "\r\n");
  EXPECT_THAT(two.until("a"), StartsWith("T OK"));
  TestClient three = server.client();
  three.raw("a AUTHENTICATE PLAIN\r\n");
  EXPECT_EQ(three.line(), "+ ");
  three.raw("*\r\n");
  EXPECT_THAT(three.until("a"), StartsWith("T BAD"));
  EXPECT_THAT(three.ask("AUTHENTICATE NOSUCH"), StartsWith("T "));
  EXPECT_THAT(three.ask("AUTHENTICATE PLAIN !!!"), StartsWith("T BAD"));
}

TEST(Session, PasswordsInClearCanBeForbidden) {
  const TestServer server{{{"RequireEncryptedAuthentication", "1"}}};
  TestClient c = server.client();
  EXPECT_THAT(c.ask("CAPABILITY"), AllOf(HasSubstr(" LOGINDISABLED"), Not(HasSubstr("AUTH=PLAIN"))));
  EXPECT_EQ(c.status("LOGIN anna secret-anna"), "T NO [PRIVACYREQUIRED]");
  EXPECT_EQ(c.status("STARTTLS"), "T OK");
  const auto tls = net::TlsClient::make();
  ASSERT_TRUE(tls);
  ASSERT_TRUE(c.connection().start_tls(**tls, "", net::Verify::none).ok());
  EXPECT_THAT(c.ask("CAPABILITY"),
              AllOf(Not(HasSubstr("LOGINDISABLED")), Not(HasSubstr("STARTTLS")), HasSubstr("AUTH=PLAIN")));
  EXPECT_EQ(c.status("STARTTLS"), "T BAD");
  EXPECT_THAT(c.ask("LOGIN anna secret-anna"), HasSubstr("T OK"));
}

TEST(Session, AnswersWhatMakesNoSenseWithItsPlace) {
  const TestServer server;
  TestClient c = server.anna();
  struct Row {
    const char* line;
    const char* answer;
  };
  for (const auto& [line, answer] : {
           Row{"", "* BAD "},
           Row{"x", "x BAD "},
           Row{"+ NOOP", "* BAD "},
           Row{"x FOO", "x BAD Unknown command"},
           Row{"x UID NOOP", "x BAD Unknown command"},
           Row{"x UID", "x BAD "},
           Row{"x LOGIN a b", "x BAD Already logged in"},
           Row{"x FETCH 1 FLAGS", "x BAD Select a mailbox first"},
           Row{"x SELECT", "x BAD Error in SELECT: missing argument at octet "},
           Row{"x SELECT INBOX foo", "x BAD Error in SELECT: expected \"(\" at octet 16"},
           Row{"x NOOP foo", "x BAD Error in NOOP: "},
           Row{"x SELECT {3}x", "x BAD "},
       }) {
    SCOPED_TRACE(line);
    c.raw(std::string{line} + "\r\n");
    EXPECT_THAT(c.line(), StartsWith(answer));
  }
  EXPECT_THAT(c.ask("NOOP"), StartsWith("T OK"));
}

TEST(Session, EndsAfterTooManyWrongCommands) {
  const TestServer server;
  TestClient c = server.client();
  for (int i = 0; i < kImapBadCommands.most; ++i) EXPECT_THAT(c.ask("GET / HTTP/1.1"), StartsWith("T BAD"));
  EXPECT_THAT(c.line(), StartsWith("* BYE"));
  EXPECT_TRUE(c.is_closed());
}

TEST(Session, OverLongLinesAreNeverTakenForCommands) {
  const TestServer server;
  TestClient c = server.anna();
  c.raw("a " + std::string(70'000, 'x') + "\r\nb NOOP\r\n");
  EXPECT_THAT(c.line(), StartsWith("a BAD"));
  EXPECT_THAT(c.line(), StartsWith("b OK"));
  // A literal announced at the end of such a line belongs to it.
  c.raw("c LIST \"\" " + std::string(70'000, 'x') + " {11+}\r\nd CREATE x\n\r\ne NOOP\r\n");
  EXPECT_THAT(c.line(), StartsWith("c BAD"));
  EXPECT_THAT(c.line(), StartsWith("e OK"));
}

TEST(Session, RefusesLiteralsThatAreTooLarge) {
  const TestServer server{{{"MaxMessageSize", "65536"}}};
  TestClient c = server.anna();
  EXPECT_THAT(c.ask("APPEND INBOX {65537}"), StartsWith("T NO [TOOBIG]"));  // not invited
  EXPECT_THAT(c.append("INBOX", std::string(70'000, 'x')), StartsWith("T NO [TOOBIG]"));
  EXPECT_THAT(c.ask("SELECT {999999}"), StartsWith("T BAD"));
  EXPECT_THAT(c.ask("SELECT {300000+}\r\n" + std::string(300'000, 'x')), StartsWith("T BAD"));
  EXPECT_THAT(c.ask("APPEND nosuch {65000}"), StartsWith("T NO [TRYCREATE]"));
  EXPECT_THAT(c.ask("NOOP"), StartsWith("T OK"));
  c.raw("x SELECT {99999999999999999999+}\r\n");
  EXPECT_THAT(c.line(), StartsWith("x BAD"));
  EXPECT_THAT(c.line(), StartsWith("* BYE"));
  EXPECT_TRUE(c.is_closed());
  TestClient stranger = server.client();
  EXPECT_THAT(stranger.ask("LOGIN {9000}"), StartsWith("T BAD"));
}

TEST(Session, TakesLiteralsOfBothKindsAndPipelinedCommands) {
  const TestServer server;
  TestClient c = server.client();
  c.raw("a LOGIN {4}\r\n");
  EXPECT_THAT(c.line(), StartsWith("+ "));
  c.raw("anna {11+}\r\nsecret-anna\r\nb CREATE {1+}\r\nx\r\nc LIST \"\" x\r\nd NOOP\r\n");
  EXPECT_THAT(c.until("d"),
              AllOf(HasSubstr("a OK"), HasSubstr("\nb OK"), HasSubstr("\"/\" \"x\"\nc OK"), HasSubstr("\nT OK")));
}

TEST(Session, StoresLargeMessagesOctetForOctet) {
  const TestServer server;
  TestClient c = server.anna();
  std::string large{kMail};
  while (large.size() < 3'000'000)
    large += "A line of text that is repeated until it is enough, " + std::to_string(large.size()) + "\r\n";
  EXPECT_THAT(c.append("INBOX", large), StartsWith("T OK [APPENDUID "));
  EXPECT_THAT(c.ask("SELECT INBOX"), HasSubstr("* 1 EXISTS"));
  const std::string got = c.ask("FETCH 1 (RFC822.SIZE BODY.PEEK[])");
  EXPECT_TRUE(got == "* 1 FETCH (RFC822.SIZE " + std::to_string(large.size()) + " BODY[] {}" + large +
                         ")\nT OK FETCH completed");
  const std::string part = c.ask("FETCH 1 BODY.PEEK[]<1000000.500000>");
  EXPECT_TRUE(part == "* 1 FETCH (BODY[]<1000000> {}" + large.substr(1'000'000, 500'000) + ")\nT OK FETCH completed");
}

TEST(TwoSessions, SeeEachOthersChangesAtOnce) {
  const TestServer server;
  TestClient one = server.anna("INBOX");
  TestClient two = server.anna("INBOX");
  one.append("INBOX", kMail, "(\\Flagged)");
  EXPECT_THAT(two.ask("NOOP"), AllOf(HasSubstr("* 1 EXISTS"), HasSubstr("T OK")));
  one.ask("STORE 1 +FLAGS (\\Seen hello)");
  EXPECT_THAT(two.ask("NOOP"),
              AllOf(HasSubstr("* FLAGS ("), HasSubstr("hello"), HasSubstr("* 1 FETCH (FLAGS (\\Flagged \\Seen")));
  EXPECT_EQ(two.ask("NOOP"), "T OK NOOP completed");
  one.ask("STORE 1 +FLAGS.SILENT (\\Deleted)");
  one.ask("EXPUNGE");
  EXPECT_EQ(two.ask("CHECK"), "* 1 EXPUNGE\nT OK CHECK completed");
}

TEST(TwoSessions, MessageNumbersHoldDuringFetchStoreAndSearch) {
  const TestServer server;
  TestClient one = server.anna("INBOX");
  for (int i = 0; i < 3; ++i) one.append("INBOX", kMail);
  TestClient two = server.anna("INBOX");
  one.ask("STORE 1 +FLAGS.SILENT (\\Deleted)");
  EXPECT_THAT(one.ask("EXPUNGE"), StartsWith("* 1 EXPUNGE\nT OK"));
  EXPECT_THAT(two.ask("FETCH 2:3 UID"),
              AllOf(HasSubstr("* 2 FETCH (UID 2)"), HasSubstr("* 3 FETCH (UID 3)"), Not(HasSubstr("EXPUNGE"))));
  EXPECT_THAT(two.ask("SEARCH ALL"), AllOf(HasSubstr("* SEARCH 1 2 3"), Not(HasSubstr("EXPUNGE"))));
  EXPECT_THAT(two.ask("STORE 2 +FLAGS (\\Seen)"),
              AllOf(HasSubstr("* 2 FETCH (FLAGS (\\Seen"), Not(HasSubstr("EXPUNGE"))));
  EXPECT_THAT(two.ask("FETCH 1 BODY.PEEK[]"), HasSubstr("T NO [EXPUNGEISSUED]"));
  EXPECT_THAT(two.ask("UID FETCH 2 FLAGS"), HasSubstr("* 1 EXPUNGE"));
  EXPECT_THAT(two.ask("FETCH 1 UID"), HasSubstr("* 1 FETCH (UID 2)"));
}

TEST(TwoSessions, IdlePushesWhatHappens) {
  const TestServer server;
  TestClient one = server.anna("INBOX");
  TestClient two = server.anna("INBOX");
  two.raw("i IDLE\r\n");
  EXPECT_EQ(two.line(), "+ idling");
  one.append("INBOX", kMail);
  EXPECT_EQ(two.line(), "* 1 EXISTS");
  EXPECT_THAT(two.line(), StartsWith("* ")) << "RECENT";
  one.ask("NOOP");
  one.ask("STORE 1 +FLAGS (\\Deleted)");
  EXPECT_THAT(two.line(), StartsWith("* 1 FETCH (FLAGS (\\Deleted"));
  one.ask("EXPUNGE");
  EXPECT_EQ(two.line(), "* 1 EXPUNGE");
  two.raw("DONE\r\n");
  EXPECT_EQ(two.line(), "i OK IDLE completed");
  two.raw("j IDLE\r\n");
  EXPECT_EQ(two.line(), "+ idling");
  two.raw("NOOP\r\n");
  EXPECT_THAT(two.line(), StartsWith("j BAD"));
}

TEST(TwoSessions, AMailboxDeletedUnderneathEndsTheSession) {
  const TestServer server;
  TestClient one = server.anna();
  one.ask("CREATE work");
  TestClient two = server.anna("work");
  EXPECT_EQ(one.status("DELETE work"), "T OK");
  EXPECT_THAT(two.ask("NOOP"), StartsWith("* BYE"));
  EXPECT_TRUE(two.is_closed());
}

TEST(Session, SaysGoodByeWhenTheServerStops) {
  auto server = std::make_unique<TestServer>();
  TestClient waiting = server->anna();
  TestClient idle = server->anna("INBOX");
  idle.raw("i IDLE\r\n");
  EXPECT_EQ(idle.line(), "+ idling");
  server.reset();
  EXPECT_THAT(waiting.line(), StartsWith("* BYE"));
  EXPECT_THAT(idle.until("none"), HasSubstr("* BYE"));
}

}  // namespace pennypost::imap
