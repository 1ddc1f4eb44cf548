// The page behind the links of reports, asked over a real socket: what it shows, whom it refuses, what it changes.
#include "server/http/quarantine_page.h"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/test_folder.h"
#include "server/delivery/describe.h"
#include "server/delivery/pipeline.h"
#include "server/filter/bayes.h"
#include "server/http/http_service.h"
#include "server/store/test_cluster.h"

namespace pennypost::http {
namespace {

namespace net = Poco::Net;
using testing::HasSubstr;
using testing::Not;

struct Answer {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> fields;
};

class QuarantinePageTest : public testing::Test {
 protected:
  QuarantinePageTest() : store_{store::TestCluster::instance().store()} {
    const auto anna = store_->accounts().create({.name = "anna", .addresses = {"anna@corp.example"}});
    EXPECT_TRUE(anna.ok());
    anna_ = anna->id;
    releases_.emplace(*store_, bayes_, folder_.path());
    auto bound = HttpService::bind({net::SocketAddress{"127.0.0.1", 0}});
    EXPECT_TRUE(bound.ok());
    service_ = std::move(*bound);
    service_->start({.health = []() -> Result<void> { return {}; },
                     .gauges = [] { return std::vector<Gauge>{}; },
                     .pages = {quarantine_page(*store_, *releases_, links_)}});
  }
  ~QuarantinePageTest() override { service_->stop(); }

  QuarantineId keep(const std::string& octets, const std::string& return_path = "joe@other.example") {
    const auto body = delivery::describe(message::parse(octets));
    store::QuarantineEntry entry;
    entry.account = anna_;
    entry.spam_score = 150;
    entry.rules = "word";
    entry.return_path = return_path;
    entry.prefix = "Return-Path: <" + return_path + ">\r\n";
    entry.recipients = {"anna@corp.example"};
    store::Letter letter;
    letter.body = &body;
    letter.quarantine.push_back(entry);
    store::Delivery delivery;
    delivery.letters.push_back(letter);
    EXPECT_TRUE(store_->writer().deliver(delivery).ok());
    return all().back();
  }
  std::vector<QuarantineId> all() {
    std::vector<QuarantineId> ids;
    const auto found = store_->quarantine().list({});
    EXPECT_TRUE(found.ok());
    for (const auto& one : *found) ids.push_back(one.id);
    std::ranges::sort(ids);
    return ids;
  }
  std::int64_t in_inbox() { return store_->folders().find(anna_, "INBOX")->count; }
  std::string token(QuarantineId id, std::chrono::hours valid = std::chrono::hours{1}) {
    return links_.token(id, anna_, now() + valid);
  }

  Answer ask(const std::string& method, const std::string& target, const std::string& form = {},
             const std::string& type = "application/x-www-form-urlencoded", bool chunked = false) {
    net::HTTPClientSession session{service_->addresses().front()};
    net::HTTPRequest request{method, target, net::HTTPRequest::HTTP_1_1};
    if (method == "POST") {
      request.setContentType(type);
      if (chunked) {
        request.setChunkedTransferEncoding(true);
      } else {
        request.setContentLength(static_cast<std::streamsize>(form.size()));
      }
    }
    auto& out = session.sendRequest(request);
    out << form;
    out.flush();
    net::HTTPResponse response;
    Answer answer;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), answer.body);
    answer.status = response.getStatus();
    for (const auto& [name, value] : response) answer.fields[name] = value;
    return answer;
  }
  Answer view(QuarantineId id) { return ask("GET", fmt::format("/quarantine?id={}&t={}", number(id), token(id))); }
  Answer act(QuarantineId id, const std::string& what) {
    return ask("POST", "/quarantine", fmt::format("id={}&t={}&{}", number(id), token(id), what));
  }

  std::unique_ptr<store::Store> store_;
  TestFolder folder_;
  AccountId anna_{};
  filter::MemoryBayes bayes_;
  std::optional<filter::Releases> releases_;
  const filter::QuarantineLinks links_{std::string(32, 'k')};
  std::unique_ptr<HttpService> service_;
};

const std::string kHostile =
    "From: =?utf-8?q?J=C3=B6?= <joe@other.example>\r\nSubject: "
    "=?utf-8?q?Gr=C3=BC=C3=9Fe_<script>alert(1)</script>?=\r\n"
    "X-Odd: <img src=x onerror=alert(2)>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    "<p>Dear reader</p><script>alert(3)</script><img src=\"http://evil.example/beacon.png\"><a "
    "href=\"javascript:alert(4)\">&lt;b&gt;click&lt;/b&gt;</a>\r\n";

TEST_F(QuarantinePageTest, ShowsHeaderAndTextWithNothingActive) {
  const auto answer = view(keep(kHostile));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.fields.at("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(answer.fields.at("Content-Security-Policy"), HasSubstr("default-src 'none'; style-src 'nonce-"));
  EXPECT_THAT(answer.fields.at("Content-Security-Policy"), HasSubstr("frame-ancestors 'none'"));
  EXPECT_EQ(answer.fields.at("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(answer.fields.at("Cache-Control"), "no-store");
  EXPECT_EQ(answer.fields.at("X-Content-Type-Options"), "nosniff");
  for (const char* active : {"<script", "<img", "<a ", "<iframe", "onerror=alert(2)>\r\n<"})
    EXPECT_THAT(answer.body, Not(HasSubstr(active)));
  EXPECT_THAT(answer.body, HasSubstr("Grüße &lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(answer.body, HasSubstr("Jö &lt;joe@other.example&gt;"));
  EXPECT_THAT(answer.body, HasSubstr("Return-Path: &lt;joe@other.example&gt;"));
  EXPECT_THAT(answer.body, HasSubstr("X-Odd: &lt;img src=x"));
  EXPECT_THAT(answer.body, HasSubstr("Dear reader"));
  EXPECT_THAT(answer.body, HasSubstr("&lt;b&gt;click"));
}

TEST_F(QuarantinePageTest, ALongSubjectOrNameIsCutInTheTitleToo) {
  const std::string long_text(50'000, 'x');
  const auto answer =
      view(keep("From: " + long_text + " <joe@other.example>\r\nSubject: " + long_text + "\r\n\r\nx\r\n"));
  const std::string cut = std::string(199, 'x') + "\u2026";
  EXPECT_THAT(answer.body, HasSubstr("<title>" + cut + "</title>"));
  EXPECT_THAT(answer.body, HasSubstr("<th>Subject</th><td>" + cut + "</td>"));
  EXPECT_THAT(answer.body, HasSubstr("<th>From</th><td>" + cut + "</td>"));
}

TEST_F(QuarantinePageTest, WrongTokensWriteOneLineAMinute) {
  const auto lines = [] {
    std::uint64_t count = 0;
    for (const auto& [name, times] : log_counts())
      if (name == "http.quarantine_wrong_token") count = times;
    return count;
  };
  const auto before = lines();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask("GET", "/quarantine?id=1&t=x").status, 403);
  EXPECT_EQ(lines() - before, 1U);
}

TEST_F(QuarantinePageTest, LookingChangesNothingHoweverOften) {
  const auto id = keep(kHostile);
  for (const char* method : {"GET", "HEAD", "GET"})
    EXPECT_EQ(ask(method, fmt::format("/quarantine?id={}&t={}&act=release&train=1", number(id), token(id))).status,
              200);
  EXPECT_EQ(all(), std::vector{id});
  EXPECT_FALSE(store_->quarantine().get(id)->is_seen);
  EXPECT_EQ(in_inbox(), 0);
}

TEST_F(QuarantinePageTest, ReleasesOnceAndSaysWhenItIsGone) {
  const auto id = keep(kHostile);
  const auto released = act(id, "act=release&train=1");
  EXPECT_EQ(released.status, 200);
  EXPECT_THAT(released.body, HasSubstr("in the inbox now"));
  EXPECT_EQ(in_inbox(), 1);
  EXPECT_EQ(bayes_.size(), 1U) << "learned";
  EXPECT_EQ(act(id, "act=release").status, 410);
  EXPECT_EQ(view(id).status, 410);
  EXPECT_EQ(in_inbox(), 1);
}

TEST_F(QuarantinePageTest, TheWhitelistReleasesWhatElseCameFromThere) {
  const auto id = keep(kHostile);
  keep(kHostile);
  keep("From: other@other.example\r\n\r\nx\r\n", "other@other.example");
  EXPECT_THAT(act(id, "act=release&whitelist=1").body, HasSubstr("so are 1 more"));
  EXPECT_EQ(in_inbox(), 2);
  EXPECT_EQ(all().size(), 1U);
  EXPECT_TRUE(*store_->spam_filter().find_address(store::AddressList::white, "joe@other.example"));
}

TEST_F(QuarantinePageTest, ASenderThatWouldBeAPatternIsReleasedButNotListedAndThatIsSaid) {
  const auto id = keep("From: x <*@*>\r\n\r\nx\r\n");
  const auto other = keep(kHostile);
  EXPECT_THAT(view(id).body, Not(HasSubstr("name=\"whitelist\"")));
  const auto released = act(id, "act=release&whitelist=1");
  EXPECT_EQ(released.status, 200);
  EXPECT_THAT(released.body, HasSubstr("in the inbox now. The sender&#39;s address is not in the whitelist: "));
  EXPECT_EQ(all(), std::vector{other});
}

TEST_F(QuarantinePageTest, DeletesWhenAskedTo) {
  const auto id = keep(kHostile);
  EXPECT_EQ(act(id, "act=delete").status, 200);
  EXPECT_TRUE(all().empty());
  EXPECT_EQ(in_inbox(), 0);
  EXPECT_EQ(act(id, "act=delete").status, 410);
}

TEST_F(QuarantinePageTest, WrongOldOrMissingTokensAreRefusedAndChangeNothing) {
  const auto id = keep(kHostile);
  const auto n = number(id);
  const auto good = token(id);
  const auto old = token(id, std::chrono::hours{-1});
  auto changed = good;
  changed[3] = changed[3] == 'x' ? 'y' : 'x';
  const auto others = links_.token(id, AccountId{number(anna_) + 1}, now() + std::chrono::hours{1});
  for (const std::string& query :
       {std::string{}, fmt::format("?id={}", n), fmt::format("?t={}", good), fmt::format("?id={}&t={}", n, old),
        fmt::format("?id={}&t={}", n, changed), fmt::format("?id={}&t={}", n + 1, good),
        fmt::format("?id={}&t={}", n, others), fmt::format("?id=-1&t={}", good), fmt::format("?id=%00&t={}", good),
        fmt::format("?id=99999999999999999999&t={}", good), fmt::format("?id={}&t={}", n, std::string(5000, 'A'))}) {
    EXPECT_EQ(ask("GET", "/quarantine" + query).status, 403) << query;
    const auto form = query.empty() ? "act=release" : query.substr(1) + "&act=release";
    EXPECT_EQ(ask("POST", "/quarantine", form).status, 403) << query;
  }
  EXPECT_EQ(ask("POST", fmt::format("/quarantine?id={}&t={}", n, good), "act=release").status, 403)
      << "the token of a form stands in the form";
  EXPECT_EQ(all(), std::vector{id});
  EXPECT_EQ(in_inbox(), 0);
}

TEST_F(QuarantinePageTest, FormsHaveALimitAndATypeAndSomethingToDo) {
  const auto id = keep(kHostile);
  const auto form = fmt::format("id={}&t={}&act=release", number(id), token(id));
  EXPECT_EQ(ask("POST", "/quarantine", form + "&x=" + std::string(9000, 'x')).status, 413);
  EXPECT_EQ(ask("POST", "/quarantine", form + "&x=" + std::string(9000, 'x'), "application/x-www-form-urlencoded", true)
                .status,
            413);
  EXPECT_EQ(ask("POST", "/quarantine", form, "text/plain").status, 415);
  EXPECT_EQ(ask("POST", "/quarantine", form, "multipart/form-data; boundary=x").status, 415);
  EXPECT_EQ(act(id, "act=burn").status, 400);
  EXPECT_EQ(ask("PUT", "/quarantine", {}).status, 405);
  EXPECT_EQ(ask("PUT", "/quarantine", {}).fields.at("Allow"), "GET, HEAD, POST");
  EXPECT_EQ(ask("POST", "/health", form).status, 405);
  EXPECT_EQ(all(), std::vector{id});
  EXPECT_EQ(ask("POST", "/quarantine", form, "Application/X-WWW-Form-Urlencoded; charset=UTF-8").status, 200);
}

TEST_F(QuarantinePageTest, AMessageWithoutSenderOrSubjectIsShownAndOneOf20MbOnlyInItsBeginning) {
  const auto bare = keep("\r\nx\r\n", "");
  const auto answer = view(bare);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("(no subject)"));
  EXPECT_THAT(answer.body, Not(HasSubstr("name=\"whitelist\"")));
  EXPECT_EQ(act(bare, "act=release&whitelist=1").status, 400);
  std::string big = "From: joe@other.example\r\nSubject: big\r\n\r\n";
  while (big.size() < 20'000'000) big += "a line of a long message that nobody wants to read to its end\r\n";
  const auto id = keep(big);
  const auto shown = view(id);
  EXPECT_EQ(shown.status, 200);
  EXPECT_LT(shown.body.size(), 1'000'000U);
  EXPECT_EQ(act(id, "act=release&train=1").status, 200);
  EXPECT_EQ(in_inbox(), 1);
}

}  // namespace
}  // namespace pennypost::http
