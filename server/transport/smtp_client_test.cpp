// The client against a scripted server on loopback.
#include "server/transport/smtp_client.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/test_folder.h"
#include "server/transport/test_smtp_server.h"

namespace pennypost::transport {
namespace {

using store::Sent;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Certificate {
 public:
  std::shared_ptr<net::TlsServer> server() const { return *net::TlsServer::load(files_); }
  std::string chain() const { return files_.chain; }

 private:
  TestFolder folder_;
  net::CertificateFiles files_ = *net::ensure_certificate(folder_.path(), {"mail.test.example", "127.0.0.1"});
};

store::QueuedRecipient to(const std::string& address) {
  store::QueuedRecipient out;
  out.address = address;
  return out;
}

class Client : public ::testing::Test {
 protected:
  std::unique_ptr<SmtpClient> connect(const TestSmtpServer& server, ClientOptions options = {}) {
    if (options.own_name.empty()) options.own_name = "here.example";
    if (options.server_name.empty()) options.server_name = "mail.test.example";
    options.times.greeting = options.times.command = options.times.data_end = Seconds{3};
    net::ConnectTo where;
    where.address = Poco::Net::SocketAddress{"127.0.0.1", server.port()};
    auto connection = net::connect(where);
    return std::make_unique<SmtpClient>(*std::move(connection), std::move(options));
  }
  Transaction message(std::string octets) {
    octets_ = std::move(octets);
    pointers_.clear();
    for (const auto& r : recipients_) pointers_.push_back(&r);
    Transaction out;
    out.return_path = "ann@here.example";
    out.recipients = pointers_;
    out.size = {static_cast<std::int64_t>(octets_.size())};
    out.octets = [this](const std::function<bool(std::string_view)>& sink) -> Result<void> {
      for (std::size_t at = 0; at < octets_.size(); at += 1000) {
        if (!sink(std::string_view{octets_}.substr(at, 1000))) return {};
      }
      if (fails_) return error(Kind::unavailable, "the database is away");
      return {};
    };
    return out;
  }
  std::vector<Sent> sent(const std::vector<RecipientOutcome>& outcomes) {
    std::vector<Sent> out;
    for (const auto& o : outcomes) out.push_back(o.sent);
    return out;
  }

  std::vector<store::QueuedRecipient> recipients_{to("bob@test.example")};
  bool fails_ = false;

 private:
  std::string octets_;
  std::vector<const store::QueuedRecipient*> pointers_;
};

TEST_F(Client, AMessageGoesThroughWholeWithItsDots) {
  for (const bool pipelining : {true, false}) {
    TestSmtpServer::Script script;
    if (!pipelining) script.extensions = {"8BITMIME"};
    TestSmtpServer server{script};
    const auto client = connect(server);
    ASSERT_FALSE(client->open());
    EXPECT_EQ(client->extensions().pipelining, pipelining);
    const auto outcome = client->send(message("Subject: x\r\n\r\n.\r\n..two\r\nend"));
    EXPECT_THAT(sent(outcome), ElementsAre(Sent::delivered));
    EXPECT_EQ(outcome.front().reply.text, "taken");
    client->quit();
    ASSERT_EQ(server.messages().size(), 1U);
    EXPECT_EQ(server.messages().front().octets, "Subject: x\r\n\r\n.\r\n..two\r\nend\r\n");
    EXPECT_THAT(server.lines(), Contains("EHLO here.example"));
    EXPECT_THAT(server.lines(), Contains("QUIT"));
  }
}

TEST_F(Client, ManyMegabytesStream) {
  TestSmtpServer::Script script;
  script.extensions = {"PIPELINING"};
  TestSmtpServer server{script};
  const auto client = connect(server);
  ASSERT_FALSE(client->open());
  std::string large = "Subject: x\r\n\r\n";
  while (large.size() < 8'000'000) large += "0123456789 0123456789 0123456789 0123456789 0123456789 012345678\r\n";
  EXPECT_THAT(sent(client->send(message(large))), ElementsAre(Sent::delivered));
  EXPECT_EQ(server.messages().front().octets, large);
}

TEST_F(Client, EveryRecipientHasItsOwnAnswer) {
  TestSmtpServer::Script script;
  script.answer = [](std::string_view line) -> std::string {
    if (line.find("no@") != line.npos) return "550 5.1.1 no such user";
    if (line.find("later@") != line.npos) return "451 4.7.1 greylisted";
    return {};
  };
  TestSmtpServer server{script};
  recipients_ = {to("no@test.example"), to("yes@test.example"), to("later@test.example"), to("also@test.example")};
  const auto client = connect(server);
  ASSERT_FALSE(client->open());
  const auto outcomes = client->send(message("Subject: x\r\n\r\nx\r\n"));
  EXPECT_THAT(sent(outcomes), ElementsAre(Sent::failed, Sent::delivered, Sent::deferred, Sent::delivered));
  EXPECT_EQ(outcomes[0].reply.enhanced, (Enhanced{5, 1, 1}));
  EXPECT_EQ(outcomes[2].reply.text, "greylisted");
  EXPECT_EQ(server.messages().front().rcpts.size(), 2U);
  EXPECT_TRUE(client->is_usable());
}

TEST_F(Client, TheSessionServesMoreMessagesAfterARefusal) {
  TestSmtpServer::Script script;
  script.answer = [](std::string_view line) -> std::string {
    return line.find("no@") != line.npos ? "550 no" : std::string{};
  };
  TestSmtpServer server{script};
  const auto client = connect(server);
  ASSERT_FALSE(client->open());
  recipients_ = {to("no@test.example")};
  EXPECT_THAT(sent(client->send(message("a: b\r\n\r\n"))), ElementsAre(Sent::failed));
  recipients_ = {to("yes@test.example")};
  EXPECT_THAT(sent(client->send(message("a: b\r\n\r\n"))), ElementsAre(Sent::delivered));
  EXPECT_EQ(server.sessions(), 1);
}

TEST_F(Client, WhatTheServerSaysDecides) {
  struct Row {
    const char* what;
    const char* at;  // the line that gets the answer
    const char* answer;
    Sent sent;
    bool was_tried;
    bool usable;
  };
  for (const Row& row : {Row{"MAIL refused", "MAIL", "550 5.7.1 not you", Sent::failed, true, true},
                         Row{"MAIL later", "MAIL", "451 later", Sent::deferred, true, true},
                         Row{"MAIL and gone", "MAIL", "DROP", Sent::deferred, false, false},
                         Row{"RCPT and gone", "RCPT", "DROP", Sent::deferred, false, false},
                         Row{"RCPT 421", "RCPT", "421 4.3.2 closing", Sent::deferred, false, false},
                         Row{"RCPT nonsense", "RCPT", "hello?", Sent::deferred, false, false},
                         Row{"DATA refused", "DATA", "554 no", Sent::failed, true, true},
                         Row{"DATA later", "DATA", "451 no", Sent::deferred, true, true},
                         Row{"DATA and gone", "DATA", "DROP", Sent::deferred, false, false},
                         Row{"message refused", "DATA-END", "554 5.7.1 spam", Sent::failed, true, true},
                         Row{"message later", "DATA-END", "452 4.3.1 full", Sent::deferred, true, true},
                         Row{"gone behind the message", "DATA-END", "DROP", Sent::deferred, true, false},
                         Row{"silent behind the message", "DATA-END", "SLEEP", Sent::deferred, true, false}}) {
    SCOPED_TRACE(row.what);
    TestSmtpServer::Script script;
    script.answer = [&row](std::string_view line) -> std::string {
      return starts_with_word(line, row.at) && (std::string_view{row.at} != "DATA" || line == "DATA") ? row.answer : "";
    };
    TestSmtpServer server{script};
    const auto client = connect(server);
    ASSERT_FALSE(client->open());
    const auto outcomes = client->send(message("a: b\r\n\r\nx\r\n"));
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(outcomes.front().sent, row.sent);
    EXPECT_EQ(outcomes.front().was_tried, row.was_tried);
    EXPECT_EQ(client->is_usable(), row.usable);
    EXPECT_NE(outcomes.front().reply.code, 0);
    EXPECT_TRUE(server.messages().empty());
  }
}

TEST_F(Client, HalfAMessageIsNeverEndedAsIfItWereWhole) {
  TestSmtpServer server;
  const auto client = connect(server);
  ASSERT_FALSE(client->open());
  fails_ = true;
  EXPECT_THAT(sent(client->send(message("a: b\r\n\r\nx\r\n"))), ElementsAre(Sent::deferred));
  EXPECT_FALSE(client->is_usable());
  EXPECT_TRUE(server.messages().empty());
}

TEST_F(Client, AServerThatIsNotOneIsAProblem) {
  for (const char* greeting : {"554 5.3.2 no service here", "421 busy", "DROP", "SSH-2.0-OpenSSH", "220"}) {
    TestSmtpServer::Script script;
    script.greeting = greeting;
    TestSmtpServer server{script};
    const auto client = connect(server);
    const auto problem = client->open();
    if (std::string_view{greeting} == "220") {
      EXPECT_FALSE(problem) << greeting;
      continue;
    }
    ASSERT_TRUE(problem) << greeting;
    EXPECT_EQ(problem->is_permanent, std::string_view{greeting}.starts_with("554")) << greeting;
    EXPECT_FALSE(client->is_usable());
  }
}

TEST_F(Client, AnOldServerGetsHelo) {
  TestSmtpServer::Script script;
  script.answer = [](std::string_view line) -> std::string {
    return starts_with_word(line, "EHLO") ? "502 what?" : std::string{};
  };
  TestSmtpServer server{script};
  const auto client = connect(server);
  ASSERT_FALSE(client->open());
  EXPECT_THAT(sent(client->send(message("a: b\r\n\r\n"))), ElementsAre(Sent::delivered));
  EXPECT_THAT(server.lines(), Contains("HELO here.example"));
  EXPECT_EQ(server.messages().front().mail, "MAIL FROM:<ann@here.example>");
}

TEST_F(Client, ParametersArePassedOnWhereTheServerKnowsThem) {
  TestSmtpServer server;
  const auto client = connect(server);
  ASSERT_FALSE(client->open());
  recipients_.front().notify = "SUCCESS,FAILURE";
  recipients_.front().original_recipient = "rfc822;b+b=b@test.example";
  auto mail = message("a: b\r\n\r\n");
  mail.is_8bit = true;
  mail.returned = store::ReturnOption::headers;
  mail.envelope_id = "id 1";
  EXPECT_THAT(sent(client->send(mail)), ElementsAre(Sent::delivered));
  EXPECT_EQ(server.messages().front().mail, "MAIL FROM:<ann@here.example> SIZE=8 BODY=8BITMIME RET=HDRS ENVID=id+201");
  EXPECT_THAT(server.messages().front().rcpts,
              ElementsAre("RCPT TO:<bob@test.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bb+3Db@test.example"));
}

TEST_F(Client, WhatTheServerCannotTakeIsNotEvenSent) {
  TestSmtpServer::Script script;
  script.extensions = {"SIZE 10"};
  TestSmtpServer server{script};
  const auto client = connect(server);
  ASSERT_FALSE(client->open());
  const auto large = client->send(message("a: b\r\n\r\nlonger than ten\r\n"));
  EXPECT_THAT(sent(large), ElementsAre(Sent::failed));
  EXPECT_EQ(large.front().reply.enhanced, (Enhanced{5, 3, 4}));
  recipients_ = {to("b\u00F6b@test.example"), to("x@y>\r\nRSET"), to("bob@test.example")};
  const auto outcomes = client->send(message("a: b\r\n"));
  EXPECT_THAT(sent(outcomes), ElementsAre(Sent::failed, Sent::failed, Sent::delivered));
  EXPECT_EQ(outcomes[0].reply.enhanced, (Enhanced{5, 6, 7}));
  EXPECT_EQ(server.messages().size(), 1U);
}

TEST_F(Client, StartTlsIsUsedWhereOfferedAndDemandedWhereRequired) {
  const Certificate certificate;
  const auto tls = *net::TlsClient::make();
  struct Row {
    const char* what;
    bool server_has_tls;
    TlsMode mode;
    bool opens;
    bool encrypted;
  };
  for (const Row& row :
       {Row{"offered", true, TlsMode::opportunistic, true, true},
        Row{"not offered", false, TlsMode::opportunistic, true, false},
        Row{"not wanted", true, TlsMode::none, true, false}, Row{"required", true, TlsMode::required, true, true},
        Row{"required and missing", false, TlsMode::required, false, false}}) {
    SCOPED_TRACE(row.what);
    TestSmtpServer server{TestSmtpServer::Script{}, row.server_has_tls ? certificate.server() : nullptr};
    ClientOptions options;
    options.tls = row.mode;
    options.tls_client = tls;
    options.verify = net::Verify::opportunistic;
    const auto client = connect(server, options);
    const auto problem = client->open();
    EXPECT_EQ(!problem, row.opens);
    if (problem) {
      EXPECT_FALSE(problem->is_permanent);
      EXPECT_TRUE(server.messages().empty());
      continue;
    }
    EXPECT_THAT(sent(client->send(message("a: b\r\n\r\n"))), ElementsAre(Sent::delivered));
    EXPECT_EQ(server.messages().front().was_tls, row.encrypted);
  }
}

TEST_F(Client, ARequiredCertificateMustHoldForTheName) {
  const Certificate certificate;
  for (const auto& [ca, name, good] : {std::tuple{certificate.chain(), "mail.test.example", true},
                                       std::tuple{std::string{}, "mail.test.example", false},
                                       std::tuple{certificate.chain(), "other.example", false}}) {
    TestSmtpServer server{TestSmtpServer::Script{}, certificate.server()};
    ClientOptions options;
    options.tls = TlsMode::required;
    options.tls_client = *net::TlsClient::make(ca);
    options.verify = net::Verify::required;
    options.server_name = name;
    const auto problem = connect(server, options)->open();
    EXPECT_EQ(!problem, good) << name << " " << ca;
  }
}

TEST_F(Client, ImplicitTlsBeginsBeforeTheGreeting) {
  const Certificate certificate;
  TestSmtpServer server{TestSmtpServer::Script{}, certificate.server(), net::Security::tls};
  ClientOptions options;
  options.tls = TlsMode::implicit;
  options.tls_client = *net::TlsClient::make();
  options.verify = net::Verify::none;
  const auto client = connect(server, options);
  ASSERT_FALSE(client->open());
  EXPECT_TRUE(client->is_tls());
}

TEST_F(Client, LogsInWithWhatTheServerOffers) {
  TestSmtpServer::Script script;
  script.extensions = {"AUTH LOGIN PLAIN"};
  script.answer = [](std::string_view line) -> std::string {
    if (line == "AUTH PLAIN AGFubgBzM2NyZXQ=") return "235 2.7.0 welcome";
    if (starts_with_word(line, "AUTH")) return "535 5.7.8 no";
    return {};
  };
  TestSmtpServer server{script};
  ClientOptions options;
  options.user = "ann";
  options.password = "s3cret";
  EXPECT_FALSE(connect(server, options)->open());
  options.password = "wrong";
  const auto problem = connect(server, options)->open();
  ASSERT_TRUE(problem);
  EXPECT_FALSE(problem->is_permanent) << "the smart host's no to a password keeps mail waiting";
  EXPECT_EQ(problem->reply.code, 535);
}

TEST_F(Client, WithoutAuthAtTheServerNothingIsSent) {
  TestSmtpServer server;
  ClientOptions options;
  options.user = "ann";
  options.password = "s3cret";
  const auto problem = connect(server, options)->open();
  ASSERT_TRUE(problem);
  EXPECT_FALSE(problem->is_permanent);
}

TEST(SmtpExtensions, AreReadInAnyCaseAndOldForms) {
  const std::vector<std::string> lines{"pipelining", "SIZE 1000", "AUTH=LOGIN", "auth PLAIN cram-md5", "X-THING"};
  const auto e = parse_extensions(lines);
  EXPECT_TRUE(e.pipelining);
  EXPECT_EQ(e.size_most, Octets{1000});
  EXPECT_THAT(e.mechanisms, ElementsAre("LOGIN", "PLAIN", "cram-md5"));
  EXPECT_FALSE(e.dsn);
  EXPECT_EQ(parse_extensions(std::vector<std::string>{"SIZE 99999999999999999999"}).size_most, Octets{0});
}

}  // namespace
}  // namespace pennypost::transport
