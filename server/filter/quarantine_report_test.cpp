// The report: to whom, when, what it says, and that each message is told once. "11-35" is case 35 of spec 11
// section 16.
#include "server/filter/quarantine_report.h"

#include <cstdlib>
#include <ctime>

#include "server/base/clock.h"
#include "server/filter/quarantine_test_support.h"
#include "server/message/header.h"
#include "server/message/summary.h"
#include "server/message/text.h"

namespace pennypost::filter {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// Local time of the tests; set back at the end.
struct Zone {
  explicit Zone(const char* name) {
    if (const char* now = std::getenv("TZ")) before_ = now;
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~Zone() {
    if (before_) {
      ::setenv("TZ", before_->c_str(), 1);
    } else {
      ::unsetenv("TZ");
    }
    ::tzset();
  }
  std::optional<std::string> before_;
};

Timestamp utc(int year, unsigned month, unsigned day, int hour, int minute) {
  return Timestamp{std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)}} +
         std::chrono::hours{hour} + std::chrono::minutes{minute};
}

TEST(ReportContent, ALongSubjectOrSenderIsCut) {
  store::Unreported mail;
  mail.count = 1;
  mail.first.resize(1);
  std::string umlauts;
  while (umlauts.size() < 16'000'000) umlauts += "\u00fc";
  mail.first[0].subject = umlauts;
  mail.first[0].from_name = umlauts;
  mail.first[0].sender = "joe@other.example";
  const auto content = report_content(mail, "anna", [](const auto&) { return std::string{"http://x"}; });
  EXPECT_LT(content.text.size() + content.html.size(), 5'000U);
  std::string cut;
  for (int i = 0; i < 199; ++i) cut += "\u00fc";
  EXPECT_THAT(content.text, HasSubstr("Subject: " + cut + "\u2026\n"));
}

TEST(ReportRecipient, IsAnAddressOrAName) {
  for (const char* good : {"anna", "no-one", "anna@corp.example", "first.last@corp.example"})
    EXPECT_TRUE(can_be_recipient(good)) << good;
  for (const char* bad : {"", "x@y\nBcc: z", "a b", "@", "a@", "Anna <anna@corp.example>", "a@b, c@d"})
    EXPECT_FALSE(can_be_recipient(bad)) << bad;
}

TEST(ReportTimes, AreReadAsPeopleWriteThem) {
  using std::chrono::minutes;
  for (const auto& [text, expected] :
       std::vector<std::pair<const char*, std::vector<minutes>>>{{"", {}},
                                                                 {"07:00", {minutes{420}}},
                                                                 {"16:30, 7:00;07:00", {minutes{420}, minutes{990}}},
                                                                 {"00:00 23:59", {minutes{0}, minutes{1439}}}}) {
    const auto times = read_times(text);
    ASSERT_TRUE(times.ok()) << text;
    EXPECT_EQ(*times, expected) << text;
  }
  for (const char* wrong : {"7", "24:00", "12:60", "12:5", "007:00", "noon", "-1:00", "12:00:00", ":", "1\xff:00"})
    EXPECT_FALSE(read_times(wrong).ok()) << wrong;
}

TEST(ReportTimes, TheLatestOneIsThatOfTodayOrOfTheDayBefore) {
  const Zone zone{"CET-1CEST,M3.5.0,M10.5.0/3"};
  const auto times = *read_times("07:00 16:30");
  EXPECT_EQ(latest_of(times, utc(2026, 11, 24, 6, 0)), utc(2026, 11, 24, 6, 0)) << "seven o'clock in winter";
  EXPECT_EQ(latest_of(times, utc(2026, 11, 24, 5, 59)), utc(2026, 11, 23, 15, 30));
  EXPECT_EQ(latest_of(times, utc(2026, 7, 1, 14, 30)), utc(2026, 7, 1, 14, 30)) << "half past four in summer";
  EXPECT_EQ(latest_of(times, utc(2026, 3, 1, 0, 0)), utc(2026, 2, 28, 15, 30)) << "the end of a month";
  EXPECT_EQ(latest_of({}, utc(2026, 11, 24, 6, 0)), std::nullopt);
}

TEST(ReportContent, EscapesWhatStrangersWriteAndCountsWhatItDoesNotName) {
  store::Unreported mail;
  store::Quarantined one;
  one.id = QuarantineId{7};
  one.from_name = "<script>alert(1)</script>\r\nX";
  one.sender = "a@b.example\"onmouseover=\"x";
  one.subject = "<img src=http://evil.example/x.png> & Grüße";
  one.score = 120.5;
  one.size = {12'345};
  mail.first = {one, store::Quarantined{}};
  mail.count = 5;
  const auto content = report_content(mail, "anna", [](const auto&) { return "http://here/quarantine?id=7&t=x"; });
  EXPECT_EQ(content.subject, "Quarantine of anna: 5 new messages");
  EXPECT_THAT(content.html, Not(HasSubstr("<script")));
  EXPECT_THAT(content.html, Not(HasSubstr("<img")));
  EXPECT_THAT(content.html, Not(HasSubstr("\"onmouseover")));
  EXPECT_THAT(content.html, HasSubstr("&lt;img src=http://evil.example/x.png&gt; &amp; Grüße"));
  EXPECT_THAT(content.html, HasSubstr("<a href=\"http://here/quarantine?id=7&amp;t=x\">View</a>"));
  EXPECT_THAT(content.html, HasSubstr("(no subject)"));
  EXPECT_THAT(content.html, HasSubstr("And 3 more"));
  EXPECT_THAT(content.text, HasSubstr("View: http://here/quarantine?id=7&t=x\n"));
  EXPECT_THAT(content.text, HasSubstr("score: 120.5, size: 12 kB"));
  EXPECT_THAT(content.text, Not(HasSubstr("\r"))) << "no line of a stranger's own";
}

class ReportTest : public QuarantineFixture {
 protected:
  void start_reports() {
    start();
    links_.emplace(std::string(32, 'k'));
    reports_.emplace(*pipeline_, *links_, [] { return "http://mail.corp.example:5108"; });
  }
  int run() {
    const auto sent = reports_->run();
    EXPECT_TRUE(sent.ok());
    return sent.ok() ? *sent : -1;
  }
  std::optional<QuarantineLinks> links_;
  std::optional<QuarantineReports> reports_;
};

TEST_F(ReportTest, AUserIsToldOfHisNewMailWithALinkForEach) {
  start_reports();
  send(text("300 Grüße", "=?utf-8?q?J=C3=B6?= <joe@other.example>"));
  send(text("100 likely a mistake"));
  EXPECT_EQ(run(), 1);
  const auto mails = folder(anna_);
  ASSERT_THAT(mails, SizeIs(1));
  const auto parsed = message::parse(mails[0]);
  const auto facts = message::summarize(parsed);
  EXPECT_EQ(facts.subject, "Quarantine of anna: 2 new messages");
  EXPECT_THAT(facts.to, testing::ElementsAre("anna@corp.example"));
  EXPECT_THAT(mails[0], HasSubstr("Return-Path: <>\r\n"));
  EXPECT_THAT(mails[0], HasSubstr("\r\nAuto-Submitted: auto-generated\r\n"));
  EXPECT_THAT(mails[0], HasSubstr("\r\nContent-Type: multipart/alternative;"));
  ASSERT_THAT(parsed.tree.parts, SizeIs(3));
  const auto plain = message::text_of(parsed, 1);
  EXPECT_LT(plain.find("100 likely a mistake"), plain.find("300 Grüße")) << "likely false positives first";
  EXPECT_THAT(plain, HasSubstr("From: Jö <joe@other.example>"));
  const auto kept = quarantine(anna_);
  for (const auto& one : kept) {
    const auto url = links_->url("http://mail.corp.example:5108", one.id, anna_, one.at + std::chrono::hours{14 * 24});
    EXPECT_THAT(plain, HasSubstr("View: " + url));
    EXPECT_TRUE(one.is_reported);
  }
  EXPECT_THAT(message::text_of(parsed, 2), HasSubstr("<td>300 Grüße</td>"));
}

TEST_F(ReportTest, Case11_36_WithoutNewMailThereIsNoReport) {
  start_reports();
  EXPECT_EQ(run(), 0);
  send(text("200"));
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(run(), 0) << "told already";
  EXPECT_THAT(folder(anna_), SizeIs(1));
  EXPECT_THAT(folder(bert_), IsEmpty());
  send(text("200"));
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(folder(anna_).back(), HasSubstr("1 new message\r\n"));
}

TEST_F(ReportTest, Case11_35_TheRecipientIsTheUsersElseThatOfTheSettingsElseTheUser) {
  start_reports();
  const auto one_more = [&] {
    send(text("200"));
    return run();
  };
  EXPECT_EQ(one_more(), 1);
  EXPECT_THAT(folder(anna_), SizeIs(1)) << "both are blank";
  set("QuarantineReportRecipient", "bert@corp.example");
  EXPECT_EQ(one_more(), 1);
  EXPECT_THAT(folder(bert_), SizeIs(1));
  EXPECT_THAT(folder(bert_)[0], HasSubstr("Subject: Quarantine of anna: 1 new message\r\n"));
  EXPECT_TRUE(store_->accounts().set_quarantine_report(anna_, "carl").ok());
  EXPECT_EQ(one_more(), 1);
  EXPECT_THAT(folder(carl_), SizeIs(1));
  EXPECT_TRUE(store_->accounts().set_quarantine_report(anna_, "boss@elsewhere.example").ok());
  EXPECT_EQ(one_more(), 1);
  EXPECT_THAT(*store_->queue().list({}), SizeIs(1));
  for (const char* nobody : {"no-one", "NO-ONE@corp.example"}) {
    EXPECT_TRUE(store_->accounts().set_quarantine_report(anna_, nobody).ok());
    EXPECT_EQ(one_more(), 0) << nobody;
    EXPECT_TRUE(store_->quarantine().accounts_to_report(AccountId{}, 9)->empty()) << "and not told later";
  }
  EXPECT_TRUE(store_->accounts().set_quarantine_report(anna_, "gone@corp.example").ok());
  EXPECT_EQ(one_more(), 1);
  EXPECT_THAT(folder(bert_), SizeIs(2)) << "nobody has that address: that of all";
  EXPECT_TRUE(store_->accounts().set_quarantine_report(anna_, "bert@corp.example\nBcc: z@elsewhere.example").ok());
  set("QuarantineReportRecipient", "gone@corp.example");
  EXPECT_EQ(one_more(), 1);
  EXPECT_THAT(folder(anna_), SizeIs(2)) << "both make no sense: the user is told";
}

TEST_F(ReportTest, TwoServersThatReportAtOnceTellOnce) {
  start_reports();
  for (int i = 0; i < 5; ++i) send(text("200"), {"anna@corp.example", "bert@corp.example", "carl@corp.example"});
  std::vector<std::thread> threads;
  std::atomic<int> sent = 0;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      QuarantineReports another{*pipeline_, *links_, [] { return "http://x"; }};
      const auto done = another.run();
      if (done) sent += *done;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sent, 3);
  for (const auto account : {anna_, bert_, carl_}) EXPECT_THAT(folder(account), SizeIs(1));
}

TEST_F(ReportTest, TheSetTimesDecideWhenReportsGo) {
  const Zone zone{"UTC"};
  const auto today = std::chrono::floor<std::chrono::days>(now()) + std::chrono::days{1};
  set("QuarantineReportTimes", "07:00 16:30");
  start_reports();
  TestClock clock{Timestamp{today} + std::chrono::hours{6}};
  EXPECT_EQ(*reports_->run_when_due(), 0) << "makes up for times that have passed, once";
  send(text("200"));
  clock.set(Timestamp{today} + std::chrono::hours{6} + std::chrono::minutes{59});
  EXPECT_EQ(*reports_->run_when_due(), 0);
  clock.set(Timestamp{today} + std::chrono::hours{7} + std::chrono::minutes{1});
  EXPECT_EQ(*reports_->run_when_due(), 1);
  send(text("200"));
  EXPECT_EQ(*reports_->run_when_due(), 0) << "this time is over";
  clock.set(Timestamp{today} + std::chrono::hours{16} + std::chrono::minutes{30});
  EXPECT_EQ(*reports_->run_when_due(), 1);
  set("QuarantineReportTimes", "");
  send(text("200"));
  clock.advance(std::chrono::hours{48});
  EXPECT_EQ(*reports_->run_when_due(), 0) << "never";
  set("QuarantineReportTimes", "seven");
  EXPECT_EQ(*reports_->run_when_due(), 1) << "makes no sense: the default 07:00 counts";
}

TEST_F(ReportTest, AReportIsNotJudged) {
  set("SpamQuarantineThreshold", "0");
  script("${Score} = 500\n");
  start_reports();
  for (int i = 0; i < 3; ++i) send(text("x"));
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(folder(anna_), SizeIs(1));
  EXPECT_THAT(quarantine(), SizeIs(3));
}

}  // namespace
}  // namespace pennypost::filter
