// Certificates, and handshakes over real sockets on loopback, both sides ours; STARTTLS injection with a raw peer.
#include "server/net/tls.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "server/base/clock.h"
#include "server/base/test_folder.h"
#include "server/base/text.h"
#include "server/net/test_peer.h"

namespace pennypost::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

struct Served {
  TestFolder folder;
  CertificateFiles files = *ensure_certificate(folder.path(), {"mail.test", "127.0.0.1", "::1"});
  std::shared_ptr<TlsServer> tls = *TlsServer::load(files);
};

// One server connection whose handshake runs on its own thread, one client connection.
struct Shaken {
  explicit Shaken(const Served& served, const TlsClient& asks, const std::string& name, Verify verify) {
    Poco::Net::ServerSocket listener{Poco::Net::SocketAddress{"127.0.0.1", 0}};
    client = *connect({.address = listener.address(), .from = {}, .id = "client"});
    server = std::make_unique<Connection>(listener.acceptConnection(), served.tls, "server");
    std::jthread side{[&] { server_result = server->start_tls(5s); }};
    client_result = client->start_tls(asks, name, verify, 5s);
    if (!client_result) client->cut_off();
  }
  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> server;
  Result<void> client_result;
  Result<void> server_result;
};

TEST(Certificate, IsMadeOnceWithItsNamesAndAKeyForTheOwnerAlone) {
  const TestFolder folder;
  const auto files = ensure_certificate(folder.path(), {"mail.test", "192.0.2.1", "2001:db8::1"}, 24h * 100);
  ASSERT_TRUE(files);
  struct stat key {};
  ASSERT_EQ(::stat(files->key.c_str(), &key), 0);
  EXPECT_EQ(key.st_mode & 07777, 0600U);
  const auto facts = certificate_facts(files->chain);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->subject, "CN = mail.test");
  EXPECT_TRUE(facts->self_signed);
  EXPECT_THAT(facts->names, ElementsAre("mail.test", "192.0.2.1", "2001:db8::1"));
  EXPECT_LT(facts->not_before, now());
  EXPECT_GT(facts->not_after, now() + 24h * 99);
  EXPECT_LT(facts->not_after, now() + 24h * 101);
  const auto again = ensure_certificate(folder.path(), {"other.test"});
  ASSERT_TRUE(again);
  EXPECT_EQ(certificate_facts(again->chain)->subject, "CN = mail.test");
}

TEST(Certificate, OneThatIsCutOffByACrashIsMadeAnew) {
  const TestFolder folder;
  const auto files = ensure_certificate(folder.path(), {"mail.test"});
  std::filesystem::remove(files->chain);
  EXPECT_TRUE(TlsServer::load(*ensure_certificate(folder.path(), {"mail.test"})));
}

TEST(Certificate, AFolderThatIsNotThereIsSaid) {
  const auto files = ensure_certificate("/nonexistent/folder", {"mail.test"});
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error().for_log, HasSubstr("/nonexistent/folder"));
}

TEST(TlsServer, SaysWhatIsWrongWithAFile) {
  const Served one;
  const Served two;
  const std::string junk = one.folder.path().string() + "/junk.pem";
  std::ofstream{junk} << "no certificate\n";
  const struct {
    const char* what;
    CertificateFiles files;
    Kind kind;
    std::string says;
  } rows[] = {
      {"no chain", {one.files.chain + "x", one.files.key}, Kind::not_found, "certificate.pemx: No such file"},
      {"no key", {one.files.chain, one.files.key + "x"}, Kind::not_found, "key.pemx: No such file"},
      {"junk chain", {junk, one.files.key}, Kind::bad_input, "junk.pem: no usable certificate chain"},
      {"junk key", {one.files.chain, junk}, Kind::bad_input, "junk.pem: no usable private key"},
      {"another's key", {one.files.chain, two.files.key}, Kind::bad_input, "is not the key of the certificate"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const auto loaded = TlsServer::load(row.files);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().kind, row.kind);
    EXPECT_THAT(loaded.error().for_log, HasSubstr(row.says));
  }
}

TEST(TlsServer, ReloadsAndKeepsWhatItHadWhenTheNewIsBad) {
  const Served one;
  const TestFolder folder;
  const auto fresh = *ensure_certificate(folder.path(), {"fresh.test"});
  EXPECT_FALSE(one.tls->reload({fresh.chain, one.files.key}));
  EXPECT_EQ(one.tls->facts().subject, "CN = mail.test");
  ASSERT_TRUE(one.tls->reload(fresh));
  EXPECT_EQ(one.tls->facts().subject, "CN = fresh.test");
  const Shaken shaken{one, **TlsClient::make(fresh.chain), "fresh.test", Verify::required};
  EXPECT_TRUE(shaken.client_result);
}

TEST(Tls, LinesAndLargeBodiesGoBothWays) {
  const Served served;
  const Shaken shaken{served, **TlsClient::make(served.files.chain), "mail.test", Verify::required};
  ASSERT_TRUE(shaken.client_result) << shaken.client_result.error().for_log;
  ASSERT_TRUE(shaken.server_result);
  const std::string body(5'000'000, 'b');
  std::jthread side{[&] {
    EXPECT_EQ(*shaken.server->read_line({100}, 5s), "FETCH");
    shaken.server->write("* 1\r\n");
    shaken.server->write(body);
    shaken.server->close();
  }};
  shaken.client->write("FETCH\r\n");
  EXPECT_EQ(*shaken.client->read_line({100}, 5s), "* 1");
  std::string into;
  ASSERT_TRUE(shaken.client->read_exactly({5'000'000}, into, 5s));
  EXPECT_TRUE(into == body);
  EXPECT_FALSE(shaken.client->read_line({100}, 5s));
  EXPECT_EQ(shaken.client->ended(), Ended::by_peer);
}

TEST(Tls, WaitTellsInputEventAndTimeout) {
  const Served served;
  const Shaken shaken{served, **TlsClient::make(), "mail.test", Verify::none};
  ASSERT_TRUE(shaken.client_result);
  EXPECT_EQ(shaken.client->wait(0s), Woken::timeout);  // the server's session ticket is no input
  shaken.server->wake();
  EXPECT_EQ(shaken.server->wait(5s), Woken::event);
  shaken.client->write("A\r\nB\r\n");
  ASSERT_TRUE(shaken.client->flush());
  EXPECT_EQ(shaken.server->wait(5s), Woken::input);
  EXPECT_EQ(*shaken.server->read_line({100}, 5s), "A");
  EXPECT_EQ(shaken.server->wait(5s), Woken::input);
  EXPECT_EQ(*shaken.server->read_line({100}, 5s), "B");
  EXPECT_EQ(shaken.server->wait(0s), Woken::timeout);
}

TEST(Tls, BothSidesSayWhatWasAgreed) {
  const Served served;
  const Shaken shaken{served, **TlsClient::make(served.files.chain), "mail.test", Verify::required};
  const TlsFacts ours = shaken.server->tls_facts();
  EXPECT_EQ(ours.version, "TLSv1.3");
  EXPECT_EQ(ours.server_name, "mail.test");
  EXPECT_GE(ours.bits, 128);
  EXPECT_EQ(shaken.client->tls_facts().cipher, ours.cipher);
  EXPECT_TRUE(shaken.client->tls_facts().verified);
  for (const char* type : {"tls-exporter", "tls-server-end-point"}) {
    SCOPED_TRACE(type);
    EXPECT_EQ(shaken.server->channel_binding(type).size(), 32U);
    EXPECT_EQ(shaken.server->channel_binding(type), shaken.client->channel_binding(type));
  }
  EXPECT_EQ(shaken.server->channel_binding("tls-unique"), "");
}

TEST(Tls, TheClientChecksAsMuchAsItWasAsked) {
  const Served served;
  const auto trusting = *TlsClient::make(served.files.chain);
  const auto strange = *TlsClient::make();
  const struct {
    const char* what;
    const TlsClient& client;
    const char* name;
    Verify verify;
    bool goes_on;
    bool verified;
  } rows[] = {
      {"trusted", *trusting, "mail.test", Verify::required, true, true},
      {"trusted, final dot", *trusting, "mail.test.", Verify::required, true, true},
      {"trusted by address", *trusting, "127.0.0.1", Verify::required, true, true},
      {"wrong name", *trusting, "other.test", Verify::required, false, false},
      {"wrong address", *trusting, "127.0.0.2", Verify::required, false, false},
      {"unknown issuer", *strange, "mail.test", Verify::required, false, false},
      {"no name", *trusting, "", Verify::required, false, false},
      {"unknown issuer, opportunistic", *strange, "mail.test", Verify::opportunistic, true, false},
      {"wrong name, opportunistic", *trusting, "other.test", Verify::opportunistic, true, false},
      {"right, opportunistic", *trusting, "mail.test", Verify::opportunistic, true, true},
      {"not asked for", *strange, "other.test", Verify::none, true, false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const Shaken shaken{served, row.client, row.name, row.verify};
    EXPECT_EQ(shaken.client_result.ok(), row.goes_on);
    if (!row.goes_on) continue;
    EXPECT_EQ(shaken.client->tls_facts().verified, row.verified);
    EXPECT_EQ(shaken.client->tls_facts().verify_problem.empty(), row.verified);
  }
}

TEST(Tls, WhatWasSentInClearBeforeTheHandshakeIsForgotten) {
  const Served served;
  Poco::Net::ServerSocket listener{Poco::Net::SocketAddress{"127.0.0.1", 0}};
  auto client = *connect({.address = listener.address(), .from = {}, .id = "client"});
  Connection server{listener.acceptConnection(), served.tls, "server"};
  client->write("STARTTLS\r\nMAIL FROM:<attacker@evil.test>\r\n");
  ASSERT_TRUE(client->flush());
  EXPECT_EQ(*server.read_line({100}, 5s), "STARTTLS");
  server.write("220 go ahead\r\n");
  std::jthread side{[&] {
    ASSERT_TRUE(server.start_tls(5s));
    EXPECT_EQ(server.discarded_before_tls().count, 32);
    EXPECT_EQ(*server.read_line({100}, 5s), "EHLO client");
  }};
  EXPECT_EQ(*client->read_line({100}, 5s), "220 go ahead");
  ASSERT_TRUE(client->start_tls(**TlsClient::make(), "mail.test", Verify::none, 5s));
  client->write("EHLO client\r\n");
  ASSERT_TRUE(client->flush());
}

TEST(Tls, APeerThatDoesNotSpeakItIsAnErrorInTime) {
  const Served served;
  for (const auto& [what, sent, kind] :
       {std::tuple{"clear text", "EHLO client\r\n", Kind::bad_input}, std::tuple{"silence", "", Kind::unavailable}}) {
    SCOPED_TRACE(what);
    Pair pair{served.tls};
    pair.client.send(sent);
    const auto done = pair.server->start_tls(1s);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, kind);
    EXPECT_FALSE(pair.server->read_line({100}, 5s));
    EXPECT_EQ(pair.server->ended(), Ended::broken);
  }
}

TEST(Tls, WithoutACertificateThereIsNone) {
  Pair pair;
  EXPECT_FALSE(pair.server->can_start_tls());
  EXPECT_FALSE(pair.server->start_tls(1s));
}

}  // namespace
}  // namespace pennypost::net
