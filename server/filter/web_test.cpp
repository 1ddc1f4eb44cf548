// Fetching of pages from real servers on loopback: what scripts get, what is never reached, and that every call ends.
#include "server/filter/web.h"

#include <latch>

#include <Poco/Net/NetSSL.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/test_folder.h"
#include "server/base/text.h"
#include "server/dns/test_server.h"
#include "server/filter/test_web.h"
#include "server/net/test_peer.h"

namespace pennypost::filter {
namespace {

using namespace std::chrono_literals;
using Poco::Net::IPAddress;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using Clock = std::chrono::steady_clock;

WebSite::Answer page(const std::string& text) {
  return [text](const Asked&, WebSite::Response& response) {
    response.setContentLength64(static_cast<std::int64_t>(text.size()));
    response.send() << text;
  };
}
WebSite::Answer redirect_to(const std::string& where, int status = 302) {
  return [=](const Asked&, WebSite::Response& response) {
    response.setStatusAndReason(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(status));
    response.set("Location", where);
    response.setContentLength(0);
  };
}

class WebTest : public testing::Test {
 protected:
  WebTest() {
    dns_.add("www.test A 127.0.0.1\nother.test A 127.0.0.1\nsecure.test A 127.0.0.1\nsix.test AAAA ::1");
    dns::ResolverOptions options;
    options.servers = {dns_.address()};
    options.first_wait = 200ms;
    options.hosts_file = "";
    resolver_ = *dns::Resolver::make(options);
  }

  ruleinterp::HttpReply fetch(const std::string& url, std::optional<std::string> form = {},
                              std::chrono::milliseconds time = 10s, std::size_t most = 1 << 20) {
    return web().fetch({.url = url, .form = std::move(form), .system_proxy = proxied_, .most = most},
                       Clock::now() + time);
  }
  Web& web() {
    if (!web_)
      web_.emplace(
          *resolver_, [this] { return rules_; }, options_);
    return *web_;
  }
  /// Only this address counts as public, and nothing private is allowed.
  void only_public(const std::string& address) {
    rules_.private_too = false;
    options_.is_public = [address = IPAddress{address}](const IPAddress& asked) { return asked == address; };
  }

  dns::TestServer dns_;
  std::shared_ptr<dns::Resolver> resolver_;
  WebRules rules_{.private_too = true};
  WebOptions options_;
  bool proxied_ = false;
  std::optional<Web> web_;
  std::string site_at_other_;
};

TEST_F(WebTest, GetBringsResultLineFieldsAndContent) {
  WebSite site{[](const Asked&, WebSite::Response& response) {
    response.set("X-One", "1");
    response.setContentLength(11);
    response.send() << "hello world";
  }};
  const auto reply = fetch(site.at("www.test", "/a?b=c"));
  EXPECT_THAT(reply.head, StartsWith("HTTP/1.1 200 OK\n"));
  EXPECT_THAT(reply.head, HasSubstr("\nX-One: 1\n"));
  EXPECT_EQ(reply.head.find('\r'), std::string::npos);
  EXPECT_EQ(reply.content, "hello world");
  ASSERT_THAT(site.asked(), SizeIs(1));
  EXPECT_EQ(site.asked()[0].method, "GET");
  EXPECT_EQ(site.asked()[0].target, "/a?b=c");
  EXPECT_EQ(site.asked()[0].host, "www.test:" + std::to_string(site.port()));
  EXPECT_EQ(site.asked()[0].user_agent, "Pennypost");
}

TEST_F(WebTest, PostSendsTheFormAsItIs) {
  WebSite site{page("taken")};
  const std::string form = "a=1&b=%20x" + std::string(200'000, 'y');
  EXPECT_EQ(fetch(site.at("www.test", "/check"), form).content, "taken");
  ASSERT_THAT(site.asked(), SizeIs(1));
  EXPECT_EQ(site.asked()[0].method, "POST");
  EXPECT_EQ(site.asked()[0].content_type, "application/x-www-form-urlencoded");
  EXPECT_EQ(site.asked()[0].content, form);
  EXPECT_EQ(fetch(site.at("www.test"), "").content, "taken");
  EXPECT_EQ(site.asked()[1].method, "POST");
  EXPECT_EQ(fetch(site.at("www.test"), std::string(kWebForm.most.size() + 1, 'x')).head, "");
  EXPECT_THAT(site.asked(), SizeIs(2));
}

TEST_F(WebTest, AnErrorPageIsAnAnswer) {
  WebSite site{[](const Asked&, WebSite::Response& response) {
    response.setStatusAndReason(Poco::Net::HTTPResponse::HTTP_NOT_FOUND);
    response.send() << "no such page";
  }};
  const auto reply = fetch(site.at("127.0.0.1"));
  EXPECT_THAT(reply.head, StartsWith("HTTP/1.1 404 Not Found"));
  EXPECT_EQ(reply.content, "no such page");
}

struct Framing {
  const char* what;
  std::string answer;
  std::string head;
  std::string content;
};
const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::vector<Framing> kFramings{
    {"length", kOk + "Content-Length: 3\r\n\r\nabcdef", "HTTP/1.1 200 OK\nContent-Length: 3", "abc"},
    {"to the end", kOk + "\r\nabc\r\ndef", "HTTP/1.1 200 OK", "abc\r\ndef"},
    {"nothing", kOk + "Content-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0", ""},
    {"chunks", kOk + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n00\r\nX: y\r\n\r\n",
     "HTTP/1.1 200 OK\nTransfer-Encoding: chunked", "abcd"},
    {"chunks go before a length",
     kOk + "Content-Length: 1\r\ntransfer-encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n",
     "HTTP/1.1 200 OK\nContent-Length: 1\ntransfer-encoding: Chunked", "0123456789"},
    {"line feeds alone", "HTTP/1.0 200 OK\nA: b\n\nabc", "HTTP/1.0 200 OK\nA: b", "abc"},
    {"no reason", "HTTP/1.1 200\r\n\r\nabc", "HTTP/1.1 200", "abc"},
    {"a field on two lines", kOk + "A: b\r\n c\r\n\r\nabc", "HTTP/1.1 200 OK\nA: b c", "abc"},
    {"a word before", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + kOk + "\r\nabc",
     "HTTP/1.1 200 OK", "abc"},
    {"no content", "HTTP/1.1 204 No Content\r\n\r\nabc", "HTTP/1.1 204 No Content", ""},
    {"a redirect to nowhere", "HTTP/1.1 302 Found\r\n\r\nabc", "HTTP/1.1 302 Found", "abc"},
    {"the same length twice", kOk + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
     "HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 3", "abc"},
    // what is no answer, or not a whole one
    {"silence", "", "", ""},
    {"another protocol", "SSH-2.0-x\r\n\r\n", "", ""},
    {"no status", "HTTP/1.1 abc OK\r\n\r\nabc", "", ""},
    {"HTTP/2 in text", "HTTP/2 200\r\n\r\nabc", "", ""},
    {"a head that ends", kOk + "A: b\r\n", "", ""},
    {"two lengths", kOk + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "", ""},
    {"no length", kOk + "Content-Length: -3\r\n\r\nabc", "", ""},
    {"too short", kOk + "Content-Length: 4\r\n\r\nabc", "", ""},
    {"a coding that is not asked for", kOk + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "", ""},
    {"chunks that end", kOk + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "", ""},
    {"a chunk that ends", kOk + "Transfer-Encoding: chunked\r\n\r\n4\r\nabc", "", ""},
    {"a chunk too long", kOk + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", "", ""},
    {"no chunk", kOk + "Transfer-Encoding: chunked\r\n\r\n-2\r\nabc\r\n0\r\n\r\n", "", ""},
    {"a chunk beyond all numbers", kOk + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc", "", ""},
    {"an upgrade", "HTTP/1.1 101 Switching Protocols\r\n\r\nabc", "", ""},
};

TEST_F(WebTest, AnswersAreReadAsTheyAreFramedAllAtOnceAndOctetByOctet) {
  for (const auto& [what, answer, head, content] : kFramings) {
    for (const std::size_t piece : {std::string::npos, std::size_t{1}}) {
      SCOPED_TRACE(std::string{what} + (piece == 1 ? ", octet by octet" : ""));
      RawSite site{RawSite::says(answer, piece)};
      const auto reply = fetch(site.at("127.0.0.1"));
      EXPECT_EQ(reply.head, head);
      EXPECT_EQ(reply.content, content);
    }
  }
}

TEST_F(WebTest, ContentIsCutAtItsLimitWhateverItsFraming) {
  const std::string much(300'000, 'x');
  for (const auto& [what, answer] : {
           std::pair{"length", kOk + "Content-Length: 300000\r\n\r\n" + much},
           std::pair{"to the end", kOk + "\r\n" + much},
           std::pair{"chunks", kOk + "Transfer-Encoding: chunked\r\n\r\n30000\r\n" + much},
           std::pair{"many chunks", kOk + "Transfer-Encoding: chunked\r\n\r\n" + replace_all(much, "x", "1\r\nx\r\n")},
           std::pair{"a claim", kOk + "Content-Length: 18446744073709551615\r\n\r\n" + much},
       }) {
    SCOPED_TRACE(what);
    RawSite site{RawSite::says(answer)};
    EXPECT_EQ(fetch(site.at("127.0.0.1"), {}, 10s, 1000).content, std::string(1000, 'x'));
    EXPECT_EQ(fetch(site.at("127.0.0.1"), {}, 10s, 0).content, "");
  }
}

TEST_F(WebTest, AHeadWithoutEndIsNoAnswer) {
  for (const std::string& drop : {std::string(10'000, 'x'), "X: " + std::string(10'000, 'y') + "\r\n",
                                  std::string{"A: b\r\n A: b\r\n"}, std::string{"\r\n\r\nHTTP/1.1 100 Continue\r\n"}}) {
    SCOPED_TRACE(drop.substr(0, 20));
    std::string answer = kOk + "A: b\r\n";
    if (drop.starts_with("\r\n")) answer = "HTTP/1.1 100 Continue\r\n";
    while (answer.size() < kWebHead.most.size() * 2) answer += drop;
    RawSite site{RawSite::says(answer + "\r\n\r\n" + kOk + "\r\nabc")};
    const auto reply = fetch(site.at("127.0.0.1"));
    EXPECT_EQ(reply.head, "");
    EXPECT_EQ(reply.content, "");
  }
}

TEST_F(WebTest, EveryCallEndsAtItsDeadline) {
  const auto never = [](Poco::Net::StreamSocket& peer, const std::atomic<bool>& is_over) {
    while (!is_over && peer.poll({0, 20'000}, Poco::Net::Socket::SELECT_ERROR) == false) {
    }
  };
  struct Row {
    const char* what;
    RawSite::Serve serve;
    const char* scheme = "http";
    std::optional<std::string> form = {};
  };
  for (const auto& [what, serve, scheme, form] : {
           Row{"silence", never},
           Row{"silence before TLS", never, "https"},
           Row{"TLS that drips",
               [](Poco::Net::StreamSocket&peer, const std::atomic<bool>&is_over) {
                 RawSite::send(peer, std::string{"\x16\x03\x03\x10\x00\x02\x00\x0f\xf0", 9});
                 while (!is_over && RawSite::send(peer, "x")) std::this_thread::sleep_for(20ms);
               },
               "https"},
           Row{"a head that drips", RawSite::drips("", "H")},
           Row{"fields that drip", RawSite::drips(kOk, "A: b\r\n")},
           Row{"content that drips", RawSite::drips(kOk + "\r\n", "x")},
           Row{"a length that drips", RawSite::drips(kOk + "Content-Length: 100000\r\n\r\n", "x")},
           Row{"chunks that drip", RawSite::drips(kOk + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n")},
           Row{"a chunk line that drips", RawSite::drips(kOk + "Transfer-Encoding: chunked\r\n\r\n", "0")},
           Row{"words before that drip", RawSite::drips("", "HTTP/1.1 100 Continue\r\n\r\n")},
           Row{"nobody reads what is posted", never, "http", std::string(kWebForm.most.size(), 'x')},
           Row{"posted octets are read one by one",
               [](Poco::Net::StreamSocket&peer, const std::atomic<bool>&is_over) {
                 peer.setReceiveBufferSize(4096);
                 char some[64];
                 while (!is_over && ::recv(peer.impl()->sockfd(), some, sizeof some, 0) > 0)
                   std::this_thread::sleep_for(5ms);
               },
               "http", std::string(kWebForm.most.size(), 'x')},
       }) {
    SCOPED_TRACE(what);
    RawSite site{serve};
    const auto began = Clock::now();
    const auto reply = fetch(replace_all(site.at("127.0.0.1"), "http", scheme), form, 300ms);
    const auto took = Clock::now() - began;
    EXPECT_EQ(reply.head, "");
    EXPECT_EQ(reply.content, "");
    EXPECT_GE(took, 250ms);
    EXPECT_LT(took, 2s);
  }
}

TEST_F(WebTest, ADeadlineThatIsOverAsksNobody) {
  WebSite site{page("x")};
  EXPECT_EQ(fetch(site.at("127.0.0.1"), {}, -1s).head, "");
  EXPECT_EQ(fetch(site.at("www.test"), {}, 0s).head, "");
  EXPECT_THAT(site.asked(), IsEmpty());
}

TEST_F(WebTest, RedirectsCountTogetherAgainstOneDeadline) {
  std::string self;
  RawSite site{[&](Poco::Net::StreamSocket& peer, const std::atomic<bool>&) {
    RawSite::read_head(peer);
    std::this_thread::sleep_for(150ms);
    RawSite::send(peer, "HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n");
  }};
  const auto began = Clock::now();
  EXPECT_EQ(fetch(site.at("127.0.0.1"), {}, 400ms).head, "");
  EXPECT_LT(Clock::now() - began, 600ms + 1s);
  EXPECT_LE(site.connections(), 4);
}

TEST_F(WebTest, UnknownHostsAndSilentServersOfNamesGiveNothing) {
  EXPECT_EQ(fetch("http://unknown.test/").head, "");
  dns_.add("mute.test A 127.0.0.1\nbroken.test A 127.0.0.1\nempty.test TXT \"x\"");
  dns_.fail("mute.test", dns::TestServer::Fault::silence);
  dns_.fail("broken.test", dns::TestServer::Fault::servfail);
  EXPECT_EQ(fetch("http://broken.test/").head, "");
  EXPECT_EQ(fetch("http://empty.test/").head, "");
  const auto began = Clock::now();
  EXPECT_EQ(fetch("http://mute.test/", {}, 300ms).head, "");
  EXPECT_LT(Clock::now() - began, 2s);
}

TEST_F(WebTest, ASecondAddressIsTriedWhenTheFirstDoesNotAnswer) {
  WebSite site{page("second")};
  dns_.add("two.test A 127.0.0.3\ntwo.test A 127.0.0.1");  // nobody listens at the first
  EXPECT_EQ(fetch(site.at("two.test")).content, "second");
  EXPECT_EQ(fetch("http://127.0.0.1:" + std::to_string(net::free_port()) + "/").head, "");
}

TEST_F(WebTest, Ipv6IsReachedByNameAndByAddress) {
  std::optional<WebSite> site;
  try {
    site.emplace(page("six"), "::1");
  } catch (const Poco::Exception&) {
    GTEST_SKIP() << "no IPv6 here";
  }
  EXPECT_EQ(fetch(site->at("[::1]")).content, "six");
  EXPECT_EQ(site->asked()[0].host, "[::1]:" + std::to_string(site->port()));
  EXPECT_EQ(fetch(site->at("six.test")).content, "six");
}

TEST_F(WebTest, WhatIsNotPublicIsNeverReached) {
  rules_.private_too = false;
  RawSite site{RawSite::says(kOk + "\r\nsecret")};
  dns_.add(
      "mixed.test A 8.8.8.8\nmixed.test A 127.0.0.1\nalias.test CNAME www.test\nmapped.test AAAA ::ffff:127.0.0.1\n"
      "nat.test AAAA 64:ff9b::7f00:1\nprivate.test A 10.1.2.3\nfour.test AAAA 2002:7f00:1::");
  for (const std::string host : {"127.0.0.1",
                                 "localhost",
                                 "LOCALHOST.",
                                 "a.localhost",
                                 "www.test",
                                 "www.test.",
                                 "alias.test",
                                 "mixed.test",
                                 "six.test",
                                 "mapped.test",
                                 "nat.test",
                                 "four.test",
                                 "private.test",
                                 "[::1]",
                                 "[::ffff:127.0.0.1]",
                                 "[::ffff:7f00:1]",
                                 "[::127.0.0.1]",
                                 "[64:ff9b::127.0.0.1]",
                                 "[2002:7f00:1::]",
                                 "[fe80::1]",
                                 "[fd00::1]",
                                 "[::]",
                                 "0.0.0.0",
                                 "127.255.0.1",
                                 "169.254.169.254",
                                 "10.0.0.1",
                                 "172.16.0.1",
                                 "192.168.1.1",
                                 "100.64.0.1",
                                 "224.0.0.1",
                                 "255.255.255.255",
                                 "2130706433",
                                 "0x7f.1",
                                 "0x7f000001",
                                 "0177.0.0.1",
                                 "127.1",
                                 "127.0.0.1.",
                                 "8.8.8.8@127.0.0.1",
                                 "example.com:80@127.0.0.1",
                                 "8.8.8.8\\@127.0.0.1",
                                 "127.0.0.1\\.example.com",
                                 "\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1",
                                 "127%2e0%2e0%2e1"}) {
    SCOPED_TRACE(host);
    EXPECT_EQ(fetch(site.at(host), {}, 2s).head, "");
    EXPECT_EQ(fetch(site.at(host), "a=b", 2s).head, "");
  }
  EXPECT_EQ(site.connections(), 0);
}

TEST_F(WebTest, ARedirectToWhatIsNotPublicIsNotFollowed) {
  only_public("127.0.0.2");
  dns_.add("public.test A 127.0.0.2");
  RawSite secret{RawSite::says(kOk + "\r\nsecret")};
  for (const std::string host :
       {"127.0.0.1", "localhost", "www.test", "[::1]", "2130706433", "public.test@127.0.0.1"}) {
    SCOPED_TRACE(host);
    web_.reset();
    WebSite front{redirect_to(secret.at(host)), "127.0.0.2"};
    EXPECT_EQ(fetch(front.at("public.test")).head, "");
    EXPECT_THAT(front.asked(), SizeIs(1));
  }
  EXPECT_EQ(secret.connections(), 0);
}

TEST_F(WebTest, ANameThatChangesBetweenCheckAndConnectionIsReachedWhereItWasChecked) {
  WebSite good{page("good"), "127.0.0.2"};
  std::optional<WebSite> bad;
  try {
    bad.emplace(page("bad"), "127.0.0.1", good.port());
  } catch (const Poco::Exception&) {
    GTEST_SKIP() << "somebody else has the port";
  }
  dns_.add("rebind.test 0 A 127.0.0.2");
  rules_.private_too = false;
  options_.is_public = [this](const IPAddress& address) {  // the name changes as soon as it was checked
    dns_.remove("rebind.test");
    dns_.add("rebind.test 0 A 127.0.0.1");
    resolver_->clear_cache();
    return address == IPAddress{"127.0.0.2"};
  };
  EXPECT_EQ(fetch(good.at("rebind.test")).content, "good");
  EXPECT_EQ(fetch(good.at("rebind.test")).content, "");  // looked up anew: now it is refused
  EXPECT_THAT(bad->asked(), IsEmpty());
  EXPECT_THAT(good.asked(), SizeIs(1));
}

TEST_F(WebTest, APublicAddressOfThisMachineIsNotAskedFromInside) {
  only_public("127.0.0.1");
  WebSite site{page("inside")};
  EXPECT_EQ(fetch(site.at("www.test")).head, "");
  EXPECT_THAT(site.asked(), IsEmpty());
  rules_.private_too = true;
  EXPECT_EQ(fetch(site.at("www.test")).content, "inside");
}

TEST_F(WebTest, RedirectsKeepOrChangeTheMethodAsTheirStatusSays) {
  struct Row {
    int status;
    const char* method;  // of the second request, when the first was a POST
  };
  for (const auto& [status, method] :
       {Row{301, "GET"}, Row{302, "GET"}, Row{303, "GET"}, Row{307, "POST"}, Row{308, "POST"}}) {
    SCOPED_TRACE(status);
    WebSite site{[code = status](const Asked& asked, WebSite::Response& response) {
      if (asked.target == "/a/first") return redirect_to("../second?x", code)(asked, response);
      page("second")(asked, response);
    }};
    EXPECT_EQ(fetch(site.at("www.test", "/a/first"), "a=b").content, "second");
    ASSERT_THAT(site.asked(), SizeIs(2));
    EXPECT_EQ(site.asked()[1].target, "/second?x");
    EXPECT_EQ(site.asked()[1].method, method);
    EXPECT_EQ(site.asked()[1].content, std::string_view{method} == "POST" ? "a=b" : "");
    const auto reply = fetch(site.at("www.test", "/a/first"));
    EXPECT_THAT(reply.head, StartsWith("HTTP/1.1 200 "));
    EXPECT_EQ(site.asked()[3].method, "GET");
  }
}

TEST_F(WebTest, FiveRedirectsAreFollowedAndNotASixth) {
  WebSite site{[](const Asked& asked, WebSite::Response& response) {
    const auto left = *to_number32(asked.target.substr(1));
    if (left > 0) return redirect_to("/" + std::to_string(left - 1), 302)(asked, response);
    page("at last")(asked, response);
  }};
  EXPECT_EQ(fetch(site.at("www.test", "/5")).content, "at last");
  EXPECT_EQ(fetch(site.at("www.test", "/6")).head, "");
  EXPECT_THAT(site.asked(), SizeIs(6 + 6));
}

TEST_F(WebTest, ARedirectToWhatIsNoWebPageGivesNothing) {
  for (const char* where : {"ftp://www.test/", "file:///etc/passwd", "http://", "//", "gopher://www.test:25/_x"}) {
    SCOPED_TRACE(where);
    WebSite site{redirect_to(where)};
    EXPECT_EQ(fetch(site.at("www.test")).head, "");
  }
}

TEST_F(WebTest, UserAndPasswordGoToTheirServerAlone) {
  WebSite other{page("other")};
  WebSite site{[&](const Asked& asked, WebSite::Response& response) {
    if (asked.target == "/here") return redirect_to("/there", 302)(asked, response);
    if (asked.target == "/away") return redirect_to(other.at("www.test"), 302)(asked, response);  // another port
    if (asked.target == "/name") return redirect_to(site_at_other_, 302)(asked, response);
    page("mine")(asked, response);
  }};
  site_at_other_ = site.at("eve:x@other.test", "/last");
  const std::string basic = "Basic " + base64_encode("joe:p@ss");
  EXPECT_EQ(fetch(site.at("joe:p%40ss@www.test", "/here")).content, "mine");
  EXPECT_EQ(site.asked()[0].authorization, basic);
  EXPECT_EQ(site.asked()[1].authorization, basic);
  EXPECT_EQ(fetch(site.at("joe:p%40ss@www.test", "/away")).content, "other");
  EXPECT_EQ(other.asked()[0].authorization, "");
  EXPECT_EQ(fetch(site.at("joe:p%40ss@www.test", "/name")).content, "mine");
  EXPECT_EQ(site.asked().back().target, "/last");
  EXPECT_EQ(site.asked().back().authorization, "");
  EXPECT_EQ(fetch(site.at("www.test", "/plain")).content, "mine");
  EXPECT_EQ(site.asked().back().authorization, "");
}

TEST_F(WebTest, LineEndsInAUrlDoNotMakeASecondRequest) {
  WebSite site{page("one")};
  EXPECT_EQ(fetch(site.at("www.test", "/?s=a b\r\nX-Evil: 1\r\n\r\nGET /two HTTP/1.1\r\n")).content, "one");
  ASSERT_THAT(site.asked(), SizeIs(1));
  EXPECT_EQ(site.asked()[0].target, "/?s=a%20b%0D%0AX-Evil:%201%0D%0A%0D%0AGET%20/two%20HTTP/1.1%0D%0A");
  EXPECT_EQ(fetch(site.at("www.test\r\nX-Evil: 1")).head, "");
}

class SecureWeb : public WebTest {
 protected:
  void SetUp() override { Poco::Net::initializeSSL(); }
  void TearDown() override { Poco::Net::uninitializeSSL(); }
  net::CertificateFiles certificate(const std::vector<std::string>& names, Seconds lifetime = 24h) {
    folders_.push_back(std::make_unique<TestFolder>());
    return *net::ensure_certificate(folders_.back()->path(), names, lifetime);
  }
  static std::string secure(const std::string& url) { return replace_all(url, "http://", "https://"); }

  std::vector<std::unique_ptr<TestFolder>> folders_;
};

TEST_F(SecureWeb, HttpsBringsThePageWhenCertificateAndNameHold) {
  const auto files = certificate({"secure.test", "127.0.0.1"});
  WebSite site{page("secret"), files};
  options_.ca_file = files.chain;
  EXPECT_EQ(fetch(secure(site.at("secure.test"))).content, "secret");
  EXPECT_EQ(fetch(secure(site.at("127.0.0.1"))).content, "secret");
  EXPECT_EQ(fetch(secure(site.at("secure.test", "/post")), "a=b").content, "secret");
  EXPECT_EQ(site.asked()[2].content, "a=b");
  EXPECT_EQ(site.asked()[0].host, "secure.test:" + std::to_string(site.port()));
}

TEST_F(SecureWeb, ABadCertificateGivesNothingAndIsToldNothing) {
  const auto good = certificate({"secure.test"});
  const auto expired = certificate({"secure.test"}, -1h);
  struct Row {
    const char* what;
    net::CertificateFiles shown;
    std::string trusted;
    std::string host;
  };
  for (const auto& [what, shown, trusted, host] : {
           Row{"nobody vouches for it", good, "", "secure.test"},
           Row{"another name", good, good.chain, "other.test"},
           Row{"an address that it does not name", good, good.chain, "127.0.0.1"},
           Row{"expired", expired, expired.chain, "secure.test"},
       }) {
    SCOPED_TRACE(what);
    WebSite site{page("secret"), shown};
    options_.ca_file = trusted;
    web_.reset();
    EXPECT_EQ(fetch(secure(site.at(host))).head, "");
    EXPECT_THAT(site.asked(), IsEmpty());
  }
  RawSite plain{RawSite::says(kOk + "\r\nplain")};  // no TLS at all
  EXPECT_EQ(fetch(secure(plain.at("secure.test")), {}, 500ms).head, "");
}

TEST_F(SecureWeb, RedirectsGoFromHttpToHttpsAndNeverBack) {
  const auto files = certificate({"secure.test"});
  options_.ca_file = files.chain;
  WebSite plain{page("plain")};
  WebSite down{redirect_to(plain.at("secure.test")), files};
  EXPECT_EQ(fetch(secure(down.at("secure.test"))).head, "");
  EXPECT_THAT(plain.asked(), IsEmpty());
  WebSite end{page("secure"), files};
  WebSite up{redirect_to(secure(end.at("secure.test")))};
  EXPECT_EQ(fetch(up.at("www.test")).content, "secure");
}

// A proxy for CONNECT: answers as it is told and carries octets both ways.
RawSite::Serve tunnel(std::uint16_t to, const std::string& answer, std::string& head) {
  return [=, &head](Poco::Net::StreamSocket& peer, const std::atomic<bool>& is_over) {
    head = RawSite::read_head(peer);
    RawSite::send(peer, answer);
    if (!answer.starts_with("HTTP/1.1 200")) return;
    Poco::Net::StreamSocket there{Poco::Net::SocketAddress{"127.0.0.1", to}};
    bool works = true;
    const auto carry = [&](Poco::Net::StreamSocket& from, Poco::Net::StreamSocket& into) {
      if (!from.poll({0, 5'000}, Poco::Net::Socket::SELECT_READ)) return;
      char some[4096];
      const ssize_t got = ::recv(from.impl()->sockfd(), some, sizeof some, 0);
      works = got > 0 && RawSite::send(into, {some, static_cast<std::size_t>(got)});
    };
    while (works && !is_over) {
      carry(peer, there);
      if (works) carry(there, peer);
    }
  };
}

TEST_F(SecureWeb, WinHttpGetGoesThroughTheProxy) {
  WebSite proxy{page("by proxy")};
  WebSite direct{page("direct")};
  rules_ = {.private_too = false, .proxy = "joe:pw@127.0.0.1:" + std::to_string(proxy.port())};
  options_.is_public = [](const IPAddress& address) { return address == IPAddress{"8.8.8.8"}; };
  dns_.add("page.test A 8.8.8.8");
  proxied_ = true;
  EXPECT_EQ(fetch("http://page.test/a?b").content, "by proxy");
  EXPECT_EQ(fetch("http://known.to.the.proxy.alone/").content, "by proxy");
  ASSERT_THAT(proxy.asked(), SizeIs(2));
  EXPECT_EQ(proxy.asked()[0].target, "http://page.test/a?b");
  EXPECT_EQ(proxy.asked()[0].host, "page.test");
  for (const char* url : {"http://127.0.0.1/", "http://www.test/", "https://[::1]/", "http://0x7f.1/"})
    EXPECT_EQ(fetch(url).head, "") << url;
  EXPECT_THAT(proxy.asked(), SizeIs(2));

  rules_.private_too = true;
  proxied_ = false;  // HTTPGet does not
  EXPECT_EQ(fetch(direct.at("www.test")).content, "direct");
  proxied_ = true;
  rules_.proxy = "";
  EXPECT_EQ(fetch(direct.at("www.test")).content, "direct");
  for (const char* wrong : {"no port of a proxy", "127.0.0.1:x", "http://127.0.0.1:1/"}) {
    rules_.proxy = wrong;
    EXPECT_EQ(fetch(direct.at("www.test")).head, "") << wrong;
  }
}

TEST_F(SecureWeb, HttpsGoesThroughATunnelOfTheProxyAndIsVerifiedThere) {
  const auto files = certificate({"page.test"});
  options_.ca_file = files.chain;
  WebSite site{page("secret"), files};
  std::string head;
  const std::string port = std::to_string(site.port());
  proxied_ = true;
  {
    RawSite proxy{tunnel(site.port(), "HTTP/1.1 200 Connected\r\n\r\n", head)};
    rules_.proxy = "joe:pw@127.0.0.1:" + std::to_string(proxy.port());
    EXPECT_EQ(fetch("https://page.test:" + port + "/x").content, "secret");
    EXPECT_THAT(head, StartsWith("CONNECT page.test:" + port + " HTTP/1.1\r\nHost: page.test:" + port + "\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nProxy-Authorization: Basic " + base64_encode("joe:pw") + "\r\n"));
    EXPECT_EQ(site.asked()[0].target, "/x");
    EXPECT_EQ(fetch("https://other.test:" + port + "/").head, "");  // the certificate names page.test
  }
  RawSite refuses{tunnel(site.port(), "HTTP/1.1 403 Forbidden\r\n\r\n", head)};
  rules_.proxy = "127.0.0.1:" + std::to_string(refuses.port());
  EXPECT_EQ(fetch("https://page.test:" + port + "/").head, "");
  EXPECT_THAT(site.asked(), SizeIs(1));
}

TEST_F(WebTest, SwitchedOffNothingIsFetched) {
  WebSite site{page("x")};
  rules_.allowed = false;
  EXPECT_EQ(fetch(site.at("www.test")).head, "");
  EXPECT_THAT(site.asked(), IsEmpty());
  const auto rules = WebRules::of(SettingsSnapshot{{{"scriptweb", "0"}, {"ScriptWebProxy", "p:1"}}});
  EXPECT_FALSE(rules.allowed);
  EXPECT_FALSE(rules.private_too);
  EXPECT_EQ(rules.proxy, "p:1");
  EXPECT_TRUE(WebRules::of(SettingsSnapshot{}).allowed);
}

TEST_F(WebTest, SixteenThreadsFetchAtOnce) {
  WebSite site{[](const Asked& asked, WebSite::Response& response) { page(asked.target)(asked, response); }};
  Web& one = web();
  std::latch start{16};
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      for (int i = 0; i < 10; ++i) {
        const std::string target = "/" + std::to_string(t * 100 + i);
        good += one.fetch({.url = site.at("www.test", target)}, Clock::now() + 20s).content == target ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 160);
}

}  // namespace
}  // namespace pennypost::filter
