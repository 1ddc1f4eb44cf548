// The pages over a real socket on loopback.
#include "server/http/http_service.h"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pennypost::http {
namespace {

namespace net = Poco::Net;
using testing::HasSubstr;

struct Reply {
  int status;
  std::string body;
};

class HttpServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto bound = HttpService::bind({net::SocketAddress{"127.0.0.1", 0}});
    ASSERT_TRUE(bound) << bound.error().for_log;
    service_ = std::move(*bound);
    service_->start({.health = [this] { return healthy_; },
                     .gauges =
                         [] {
                           return std::vector<Gauge>{{"queue_messages", "Messages <waiting>", 3}};
                         }});
  }

  Reply ask(const std::string& method, const std::string& path) {
    net::HTTPClientSession session{service_->addresses().front()};
    net::HTTPRequest request{method, path};
    session.sendRequest(request);
    net::HTTPResponse response;
    std::string body;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), body);
    return {response.getStatus(), body};
  }

  std::unique_ptr<HttpService> service_;
  Result<void> healthy_;
};

TEST_F(HttpServiceTest, HealthIsOkWhileTheDatabaseAnswers) {
  const Reply reply = ask("GET", "/health");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "ok\n");
}

TEST_F(HttpServiceTest, HealthSaysInWordsWhatIsWrong) {
  healthy_ = error(Kind::unavailable, "The database does not answer");
  const Reply reply = ask("GET", "/health");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, "The database does not answer\n");
}

TEST_F(HttpServiceTest, MetricsAreGaugesInPrometheusText) {
  const Reply reply = ask("GET", "/metrics?x=1");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr("# TYPE pennypost_queue_messages gauge\npennypost_queue_messages 3"));
}

TEST_F(HttpServiceTest, FactsAreEscaped) {
  const Reply reply = ask("GET", "/");
  EXPECT_THAT(reply.body, HasSubstr("Messages &lt;waiting&gt;"));
}

TEST_F(HttpServiceTest, WhatIsNotThereIsSaidSo) {
  EXPECT_EQ(ask("GET", "/../etc/passwd").status, 404);
  EXPECT_EQ(ask("POST", "/health").status, 405);
  EXPECT_EQ(ask("HEAD", "/health").body, "");
}

}  // namespace
}  // namespace pennypost::http
