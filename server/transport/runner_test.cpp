// The whole way out: queue, name service, servers, results and reports, on a real database and loopback sockets.
#include "server/transport/runner.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/clock.h"
#include "server/base/test_folder.h"
#include "server/dns/test_server.h"
#include "server/net/test_peer.h"
#include "server/store/test_cluster.h"
#include "server/store/test_mailbox.h"
#include "server/transport/test_smtp_server.h"

namespace pennypost::transport {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class Outgoing : public ::testing::Test {
 protected:
  Outgoing() {
    store = store::TestCluster::instance().store();
    pipeline = std::make_unique<delivery::Pipeline>(*store, spool_.path());
    store::NewAccount ann;
    ann.name = "ann";
    ann.addresses = {"ann@here.example"};
    account = store->accounts().create(ann)->id;
    EXPECT_TRUE(store->settings().set(kHostName, "mail.here.example"));
    dns::ResolverOptions where;
    where.servers = {names.address()};
    where.hosts_file = "";
    where.rounds = 1;
    where.first_wait = Milliseconds{500};
    resolver = *dns::Resolver::make(where);
  }
  ~Outgoing() override {
    runner.reset();
    resolver->stop();
    pipeline.reset();
    store.reset();
  }

  void start(std::uint16_t port = 25) {
    EXPECT_TRUE(store->settings().reload());
    RunnerOptions options;
    options.look_again = Seconds{1};
    options.sender.direct_port = port;
    options.sender.is_ours = [this](const Poco::Net::SocketAddress& a) { return a.host().toString() == our_address; };
    options.sender.times.connect = Seconds{3};
    options.sender.times.command = Seconds{3};
    options.sender.dns_wait = Seconds{3};
    runner = std::make_unique<Runner>(*pipeline, *resolver, nullptr, options);
    runner->start();
  }
  void relay_to(const TestSmtpServer& server) { EXPECT_TRUE(store->settings().set(kRelayHost, server.host())); }

  /// A message of ann's to these addresses, into the queue.
  void submit(std::vector<delivery::Recipient> recipients,
              std::string_view octets = "Subject: hello\r\n\r\nthe text\r\n",
              std::string return_path = "ann@here.example") {
    delivery::Mail mail;
    mail.client.account = account;
    mail.client.account_name = "ann";
    mail.client.may_relay = true;
    mail.envelope.return_path = std::move(return_path);
    mail.envelope.recipients = std::move(recipients);
    mail.content = delivery::Content::of(octets);
    const auto outcome = pipeline->accept(std::move(mail), "mail.here.example");
    ASSERT_TRUE(outcome.is_taken()) << outcome.reply.line();
  }
  void submit(std::initializer_list<const char*> addresses) {
    std::vector<delivery::Recipient> recipients;
    for (const char* address : addresses) recipients.push_back({address, {}, {}});
    submit(std::move(recipients));
  }

  template <typename Condition>
  bool eventually(Condition condition) {
    for (int i = 0; i < 200; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(Milliseconds{50});
    }
    return false;
  }
  std::vector<store::QueuedMessage> queue(bool with_finished = true) {
    auto list =
        store->queue().list({.id = {}, .sender = {}, .recipient = {}, .sender_ip = {}, .with_finished = with_finished});
    return list ? *std::move(list) : std::vector<store::QueuedMessage>{};
  }
  bool is_empty() { return queue(false).empty(); }
  /// The one recipient of the one message.
  store::QueuedRecipient recipient() {
    const auto list = queue();
    return list.empty() || list.front().recipients.empty() ? store::QueuedRecipient{} : list.front().recipients.front();
  }
  /// Whole messages in ann's inbox.
  std::vector<std::string> inbox() { return store::messages_in(*store, account); }

  std::string our_address = "192.0.2.255";
  dns::TestServer names;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<delivery::Pipeline> pipeline;
  std::shared_ptr<dns::Resolver> resolver;
  std::unique_ptr<Runner> runner;
  AccountId account{};

 private:
  TestFolder spool_;
};

TEST_F(Outgoing, AMessageLeavesThroughTheSmartHostAndIsRecorded) {
  TestSmtpServer server;
  relay_to(server);
  start();
  submit({"bob@there.example"});
  ASSERT_TRUE(eventually([&] { return is_empty() && !queue().empty(); }));
  ASSERT_THAT(server.messages(), SizeIs(1));
  EXPECT_THAT(server.messages().front().octets, HasSubstr("\r\n\r\nthe text\r\n"));
  EXPECT_THAT(server.messages().front().rcpts, ElementsAre("RCPT TO:<bob@there.example>"));
  EXPECT_TRUE(recipient().succeeded);
  EXPECT_EQ(recipient().attempts, 1);
  EXPECT_TRUE(queue().front().finished);
  EXPECT_THAT(inbox(), SizeIs(0));
}

TEST_F(Outgoing, ARefusedRecipientComesBackAsAReportThatNamesTheReason) {
  TestSmtpServer::Script script;
  script.answer = [](std::string_view line) -> std::string {
    return line.find("nobody@") != line.npos ? "550 5.1.1 no such user here" : std::string{};
  };
  TestSmtpServer server{script};
  relay_to(server);
  start();
  submit({"nobody@there.example", "bob@there.example"});
  ASSERT_TRUE(eventually([&] { return is_empty() && inbox().size() == 1; }));
  EXPECT_THAT(server.messages(), SizeIs(1)) << "the other recipient got it, once";
  const std::string report = inbox().front();
  EXPECT_THAT(report, HasSubstr("Return-Path: <>"));
  EXPECT_THAT(report, HasSubstr("multipart/report"));
  EXPECT_THAT(report, HasSubstr("Mailer_Daemon@here.example"));
  EXPECT_THAT(report, HasSubstr("Final-Recipient: rfc822;"));
  EXPECT_THAT(report, HasSubstr("Status: 5.1.1"));
  EXPECT_THAT(report, HasSubstr("no such user here"));
  EXPECT_THAT(report, HasSubstr("the text")) << "a small message comes back whole";
  EXPECT_THAT(report, Not(HasSubstr("bob@there.example>\r\n    ")));
}

TEST_F(Outgoing, ATemporaryRefusalIsTriedAgainUntilItIsTaken) {
  EXPECT_TRUE(store->settings().set(kQueueRetry, "1"));
  std::atomic<int> asked{0};
  TestSmtpServer::Script script;
  script.answer = [&asked](std::string_view line) -> std::string {
    return starts_with_word(line, "RCPT") && ++asked <= 2 ? "451 4.7.1 greylisted" : std::string{};
  };
  TestSmtpServer server{script};
  relay_to(server);
  start();
  submit({"bob@there.example"});
  ASSERT_TRUE(eventually([&] { return is_empty() && !queue().empty(); }));
  EXPECT_EQ(recipient().attempts, 3);
  EXPECT_THAT(server.messages(), SizeIs(1));
  EXPECT_THAT(inbox(), SizeIs(0));
}

TEST_F(Outgoing, AConnectionLostBehindTheMessageSendsItAgainRatherThanLosingIt) {
  EXPECT_TRUE(store->settings().set(kQueueRetry, "1"));
  std::atomic<int> ends{0};
  TestSmtpServer::Script script;
  script.answer = [&ends](std::string_view line) -> std::string {
    return line == "DATA-END" && ++ends == 1 ? "DROP" : std::string{};
  };
  TestSmtpServer server{script};
  relay_to(server);
  start();
  submit({"bob@there.example"});
  ASSERT_TRUE(eventually([&] { return is_empty() && !queue().empty(); }));
  EXPECT_EQ(ends, 2);
  EXPECT_THAT(server.messages(), SizeIs(1));
}

TEST_F(Outgoing, AnOldMessageIsGivenUpWithTheLastReason) {
  EXPECT_TRUE(store->settings().set(kQueueRetry, "1"));
  EXPECT_TRUE(store->settings().set(kQueueLifetime, "60"));
  TestSmtpServer::Script script;
  script.answer = [](std::string_view line) -> std::string {
    return starts_with_word(line, "RCPT") ? "451 4.2.2 mailbox full" : std::string{};
  };
  TestSmtpServer server{script};
  relay_to(server);
  submit({"bob@there.example"});
  const TestClock clock{now() + Seconds{120}};
  start();
  ASSERT_TRUE(eventually([&] { return is_empty() && inbox().size() == 1; }));
  EXPECT_THAT(inbox().front(), HasSubstr("mailbox full"));
  EXPECT_THAT(inbox().front(), HasSubstr("Status: 5.2.2"));
  EXPECT_TRUE(recipient().failed);
}

TEST_F(Outgoing, ALateMessageWarnsItsSenderOnce) {
  EXPECT_TRUE(store->settings().set(kQueueRetry, "1"));
  EXPECT_TRUE(store->settings().set(kQueueWarning, "30"));
  TestSmtpServer::Script script;
  script.answer = [](std::string_view line) -> std::string {
    return starts_with_word(line, "RCPT") ? "451 4.2.2 mailbox full" : std::string{};
  };
  TestSmtpServer server{script};
  relay_to(server);
  submit({"bob@there.example"});
  const TestClock clock{now() + Seconds{60}};
  start();
  ASSERT_TRUE(eventually([&] { return inbox().size() == 1; }));
  EXPECT_TRUE(recipient().is_warned);
  EXPECT_THAT(inbox().front(), HasSubstr("Action: delayed"));
  EXPECT_FALSE(is_empty()) << "it is still being tried";
  (void)store->queue().flush({});
  ASSERT_TRUE(eventually([&] { return recipient().attempts >= 2; }));
  EXPECT_THAT(inbox(), SizeIs(1));
}

TEST_F(Outgoing, NobodyIsToldOfAFailureHeDoesNotWantToHearOf) {
  TestSmtpServer::Script script;
  script.answer = [](std::string_view line) -> std::string {
    return starts_with_word(line, "RCPT") ? "550 5.1.1 no" : std::string{};
  };
  TestSmtpServer server{script};
  relay_to(server);
  start();
  submit({{"bob@there.example", {.never = true}, {}}});
  submit({{"bob@there.example", {}, {}}}, "Subject: report\r\n\r\n", "");
  ASSERT_TRUE(eventually([&] { return is_empty() && queue().size() == 2; }));
  EXPECT_THAT(inbox(), SizeIs(0));
}

TEST_F(Outgoing, SuccessIsReportedWhereTheServerCannot) {
  TestSmtpServer::Script script;
  script.extensions = {"PIPELINING"};
  TestSmtpServer server{script};
  relay_to(server);
  start();
  submit({{"bob@there.example", {.success = true}, "rfc822;bob@there.example"}});
  ASSERT_TRUE(eventually([&] { return is_empty() && inbox().size() == 1; }));
  EXPECT_THAT(inbox().front(), HasSubstr("Action: relayed"));
  EXPECT_THAT(inbox().front(), HasSubstr("Original-Recipient: rfc822;"));
}

TEST_F(Outgoing, ALargeTransactionIsSentInParts) {
  EXPECT_TRUE(store->settings().set(kSendRecipientsMost, "20"));
  TestSmtpServer server;
  relay_to(server);
  start();
  std::vector<delivery::Recipient> many;
  for (int i = 0; i < 45; ++i) many.push_back({"user" + std::to_string(i) + "@there.example", {}, {}});
  submit(many);
  ASSERT_TRUE(eventually([&] { return is_empty() && !queue().empty(); }));
  std::vector<std::size_t> sizes;
  for (const auto& message : server.messages()) sizes.push_back(message.rcpts.size());
  EXPECT_THAT(sizes, ElementsAre(20, 20, 5));  // spec 60 section 24, S3
}

TEST_F(Outgoing, AnUnreachableSmartHostHandsOverToTheNextAndNeverBounces) {
  TestSmtpServer server;
  const std::uint16_t nobody = net::free_port();
  EXPECT_TRUE(store->settings().set(kRelayHost, "127.0.0.1:" + std::to_string(nobody) + " " + server.host()));
  start();
  submit({"bob@there.example"});
  ASSERT_TRUE(eventually([&] { return is_empty() && !queue().empty(); }));
  EXPECT_THAT(server.messages(), SizeIs(1));
  runner.reset();
  TestSmtpServer::Script script;
  script.greeting = "554 5.3.2 go away";
  server.set_script(script);
  start();
  submit({"carl@there.example"});
  ASSERT_TRUE(eventually([&] { return !is_empty() && queue(false).front().recipients.front().attempts == 1; }));
  EXPECT_THAT(inbox(), SizeIs(0)) << "what a smart host says about itself is nobody's bounce";
}

TEST_F(Outgoing, DirectMailGoesToTheBestExchangerThatAnswers) {
  TestSmtpServer server;
  names.add(
      "there.example MX 20 good.there.example\n"
      "there.example MX 10 dead.there.example\n"
      "good.there.example A 127.0.0.1\n"
      "dead.there.example A 127.0.0.2\n");
  start(server.port());
  submit({"bob@There.Example"});
  ASSERT_TRUE(eventually([&] { return is_empty() && !queue().empty(); }));
  EXPECT_THAT(server.messages(), SizeIs(1));
  EXPECT_EQ(recipient().latest_server, "good.there.example");
}

TEST_F(Outgoing, WhatTheNameServiceSaysDecidesBetweenWaitingAndFailing) {
  TestSmtpServer server;
  names.add(
      "null.example MX 0 .\n"
      "plain.example A 127.0.0.1\n"
      "loop.example MX 10 mail.here.example\n"
      "mail.here.example A 127.0.0.9\n"
      "back.example MX 5 other.example\n"
      "back.example MX 10 mail.here.example\n"
      "back.example MX 20 far.example\n"
      "other.example A 127.0.0.3\n"
      "far.example A 127.0.0.1\n"
      "away.example A 127.0.0.1\n");
  names.fail("away.example", dns::TestServer::Fault::servfail);
  start(server.port());
  struct Row {
    const char* domain;
    const char* status;  // empty: delivered
    bool fails;
  };
  for (const Row& row :
       {Row{"plain.example", "", false}, Row{"null.example", "5.1.10", true}, Row{"missing.example", "5.1.2", true},
        Row{"loop.example", "5.4.6", true}, Row{"back.example", "4.4.1", false}, Row{"away.example", "4.4.3", false}}) {
    SCOPED_TRACE(row.domain);
    submit({("bob@" + std::string{row.domain}).c_str()});
    store::QueuedRecipient last;
    ASSERT_TRUE(eventually([&] {
      for (const auto& message : queue()) {
        for (const auto& r : message.recipients) {
          if (r.address == "bob@" + std::string{row.domain} && r.attempts > 0) last = r;
        }
      }
      return last.attempts > 0;
    }));
    EXPECT_EQ(last.failed.has_value(), row.fails) << last.latest_error;
    if (std::string_view{row.status}.empty()) {
      EXPECT_TRUE(last.succeeded) << last.latest_error;
    } else {
      EXPECT_EQ(last.status, row.status) << last.latest_error;
    }
  }
}

TEST_F(Outgoing, AHeldMessageIsNotOfferedUntilItIsReleased) {
  TestSmtpServer server;
  relay_to(server);
  submit({"bob@there.example"});
  EXPECT_TRUE(store->queue().hold({}));
  start();
  std::this_thread::sleep_for(Milliseconds{1500});
  EXPECT_THAT(server.messages(), SizeIs(0));
  EXPECT_TRUE(store->queue().release({}));
  ASSERT_TRUE(eventually([&] { return is_empty(); }));
  EXPECT_THAT(server.messages(), SizeIs(1));
}

TEST_F(Outgoing, AMessageDeletedWhileItWaitsIsNotMissed) {
  TestSmtpServer server;
  relay_to(server);
  submit({"bob@there.example"});
  EXPECT_TRUE(store->queue().remove({}));
  start();
  submit({"carl@there.example"});
  ASSERT_TRUE(eventually([&] { return is_empty() && queue().size() == 1; }));
  EXPECT_THAT(server.messages(), SizeIs(1));
}

TEST_F(Outgoing, StoppingGivesBackWhatWasNotSent) {
  TestSmtpServer::Script script;
  script.answer = [](std::string_view line) -> std::string {
    return starts_with_word(line, "MAIL") ? "SLEEP" : std::string{};
  };
  TestSmtpServer server{script};
  relay_to(server);
  start();
  submit({"bob@there.example"});
  ASSERT_TRUE(eventually([&] { return server.sessions() == 1; }));
  const auto began = std::chrono::steady_clock::now();
  runner->stop(Seconds{0});
  EXPECT_LT(std::chrono::steady_clock::now() - began, Seconds{5});
  server.set_script({});
  runner->start();
  (void)store->queue().flush({});
  ASSERT_TRUE(eventually([&] { return is_empty(); }));
  EXPECT_THAT(server.messages(), SizeIs(1));
}

TEST_F(Outgoing, ManyMessagesGoOutAllAndOnce) {
  TestSmtpServer server;
  relay_to(server);
  start();
  for (int i = 0; i < 300; ++i) submit({"bob@there.example"});
  ASSERT_TRUE(eventually([&] { return is_empty(); }));
  EXPECT_THAT(server.messages(), SizeIs(300));
}

}  // namespace
}  // namespace pennypost::transport
