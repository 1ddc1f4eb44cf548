#include "server/smtp/session.h"

#include <chrono>
#include <fstream>

#include <sys/resource.h>

#include "server/base/text.h"
#include "server/message/parse.h"
#include "server/smtp/commands.h"
#include "server/smtp/test_server.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// What stands below the fields that the server adds.
std::string original(const std::string& stored) {
  std::string_view rest{stored};
  for (const auto* added : {"Return-Path:", "X-VPOP3-RCPTTYPE:", "X-VPOP3-ORIGRCPT:", "Received:"})
    while (rest.starts_with(added)) rest.remove_prefix(rest.find("\r\n") + 2);
  return std::string{rest};
}

const std::string kMessage =
    "From: x@other.example\r\nSubject: hello\r\nMessage-ID: <1@other.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 "
    "+0000\r\n\r\ntext\r\n";

TEST(Smtp, SaysTheGreetingAndTheEhloLinesOfTheSpec) {  // spec 40 section 3.1; P1, P2, P3
  TestServer server{{{"MaxMessageSize", "0"}}};
  server.start();
  auto c = server.client();
  EXPECT_EQ(c.reply(), "220 mail.corp.example VPOP3 SMTP Server Ready");
  EXPECT_EQ(
      c.ask("EHLO pc20"),
      "250-mail.corp.example VPOP3 SMTP Server - Hello pc20, pleased to meet you\n250-ETRN\n250-SIZE 0\n250-HELP\n"
      "250-DSN\n250-AUTH LOGIN CRAM-MD5 PLAIN SCRAM-SHA-256\n250-STARTTLS\n250-8BITMIME\n250-PIPELINING\n"
      "250-ENHANCEDSTATUSCODES\n250-SMTPUTF8\n250 CHUNKING");
  EXPECT_THAT(c.ask("EHLO"), HasSubstr("Hello <nohostname>, pleased to meet you"));
  EXPECT_EQ(c.ask("HELO pc20"), "250 mail.corp.example VPOP3 SMTP Server - Hello pc20, pleased to meet you");
  EXPECT_EQ(c.ask("QUIT"), "221 2.0.0 Closing transmission channel");
  EXPECT_TRUE(c.is_closed());
}

TEST(Smtp, LeavesDsnOutWhenItIsSwitchedOff) {  // P4
  TestServer server{{{"SmtpDisableDsn", "1"}}};
  server.start();
  auto c = server.client();
  c.reply();
  EXPECT_THAT(c.ask("EHLO x"), Not(HasSubstr("DSN")));
  EXPECT_EQ(c.ask("MAIL FROM:<a@other.example> RET=FULL"), "250 2.1.0 Sender OK");
}

TEST(Smtp, DeliversToTheMailboxWithTheFieldsOfTheSpec) {  // S14
  TestServer server;
  server.start();
  auto c = server.client();
  c.reply();
  c.ask("EHLO pc20");
  EXPECT_EQ(c.ask("MAIL FROM:<x@other.example>"), "250 2.1.0 Sender OK");
  EXPECT_EQ(c.ask("RCPT TO:<Anna@Corp.Example>"), "250 2.1.5 Recipient OK");
  EXPECT_EQ(c.ask("DATA"), "354 Start mail input; end with <CRLF>.<CRLF>");
  c.raw(kMessage + "..dot\r\n.\r\n");
  EXPECT_EQ(c.reply(), "250 2.0.0 Message accepted for delivery");
  const auto mails = server.inbox();
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_THAT(mails[0], StartsWith("Return-Path: <x@other.example>\r\nX-VPOP3-RCPTTYPE: D\r\n"
                                   "X-VPOP3-ORIGRCPT: Anna@Corp.Example\r\n"
                                   "Received: from pc20 ([127.0.0.1]) by mail.corp.example ([127.0.0.1] running VPOP3) "
                                   "with ESMTP for <Anna@Corp.Example>; "));
  EXPECT_EQ(original(mails[0]), kMessage + ".dot\r\n");
}

TEST(Smtp, AnswersEveryCommandOutOfOrderAndStaysInStep) {
  struct Row {
    const char* say;
    const char* expect;
  };
  const Row rows[] = {
      {"MAIL FROM:<a@b.example>", "503 5.5.1 Send HELO or EHLO first"},
      {"RCPT TO:<anna@corp.example>", "503 5.5.1 Send HELO or EHLO first"},
      {"DATA", "503 5.5.1 Send HELO or EHLO first"},
      {"BDAT 5 LAST\r\nabcde", "503 5.5.1 Send HELO or EHLO first"},
      {"EHLO x", "250"},
      {"RCPT TO:<anna@corp.example>", "503 5.5.1 Send MAIL first"},
      {"DATA", "503 5.5.1 Send MAIL first"},
      {"BDAT 5 LAST\r\nQUIT\n", "503 5.5.1 Send MAIL first"},
      {"MAIL FROM:<a@b.example> SIZE=0", "250"},
      {"MAIL FROM:<a@b.example>", "503 5.5.1 Sender already given"},
      {"DATA", "503 5.5.1 No valid recipients"},
      {"RCPT TO:<nobody@corp.example>", "550 5.1.1 Unrecognised recipient <nobody@corp.example>"},
      {"DATA", "503 5.5.1 No valid recipients"},
      {"BDAT 3 LAST\r\nabc", "503 5.5.1 No valid recipients"},
      {"RCPT TO:<anna@corp.example> SIZE=1", "555 5.5.4"},
      {"RCPT TO:<x%other.example@corp.example>", "553 5.1.3 Address not allowed"},
      {"RCPT TO:anna", "250"},
      {"RSET", "250 2.0.0 OK"},
      {"DATA", "503 5.5.1 Send MAIL first"},
      {"MAIL FROM:<a@b.example> FOO=1", "555 5.5.4"},
      {"MAIL FROM:<a@b.example> BODY=BINARYMIME", "501 5.5.4"},
      {"MAIL FROM:<a@b.example> SIZE=104857601", "552 5.2.3 Message too large - Contact your administrator"},
      {"MAIL FROM:<\xd0\xb6@b.example>", "553 5.6.7"},
      {"MAIL FROM:<\xd0\xb6@b.example> SMTPUTF8", "250"},
      {"EHLO y", "250"},
      {"RCPT TO:<anna@corp.example>", "503 5.5.1 Send MAIL first"},
      {"NOOP with words", "250 2.0.0 OK"},
      {"HELP", "214"},
      {"HELP XYZZY", "504 5.5.4"},
      {"VRFY anna", "502 5.5.1 Command not available"},
      {"EXPN list", "502 5.5.1 Command not available"},
      {"ETRN", "501 5.5.4"},
      {"ETRN other.example", "459 4.5.4 Node other.example not allowed"},
      {"XYZZY", "500 5.5.1 Unrecognised command"},
      {"", "500 5.5.1 Unrecognised command"},
      {"NOOP a\nQUIT", "500 5.5.2"},
      {"NOOP \x01", "500 5.5.2"},
      {"AUTH XYZZY", "504 5.5.4"},
      {"AUTH", "501 5.5.4"},
      {"QUIT now", "501 5.5.4"},
  };
  TestServer server;
  server.start();
  auto c = server.client();
  c.reply();
  for (const auto& row : rows) {
    SCOPED_TRACE(row.say);
    const std::string say{row.say};
    if (say.starts_with("BDAT"))
      c.raw(say);
    else
      c.line(say);
    EXPECT_THAT(c.reply(), StartsWith(row.expect));
  }
  EXPECT_THAT(c.ask("QUIT"), StartsWith("221"));
}

TEST(Smtp, EveryCommandOfTheTableIsKnownInAnyCase) {
  for (const auto& row : commands()) {
    EXPECT_EQ(find_command(to_lower(row.word)), &row);
    EXPECT_THAT(std::string{row.help}, StartsWith(std::string{row.word}));
  }
  EXPECT_EQ(find_command("MAI"), nullptr);
  EXPECT_EQ(find_command(""), nullptr);
}

TEST(Smtp, PipelinedCommandsAreAllAnsweredInTheirOrder) {  // RFC 2920
  TestServer server;
  server.start();
  auto c = server.greeted();
  c->raw(
      "MAIL FROM:<x@other.example>\r\nRCPT TO:<anna@corp.example>\r\nRCPT TO:<nobody@corp.example>\r\nRCPT "
      "TO:<bert@corp.example>\r\nDATA\r\n");
  EXPECT_THAT(c->reply(), StartsWith("250 2.1.0"));
  EXPECT_THAT(c->reply(), StartsWith("250 2.1.5"));
  EXPECT_THAT(c->reply(), StartsWith("550 5.1.1"));
  EXPECT_THAT(c->reply(), StartsWith("250 2.1.5"));
  EXPECT_THAT(c->reply(), StartsWith("354"));
  c->raw(kMessage + ".\r\nMAIL FROM:<y@other.example>\r\nQUIT\r\n");
  EXPECT_THAT(c->reply(), StartsWith("250 2.0.0"));
  EXPECT_THAT(c->reply(), StartsWith("250 2.1.0"));
  EXPECT_THAT(c->reply(), StartsWith("221"));
  EXPECT_EQ(server.inbox(0).size(), 1U);
  EXPECT_EQ(server.inbox(1).size(), 1U);
}

TEST(Smtp, StrangersMaySendHereAndNowhereElse) {  // R1, R2, R7
  TestServer server;
  server.start(true);
  auto c = server.greeted();
  EXPECT_THAT(c->ask("MAIL FROM:<x@other.example>"), StartsWith("250"));
  EXPECT_THAT(c->ask("RCPT TO:<anna@corp.example>"), StartsWith("250"));
  EXPECT_EQ(c->ask("RCPT TO:<joe@other.example>"), "550 5.7.1 Relaying not allowed! Bad sender IP address");
  c->ask("RSET");
  EXPECT_EQ(c->ask("AUTH PLAIN " + base64_encode(std::string{"\0anna\0secret-anna", 17})),
            "235 2.7.0 Authentication successful");
  c->ask("MAIL FROM:<anna@corp.example>");
  EXPECT_THAT(c->ask("RCPT TO:<joe@other.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;joe+2Bx@other.example"),
              StartsWith("250"));
  EXPECT_THAT(c->ask("RCPT TO:<bert@corp.example>"), StartsWith("250"));
  c->ask("DATA");
  c->raw("Subject: out\r\n\r\ntext\r\n.\r\n");
  EXPECT_THAT(c->reply(), StartsWith("250 2.0.0"));
  const auto queue = server.store->queue().list({});
  ASSERT_TRUE(queue.ok());
  ASSERT_EQ(queue->size(), 1U);
  const auto& out = queue->front();
  EXPECT_EQ(out.return_path, "anna@corp.example");
  EXPECT_EQ(out.auth_sender, "anna");
  EXPECT_EQ(out.sender_ip, "127.0.0.1");
  ASSERT_EQ(out.recipients.size(), 1U);
  EXPECT_EQ(out.recipients[0].address, "joe@other.example");
  EXPECT_EQ(out.recipients[0].notify, "FAILURE,DELAY");
  EXPECT_EQ(out.recipients[0].original_recipient, "rfc822;joe+x@other.example");
  const auto body = server.store->messages().body_text(out.body, 0_B, 1_MiB);
  ASSERT_TRUE(body.ok());
  EXPECT_THAT(*body, StartsWith("Received: from pc20 "));
  EXPECT_THAT(*body, HasSubstr("\r\nX-Authenticated-Sender: anna\r\n"));
  EXPECT_THAT(*body, HasSubstr("\r\nMessage-ID: <"));
  EXPECT_THAT(*body, HasSubstr("\r\nDate: "));
  EXPECT_THAT(*body, EndsWith("\r\nSubject: out\r\n\r\ntext\r\n"));
  EXPECT_THAT(*body, Not(HasSubstr("Return-Path")));
  EXPECT_EQ(server.inbox(1).size(), 1U);
}

TEST(Smtp, AuthenticationRequiredMeansOutsideAndWithoutTheExemptionInsideToo) {  // R5, R6, R8
  TestServer server{{{"SmtpAuthentication", "required"}}};
  server.start();
  auto c = server.greeted();
  c->ask("MAIL FROM:<x@other.example>");
  EXPECT_THAT(c->ask("RCPT TO:<anna@corp.example>"), StartsWith("250"));
  EXPECT_EQ(c->ask("RCPT TO:<joe@other.example>"), "530 5.7.0 Authentication required");
  ASSERT_TRUE(server.store->settings().set("SmtpInternalWithoutAuthentication", "0").ok());
  auto d = server.greeted();
  d->ask("MAIL FROM:<x@other.example>");
  EXPECT_EQ(d->ask("RCPT TO:<anna@corp.example>"), "530 5.7.0 Authentication required");
}

TEST(Smtp, EveryMechanismLogsInAndAWrongPasswordIsRefused) {
  TestServer server;
  server.start();
  auto c = server.greeted();
  EXPECT_EQ(c->ask("AUTH LOGIN"), "334 VXNlcm5hbWU6");
  EXPECT_EQ(c->ask(base64_encode("anna")), "334 UGFzc3dvcmQ6");
  EXPECT_EQ(c->ask(base64_encode("wrong")), "535 5.7.8 Authentication failed");
  EXPECT_EQ(c->ask("AUTH PLAIN"), "334 ");
  EXPECT_EQ(c->ask("*"), "501 5.7.0 Authentication cancelled");
  EXPECT_THAT(c->ask("AUTH PLAIN !!!"), StartsWith("501 5.5.2"));
  EXPECT_EQ(c->ask("AUTH LOGIN " + base64_encode("anna")), "334 UGFzc3dvcmQ6");
  EXPECT_EQ(c->ask(base64_encode("secret-anna")), "235 2.7.0 Authentication successful");
  EXPECT_EQ(c->ask("AUTH PLAIN"), "503 5.5.1 Already authenticated");
}

TEST(Smtp, StartTlsForgetsWhatCameBeforeAndTheSessionGoesOnEncrypted) {
  TestServer server;
  server.start();
  auto c = server.greeted();
  c->ask("MAIL FROM:<x@other.example>");
  EXPECT_EQ(c->ask("STARTTLS"), "220 2.0.0 Ready to start TLS");
  const auto tls = net::TlsClient::make();
  ASSERT_TRUE(tls.ok());
  ASSERT_TRUE(c->connection().start_tls(**tls, "mail.corp.example", net::Verify::none).ok());
  EXPECT_EQ(c->ask("MAIL FROM:<x@other.example>"), "503 5.5.1 Send HELO or EHLO first");
  const auto ehlo = c->ask("EHLO pc20");
  EXPECT_THAT(ehlo, Not(HasSubstr("STARTTLS")));
  EXPECT_EQ(c->ask("STARTTLS"), "503 5.5.1 TLS already started");
  c->ask("MAIL FROM:<x@other.example>");
  c->ask("RCPT TO:<anna@corp.example>");
  c->ask("DATA");
  c->raw(kMessage + ".\r\n");
  EXPECT_THAT(c->reply(), StartsWith("250 2.0.0"));
  ASSERT_EQ(server.inbox().size(), 1U);
  EXPECT_THAT(server.inbox()[0], HasSubstr("with ESMTPS (TLSv1.3:TLS_"));
}

TEST(Smtp, ImplicitTlsWorksFromTheFirstOctet) {
  TestServer server;
  server.start();
  TestClient c{server.address(1)};
  const auto tls = net::TlsClient::make();
  ASSERT_TRUE(tls.ok());
  ASSERT_TRUE(c.connection().start_tls(**tls, "mail.corp.example", net::Verify::none).ok());
  EXPECT_EQ(c.reply(), "220 mail.corp.example VPOP3 SMTP Server Ready");
  EXPECT_THAT(c.ask("EHLO x"), Not(HasSubstr("STARTTLS")));
}

TEST(Smtp, TlsCanBeDemanded) {
  TestServer server{{{"SmtpEncryption", "TLS"}}};
  server.start();
  auto c = server.client();
  c.reply();
  EXPECT_THAT(c.ask("EHLO x"), HasSubstr("STARTTLS"));
  EXPECT_EQ(c.ask("MAIL FROM:<a@b.example>"), "530 5.7.0 Must issue a STARTTLS command first");
  EXPECT_THAT(c.ask("NOOP"), StartsWith("250"));
}

TEST(Smtp, ABareLineFeedNeverEndsAMessage) {  // smuggling
  const std::string tails[] = {"\n.\r\n", "\n.\n", "\r\n.\n", "\r.\r\n", "\r\n.\r", "\r.\r"};
  for (const auto& tail : tails) {
    SCOPED_TRACE(testing::PrintToString(tail));
    TestServer server;
    server.start();
    auto c = server.greeted();
    c->ask("MAIL FROM:<x@other.example>");
    c->ask("RCPT TO:<anna@corp.example>");
    c->ask("DATA");
    c->raw(
        "Subject: one\r\n\r\ntext" + tail +
        "MAIL FROM:<evil@other.example>\r\nRCPT TO:<bert@corp.example>\r\nDATA\r\nSubject: two\r\n\r\nevil\r\n.\r\n");
    EXPECT_EQ(c->reply(), "250 2.0.0 Message accepted for delivery");
    EXPECT_THAT(c->ask("NOOP"), StartsWith("250 2.0.0 OK"));
    const auto mails = server.inbox(0);
    ASSERT_EQ(mails.size(), 1U);
    EXPECT_THAT(mails[0], HasSubstr("evil@other.example"));
    EXPECT_TRUE(server.inbox(1).empty());
  }
}

TEST(Smtp, NulIsRejectedReplacedOrDropped) {  // P10
  const std::pair<const char*, const char*> rows[] = {{"0", ""}, {"32", "a b"}, {"255", "ab"}};
  for (const auto& [value, text] : rows) {
    SCOPED_TRACE(value);
    TestServer server{{{"SmtpSvrNullCharacterReplacement", value}}};
    server.start();
    auto c = server.greeted();
    c->ask("MAIL FROM:<x@other.example>");
    c->ask("RCPT TO:<anna@corp.example>");
    c->ask("DATA");
    c->raw(kMessage + std::string{"a\0b\r\n.\r\n", 8});
    if (*text == '\0') {
      EXPECT_EQ(c->reply(), "554 5.6.0 Data stream contained NUL character");
      EXPECT_TRUE(server.inbox().empty());
    } else {
      EXPECT_THAT(c->reply(), StartsWith("250"));
      EXPECT_EQ(original(server.inbox().at(0)), kMessage + text + "\r\n");
    }
    EXPECT_THAT(c->ask("NOOP"), StartsWith("250"));
  }
}

TEST(Smtp, MoreReceivedFieldsThanMaxHopsIsALoop) {  // P11
  TestServer server{{{"MaxHops", "20"}}};
  server.start();
  auto c = server.greeted();
  for (const int hops : {20, 21}) {
    c->ask("MAIL FROM:<x@other.example>");
    c->ask("RCPT TO:<anna@corp.example>");
    c->ask("DATA");
    std::string text;
    for (int i = 0; i < hops; ++i) text += "Received: from a by b; Mon, 23 Nov 2026 10:00:00 +0000\r\n";
    c->raw(text + kMessage + ".\r\n");
    EXPECT_EQ(c->reply(), hops == 20 ? "250 2.0.0 Message accepted for delivery" : "554 5.4.6 Too many hops");
  }
  EXPECT_EQ(server.inbox().size(), 1U);
}

TEST(Smtp, ChunksMakeOneMessage) {  // RFC 3030
  TestServer server;
  server.start();
  auto c = server.greeted();
  c->ask("MAIL FROM:<x@other.example>");
  c->ask("RCPT TO:<anna@corp.example>");
  c->raw("BDAT 10\r\nSubject: c");
  EXPECT_EQ(c->reply(), "250 2.0.0 10 octets received");
  EXPECT_EQ(c->ask("DATA"), "503 5.5.1 BDAT transfer in progress");
  EXPECT_EQ(c->ask("RCPT TO:<bert@corp.example>"), "503 5.5.1 BDAT transfer in progress");
  c->raw("BDAT 12\r\nh\r\n\r\n.\r\nab\r\nBDAT 0 LAST\r\n");
  EXPECT_EQ(c->reply(), "250 2.0.0 12 octets received");
  EXPECT_EQ(c->reply(), "250 2.0.0 Message accepted for delivery");
  EXPECT_EQ(original(server.inbox().at(0)), "Subject: ch\r\n\r\n.\r\nab\r\n");
  EXPECT_THAT(c->ask("BDAT x"), StartsWith("501"));
  EXPECT_TRUE(c->is_closed());
}

TEST(Smtp, MessagesOverTheMostAreRefusedWhereverThatIsSeen) {
  TestServer server{{{"MaxMessageSize", "1000"}}};
  server.start();
  auto c = server.greeted();
  EXPECT_EQ(c->ask("MAIL FROM:<x@other.example> SIZE=1001"),
            "552 5.2.3 Message too large - Contact your administrator");
  c->ask("MAIL FROM:<x@other.example>");
  c->ask("RCPT TO:<anna@corp.example>");
  c->ask("DATA");
  c->raw(std::string(100'000, 'a') + "\r\n.\r\n");
  EXPECT_EQ(c->reply(), "552 5.2.3 Message too large - Contact your administrator");
  c->ask("MAIL FROM:<x@other.example>");
  c->ask("RCPT TO:<anna@corp.example>");
  c->raw("BDAT 2000\r\n" + std::string(2000, 'b') + "BDAT 3 LAST\r\nabc");
  EXPECT_EQ(c->reply(), "552 5.2.3 Message too large - Contact your administrator");
  EXPECT_THAT(c->reply(), StartsWith("503 5.5.1"));
  EXPECT_THAT(c->ask("RSET"), StartsWith("250"));
  EXPECT_TRUE(server.inbox().empty());
}

TEST(Smtp, AHundredErrorsInARowEndTheSession) {
  TestServer server;
  server.start();
  auto c = server.greeted();
  for (int i = 0; i < 99; ++i) EXPECT_THAT(c->ask("XYZZY"), StartsWith("500"));
  EXPECT_THAT(c->ask("NOOP"), StartsWith("250"));
  for (int i = 0; i < 100; ++i) EXPECT_THAT(c->ask("XYZZY"), StartsWith("500"));
  EXPECT_EQ(c->reply(), "421 4.7.0 Too many errors, closing transmission channel");
  EXPECT_TRUE(c->is_closed());
}

TEST(Smtp, AnOverlongLineIsRefusedAndTheNextOneRead) {
  TestServer server;
  server.start();
  auto c = server.greeted();
  c->line("MAIL FROM:<" + std::string(1'000'000, 'a') + "@b.example>");
  EXPECT_EQ(c->reply(), "500 5.5.2 Line too long");
  EXPECT_THAT(c->ask("NOOP"), StartsWith("250"));
}

TEST(Smtp, RecipientsBeyondTheMostAreAskedToComeLater) {
  TestServer server{{{"MaxRecipients", "100"}}};
  server.start();
  auto c = server.greeted();
  c->ask("MAIL FROM:<x@other.example>");
  for (int i = 0; i < 100; ++i)
    EXPECT_THAT(c->ask("RCPT TO:<r" + std::to_string(i) + "@other.example>"), StartsWith("250"));
  EXPECT_EQ(c->ask("RCPT TO:<anna@corp.example>"), "452 4.5.3 Too many recipients");
}

TEST(Smtp, ALostConnectionInTheMiddleLeavesNothing) {
  TestServer server;
  server.start();
  {
    auto c = server.greeted();
    c->ask("MAIL FROM:<x@other.example>");
    c->ask("RCPT TO:<anna@corp.example>");
    c->ask("DATA");
    c->raw(kMessage + "half");
  }
  auto c = server.greeted();
  EXPECT_THAT(c->ask("NOOP"), StartsWith("250"));
  EXPECT_TRUE(server.inbox().empty());
}

TEST(Smtp, TheStopOfTheServerIsToldWith421) {
  TestServer server;
  server.start();
  auto c = server.greeted();
  std::thread stopper{[&] { server.listener->stop(5s); }};
  EXPECT_EQ(c->reply(), "421 4.3.2 Service shutting down, closing transmission channel");
  EXPECT_TRUE(c->is_closed());
  stopper.join();
}

TEST(Smtp, SilenceIsEndedWith421) {
  TestServer server{{{"SmtpTimeout", "10"}}};
  ASSERT_TRUE(server.store->settings().set("SmtpTimeout", "10").ok());
  server.start();
  auto c = server.greeted();
  EXPECT_EQ(c->reply(), "421 4.4.2 Timeout waiting for data from the client");
}

TEST(Smtp, TooManySessionsOfOneAddressGetTheTextOfTheSpec) {
  TestServer server{{{"SmtpMaximumSessionsPerAddress", "1"}}};
  server.start();
  auto first = server.greeted();
  auto second = server.client();
  EXPECT_EQ(second.reply(), "421 4.3.2 VPOP3 Too many connections from your IP address - try later");
}

TEST(Smtp, ARefusedHelloNameEndsTheSession) {  // P8
  TestServer server{{{"SmtpRefuseConnectionsFrom", ".spam.example"}}};
  server.start();
  auto c = server.client();
  c.reply();
  EXPECT_THAT(c.ask("HELO spam.example"), StartsWith("250"));
  EXPECT_EQ(c.ask("HELO a1.SPAM.example"), "554 5.7.1 Access denied");
  EXPECT_TRUE(c.is_closed());
}

TEST(Smtp, VrfyAnswersWhenItIsSwitchedOn) {  // P7
  TestServer server{{{"SmtpEnableVrfyExpn", "1"}}};
  server.start();
  auto c = server.greeted();
  EXPECT_EQ(c->ask("VRFY anna"), "250 2.1.5 <anna@corp.example>");
  EXPECT_THAT(c->ask("VRFY nobody"), StartsWith("550 5.1.1"));
  EXPECT_THAT(c->ask("VRFY joe@other.example"), StartsWith("252"));
  server.stop();
  server.start(true);
  auto d = server.greeted();
  EXPECT_EQ(d->ask("VRFY anna"), "550 5.7.1 Access denied");
}

TEST(Smtp, AHundredMegabytesPassInBoundedMemory) {
  TestServer server;
  server.start();
  auto c = server.greeted();
  c->ask("MAIL FROM:<x@other.example>");
  c->ask("RCPT TO:<anna@corp.example>");
  c->ask("DATA");
  std::string block;
  while (block.size() < 1'000'000)
    block += "0123456789012345678901234567890123456789012345678901234567890123456789\r\n";
  const auto resident = [] {
    std::ifstream in{"/proc/self/status"};
    std::string word;
    while (in >> word)
      if (word == "RssAnon:") {
        std::int64_t kib = 0;
        in >> kib;
        return kib;
      }
    return std::int64_t{0};
  };
  const auto before = resident();
  c->raw("Subject: large\r\n\r\n");
  std::int64_t sent = 18;
  while (sent + static_cast<std::int64_t>(block.size()) < 100'000'000) {
    c->raw(block);
    sent += static_cast<std::int64_t>(block.size());
  }
  c->raw(".\r\n");
  EXPECT_EQ(c->reply(), "250 2.0.0 Message accepted for delivery");
  EXPECT_LT(resident() - before, 64 * 1024) << "KiB of the process's own memory";
  const auto inbox = server.store->folders().find(server.ids[0], "INBOX");
  ASSERT_TRUE(inbox.ok());
  const auto drop = server.store->messages().maildrop(inbox->id);
  ASSERT_TRUE(drop.ok());
  ASSERT_EQ(drop->size(), 1U);
  EXPECT_GT(drop->front().size.count, sent);
}

}  // namespace
}  // namespace pennypost::smtp
