// The POP3 server on a real database and socket.
#include "server/pop3/session.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/auth/digests.h"
#include "server/auth/store_accounts.h"
#include "server/base/clock.h"
#include "server/base/test_folder.h"
#include "server/base/text.h"
#include "server/net/test_peer.h"
#include "server/pop3/service.h"
#include "server/store/test_cluster.h"

namespace pennypost::pop3 {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

/// What a client sees.
class Talk {
 public:
  explicit Talk(const Poco::Net::SocketAddress& address) : peer_{address} { greeting = peer_.read_line(); }
  std::string say(std::string_view line) {
    peer_.send(std::string{line} + "\r\n");
    return peer_.read_line();
  }
  /// The lines up to the dot, as sent.
  std::string rest() {
    std::string out;
    while (true) {
      const std::string line = peer_.read_line();
      if (line == ".") return out;
      if (line.empty() && out.ends_with("\r\n\r\n\r\n\r\n")) return out + "(no end)";
      out += line + "\r\n";
    }
  }
  std::string login(std::string_view name, std::string_view password) {
    say("USER " + std::string{name});
    return say("PASS " + std::string{password});
  }
  net::RawPeer& peer() { return peer_; }
  std::string greeting;

 private:
  net::RawPeer peer_;
};

class Pop3 : public ::testing::Test {
 protected:
  Pop3() {
    ann = add("ann", "s3cret", auth::Recoverable::yes);
    add("bob", "pass word", auth::Recoverable::no);
    EXPECT_TRUE(store->settings().set(kMailboxLockWait, "1"));
    EXPECT_TRUE(store->settings().reload());
  }
  ~Pop3() override {
    if (service) service->stop(Seconds{0});
  }
  AccountId add(const std::string& name, std::string_view password, auth::Recoverable recoverable) {
    store::NewAccount account;
    account.name = name;
    account.addresses = {name + "@here.example"};
    account.password = *auth::password_record(hasher, key, password, recoverable);
    return store->accounts().create(account)->id;
  }
  void set(const auto& setting, std::string_view value) {
    EXPECT_TRUE(store->settings().set(setting, value));
    EXPECT_TRUE(store->settings().reload());
  }
  Talk connect(std::shared_ptr<net::TlsServer> tls = nullptr) {
    if (!service) {
      ServiceOptions options;
      options.bindings = {{Poco::Net::SocketAddress{"127.0.0.1", 0}, net::Security::plain}};
      options.tls = std::move(tls);
      service = *bind({*store, authenticator}, std::move(options));
      service->start();
    }
    return Talk{service->bindings().front().address};
  }
  void put(std::string_view octets, bool is_held = false) {
    const auto inbox = store->folders().find(ann, "INBOX");
    store::NewBody body;
    body.octets = octets;
    const std::size_t header = octets.find("\r\n\r\n");
    body.header_size = {static_cast<std::int64_t>(header == octets.npos ? octets.size() : header + 4)};
    store::Letter letter;
    letter.body = &body;
    store::MailboxEntry entry;
    entry.folder = inbox->id;
    entry.internal_date = now();
    entry.is_held = is_held;
    letter.mailboxes.push_back(entry);
    store::Delivery delivery;
    delivery.letters.push_back(letter);
    ASSERT_TRUE(store->writer().deliver(delivery));
  }

  TestFolder folder;
  std::unique_ptr<store::Store> store = store::TestCluster::instance().store();
  auth::PasswordHasher hasher{auth::HashCost{.memory = 1_MiB, .passes = 1, .at_once = 2}};
  auth::SecretKey key = *auth::SecretKey::open_or_create(folder.path());
  auth::StoreAccounts accounts{store->accounts(), store->directory()};
  auth::LoginCounters guard{[] { return auth::GuardRules{}; }};
  auth::Authenticator authenticator{accounts, hasher, key, guard};
  std::unique_ptr<net::Service> service;
  AccountId ann{};
};

constexpr std::string_view kOne = "Subject: one\r\n\r\n.\r\nline two\r\n..\r\n";
constexpr std::string_view kTwo = "Subject: two\r\n\r\nbody\r\n";

TEST_F(Pop3, GreetingAndTextsAreThoseOfTheSpecification) {
  put(kOne);
  put(kTwo);
  auto talk = connect();
  EXPECT_THAT(talk.greeting, MatchesRegex("\\+OK VPOP3 Server Ready <[0-9a-f]+\\.[0-9a-f]+\\.[0-9a-f]+>"));
  EXPECT_EQ(talk.say("USER Ann"), "+OK Please send PASS");
  EXPECT_EQ(talk.say("PASS s3cret"), "+OK Mailbox open, 2 messages (55 octets)");
  EXPECT_EQ(talk.say("STAT"), "+OK 2 55");
  EXPECT_EQ(talk.say("LIST"), "+OK 2 messages (55 octets)");
  EXPECT_EQ(talk.rest(), "1 33\r\n2 22\r\n");
  EXPECT_EQ(talk.say("LIST 2"), "+OK 2 22");
  EXPECT_EQ(talk.say("UIDL"), "+OK");
  const std::string ids = talk.rest();
  EXPECT_THAT(ids, StartsWith("1 "));
  EXPECT_EQ(talk.say("RETR 1"), "+OK 33 octets");
  EXPECT_EQ(talk.rest(), "Subject: one\r\n\r\n..\r\nline two\r\n...\r\n");
  EXPECT_EQ(talk.say("TOP 1 1"), "+OK");
  EXPECT_EQ(talk.rest(), "Subject: one\r\n\r\n..\r\n");
  EXPECT_EQ(talk.say("NOOP"), "+OK");
  EXPECT_EQ(talk.say("DELE 1"), "+OK Message deleted");
  EXPECT_EQ(talk.say("STAT"), "+OK 1 22");
  EXPECT_THAT(talk.say("RETR 1"), StartsWith("-ERR"));
  EXPECT_THAT(talk.say("DELE 1"), StartsWith("-ERR"));
  EXPECT_EQ(talk.say("RSET"), "+OK");
  EXPECT_EQ(talk.say("STAT"), "+OK 2 55");
  EXPECT_EQ(talk.say("QUIT"), "+OK VPOP3 Server Signing off");
  EXPECT_EQ(talk.peer().read_to_end(), "");
}

TEST_F(Pop3, NothingIsDeletedBeforeQuitAndTheRestKeepsItsIds) {
  put(kOne);
  put(kTwo);
  std::string second;
  {
    auto talk = connect();
    talk.login("ann", "s3cret");
    second = talk.say("UIDL 2").substr(5);
    talk.say("DELE 1");
    talk.peer().close();
  }
  auto again = connect();
  EXPECT_EQ(again.login("ann@here.example", "s3cret"), "+OK Mailbox open, 2 messages (55 octets)");
  again.say("DELE 1");
  again.say("QUIT");
  auto last = connect();
  EXPECT_EQ(last.login("ann", "s3cret"), "+OK Mailbox open, 1 messages (22 octets)");
  EXPECT_EQ(last.say("UIDL 1").substr(5), second) << "the id stays with the message";
}

TEST_F(Pop3, TheMailboxBelongsToOneSessionAndIsFreeTheMomentItEnds) {
  auto first = connect();
  first.login("ann", "s3cret");
  auto second = connect();
  EXPECT_EQ(second.login("ann", "s3cret"), "-ERR [IN-USE] Mailbox Locked");
  EXPECT_THAT(second.login("bob", "pass word"), StartsWith("+OK")) << "a lock is no failed login";
  auto third = connect();
  third.say("USER ann");
  first.peer().reset();
  EXPECT_THAT(third.say("PASS s3cret"), StartsWith("+OK"));
}

TEST_F(Pop3, AnImapSessionKeepsPop3Out) {
  auto imap = store->locks().lock(ann, store::LockMode::shared, Milliseconds{0});
  ASSERT_TRUE(imap);
  auto talk = connect();
  EXPECT_EQ(talk.login("ann", "s3cret"), "-ERR [IN-USE] Mailbox Locked");
  imap->release();
  EXPECT_THAT(talk.login("ann", "s3cret"), StartsWith("+OK"));
}

TEST_F(Pop3, HeldMessagesDoNotExistForAClient) {
  put(kOne, true);
  put(kTwo);
  auto talk = connect();
  EXPECT_EQ(talk.login("ann", "s3cret"), "+OK Mailbox open, 1 messages (22 octets)");
}

TEST_F(Pop3, WhereTheSettingSaysSoQuitHoldsInsteadOfDeleting) {
  set(kPop3Hold, "1");
  put(kOne);
  auto talk = connect();
  talk.login("ann", "s3cret");
  talk.say("DELE 1");
  EXPECT_THAT(talk.say("QUIT"), StartsWith("+OK"));
  EXPECT_EQ(connect().login("ann", "s3cret"), "+OK Mailbox open, 0 messages (0 octets)");
  const auto released = store->messages().release(store->folders().find(ann, "INBOX")->id);
  ASSERT_TRUE(released);
  EXPECT_EQ(*released, 1);
}

TEST_F(Pop3, ApopTakesTheDigestOfTheGreeting) {
  auto talk = connect();
  const std::string challenge = talk.greeting.substr(talk.greeting.find('<'));
  EXPECT_EQ(talk.say("APOP ann 00000000000000000000000000000000"), "-ERR Invalid login");
  EXPECT_THAT(talk.say("APOP ann " + auth::apop_digest(challenge, "s3cret")), StartsWith("+OK Mailbox open"));
}

TEST_F(Pop3, WithoutRecoverablePasswordsNobodyIsAskedForDigests) {
  ASSERT_TRUE(
      store->accounts().set_password(ann, *auth::password_record(hasher, key, "s3cret", auth::Recoverable::no)));
  auto talk = connect();
  EXPECT_THAT(talk.greeting, MatchesRegex("\\+OK VPOP3 Server Ready <.*>"));  // the known form, whoever can use it
  talk.say("CAPA");
  EXPECT_THAT(talk.rest(), Not(HasSubstr("CRAM-MD5")));
  EXPECT_EQ(talk.say("APOP ann 00000000000000000000000000000000"), "-ERR APOP is not available");
}

TEST_F(Pop3, AuthSpeaksSaslWithInitialResponseAndCancel) {
  auto talk = connect();
  EXPECT_EQ(talk.say("AUTH PLAIN"), "+ ");
  EXPECT_THAT(talk.say("*"), StartsWith("-ERR"));
  EXPECT_THAT(talk.say("AUTH PLAIN !!!"), StartsWith("-ERR"));
  const std::string cram = base64_decode(talk.say("AUTH CRAM-MD5").substr(2)).value_or("");
  EXPECT_EQ(cram, talk.greeting.substr(talk.greeting.find('<')));
  EXPECT_THAT(talk.say(base64_encode("ann " + auth::cram_md5_digest(cram, "s3cret"))), StartsWith("+OK Mailbox open"));
  auto other = connect();
  EXPECT_THAT(other.say("AUTH PLAIN " + base64_encode(std::string_view{"\0bob\0pass word", 14})),
              StartsWith("+OK Mailbox open"));
}

TEST_F(Pop3, TheThirdWrongPasswordEndsTheSessionAndLocksForThatAddress) {
  auto talk = connect();
  EXPECT_EQ(talk.login("ann", "wrong"), "-ERR Invalid login");
  EXPECT_EQ(talk.login("ann", "wrong"), "-ERR Invalid login");
  EXPECT_EQ(talk.login("ann", "wrong"), "-ERR Invalid login");
  EXPECT_EQ(talk.peer().read_to_end(), "");
  EXPECT_EQ(connect().login("ann", "s3cret"), "-ERR Invalid login") << "locked, in the same words";
  guard.unlock("ann");
  EXPECT_THAT(connect().login("ann", "s3cret"), StartsWith("+OK"));
}

TEST_F(Pop3, PasswordsInClearAreRefusedWhereEncryptionIsAskedFor) {
  set(kRequireEncryptedLogin, "1");
  const auto tls = *net::TlsServer::load(*net::ensure_certificate(folder.path(), {"localhost"}));
  auto talk = connect(tls);
  talk.say("CAPA");
  const std::string list = talk.rest();
  EXPECT_THAT(list, Not(HasSubstr("USER\r\n")));
  EXPECT_THAT(list, Not(HasSubstr("PLAIN")));
  EXPECT_THAT(list, HasSubstr("STLS\r\n"));
  EXPECT_THAT(talk.say("USER ann"), StartsWith("-ERR"));
  EXPECT_THAT(talk.say("PASS s3cret"), StartsWith("-ERR"));
  EXPECT_THAT(talk.say("AUTH PLAIN"), StartsWith("-ERR"));
  const std::string challenge = talk.greeting.substr(talk.greeting.find('<'));
  EXPECT_THAT(talk.say("APOP ann " + auth::apop_digest(challenge, "s3cret")), StartsWith("+OK"));
}

TEST_F(Pop3, StlsTurnsTheConnectionOverAndForgetsWhatWasSaid) {
  const auto tls = *net::TlsServer::load(*net::ensure_certificate(folder.path(), {"localhost"}));
  connect(tls);
  net::ConnectTo to;
  to.address = service->bindings().front().address;
  const auto client = *net::connect(to);
  const auto line = [&] { return std::string{*client->read_line(1_KiB, Seconds{10})}; };
  line();
  client->write("USER ann\r\nSTLS\r\n");
  line();
  EXPECT_THAT(line(), StartsWith("+OK"));
  ASSERT_TRUE(client->start_tls(**net::TlsClient::make(), "localhost", net::Verify::none));
  client->write("PASS s3cret\r\nSTLS\r\nUSER ann\r\nPASS s3cret\r\n");
  EXPECT_THAT(line(), StartsWith("-ERR")) << "the name was given in clear";
  EXPECT_THAT(line(), StartsWith("-ERR")) << "TLS is on already";
  line();
  EXPECT_THAT(line(), StartsWith("+OK Mailbox open"));
}

TEST_F(Pop3, WhatMakesNoSenseIsAnsweredAndEndsInTime) {
  auto talk = connect();
  for (const std::string& line :
       {std::string{"STAT"}, std::string{"FROB"}, std::string{"APOP ann"}, std::string{"USER"}, std::string{"PASS x"},
        std::string{"AUTH NOSUCH"}, std::string(20'000, 'x'), std::string{"US\0ER ann", 9}, std::string{""}}) {
    EXPECT_THAT(talk.say(line), StartsWith("-ERR")) << line.substr(0, 20);
  }
  EXPECT_THAT(talk.login("ann", "s3cret"), StartsWith("+OK"));
  for (const char* line : {"RETR", "RETR 0", "RETR x", "RETR 1", "RETR 4294967296", "RETR -1", "TOP 1", "TOP 1 x",
                           "DELE", "LIST x", "LIST 1 2", "UIDL 9", "USER ann", "STLS", "QUIT now"}) {
    EXPECT_THAT(talk.say(line), StartsWith("-ERR")) << line;
  }
  std::string all;
  for (int i = 0; i < kPop3Errors.most + 1; ++i) all += "FROB\r\n";
  talk.peer().send(all);
  const std::string answers = talk.peer().read_to_end();
  EXPECT_LE(std::ranges::count(answers, '\n'), kPop3Errors.most);
}

TEST_F(Pop3, PipelinedCommandsAreAnsweredInTheirOrder) {
  put(kTwo);
  auto talk = connect();
  talk.peer().send("USER ann\r\nPASS s3cret\r\nSTAT\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n");
  EXPECT_EQ(talk.peer().read_to_end(),
            "+OK Please send PASS\r\n+OK Mailbox open, 1 messages (22 octets)\r\n+OK 1 22\r\n+OK 22 octets\r\n" +
                std::string{kTwo} + ".\r\n+OK Message deleted\r\n+OK VPOP3 Server Signing off\r\n");
}

TEST_F(Pop3, AMessageThatIsGoneIsSaidToBeGone) {
  put(kTwo);
  auto talk = connect();
  talk.login("ann", "s3cret");
  ASSERT_TRUE(store->messages().remove(store->folders().find(ann, "INBOX")->id, store::UidSet::all()));
  EXPECT_EQ(talk.say("RETR 1"), "-ERR Can't open the message file - it's gone");
  EXPECT_THAT(talk.say("NOOP"), StartsWith("+OK"));
}

TEST_F(Pop3, ALargeMessageStreamsWhole) {
  std::string large = "Subject: large\r\n\r\n";
  while (large.size() < 20'000'000) large += ".dot 0123456789 0123456789 0123456789 0123456789 012345\r\n";
  put(large);
  auto talk = connect();
  talk.login("ann", "s3cret");
  EXPECT_EQ(talk.say("RETR 1"), "+OK " + std::to_string(large.size()) + " octets");
  const std::string stuffed = replace_all(large, "\r\n.", "\r\n..");
  EXPECT_TRUE(talk.peer().read(stuffed.size()) == stuffed);
  EXPECT_EQ(talk.peer().read(3), ".\r\n");
}

TEST_F(Pop3, AClientThatFallsSilentIsLetGoWithoutDeletingAnything) {
  set(kPop3Timeout, "10");
  put(kTwo);
  auto talk = connect();
  talk.login("ann", "s3cret");
  talk.say("DELE 1");
  EXPECT_EQ(talk.peer().read(1), "") << "closed without a word";
  EXPECT_EQ(connect().login("ann", "s3cret"), "+OK Mailbox open, 1 messages (22 octets)");
}

TEST_F(Pop3, NewMailDoesNotChangeTheNumbersOfAnOpenSession) {
  put(kOne);
  auto talk = connect();
  talk.login("ann", "s3cret");
  put(kTwo);
  EXPECT_EQ(talk.say("STAT"), "+OK 1 33");
  talk.say("QUIT");
  EXPECT_EQ(connect().login("ann", "s3cret"), "+OK Mailbox open, 2 messages (55 octets)");
}

TEST_F(Pop3, AccountsAreFoundByNameAndByTheirOwnAddressesOnly) {
  ASSERT_TRUE(store->directory().add_address("sales@here.example", ann));
  ASSERT_TRUE(store->directory().add_address("~@here.example", ann));
  struct Row {
    const char* login;
    bool found;
  };
  for (const auto& [login, found] :
       {Row{"ann", true}, Row{"ANN", true}, Row{"ann@here.example", true}, Row{"Ann@HERE.example", true},
        Row{"sales@here.example", true}, Row{"typo@here.example", false}, Row{"ann@elsewhere.example", false},
        Row{"", false}, Row{"@", false}, Row{"ann@", false}, Row{"a\xff", false}, Row{"nobody", false}}) {
    const auto candidate = accounts.find(login);
    ASSERT_TRUE(candidate) << login;
    EXPECT_EQ(candidate->has_value(), found) << login;
  }
}

}  // namespace
}  // namespace pennypost::pop3
