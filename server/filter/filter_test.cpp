// The filter in the pipeline, on a real database: what a script decides is what becomes of the mail.
#include "server/filter/filter.h"

#include <thread>

#include "server/base/clock.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/dns/test_server.h"
#include "server/filter/actions.h"
#include "server/filter/filter_test_support.h"
#include "server/filter/mail_view.h"
#include "server/filter/test_web.h"
#include "server/message/date.h"
#include "server/store/connection.h"
#include "server/store/database.h"

namespace pennypost::filter {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

const std::string kText =
    "From: Joe <joe@other.example>\r\nTo: anna@corp.example\r\nSubject: hello\r\nMessage-ID: <1@other.example>\r\n"
    "Date: " +
    message::format_date(now(), 0) + "\r\n\r\ntext\r\n";

class FilterTest : public FilterFixture {
 protected:
  delivery::Outcome send(std::vector<std::string> to = {"anna@corp.example"}, const std::string& text = kText,
                         const std::string& from = "joe@other.example") {
    delivery::Mail m = mail(text, std::move(to), from);
    m.client.account_name = sender_;
    if (!sender_.empty()) m.client.account = anna_;
    m.envelope.refused = refused_;
    return accept(std::move(m));
  }
  std::string why(const std::string& trace_id) { return FilterFixture::why(trace_id, "spam rules"); }

  std::string sender_;
  std::vector<delivery::RefusedRecipient> refused_;
  const AccountId anna_ = account("anna", {"anna@corp.example"});
  const AccountId bert_ = account("bert", {"bert@corp.example"});
  const AccountId postmaster_ = account("postmaster", {});
};

TEST_F(FilterTest, TheDefaultRulesAreInstalledAndMarkAMessageThatTheyLetThrough) {
  start();
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/rules/spamrules.txt"));
  const auto outcome = send();
  EXPECT_TRUE(outcome.is_taken());
  const auto mails = folder(anna_);
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_THAT(mails[0], HasSubstr("\r\nX-VPOP3-Spam: 0 ()\r\n"));
  EXPECT_EQ(why(outcome.trace_id), "pass: score 0");
}

TEST_F(FilterTest, ARuleThatFiredIsARowOfTheHistoricalLogWithItsWeightedScore) {  // spec 11 section 16, case 14
  EXPECT_TRUE(store_->settings().set("HistoricalLogging", "1").ok());
  script("DefineRule \"r\" 0.5 \"d\"\n${Score} += 100 [r]\n");
  start();
  const auto outcome = send();
  EXPECT_EQ(why(outcome.trace_id), "pass: score 50: r");
  ASSERT_TRUE(store_->log_db().settle(std::chrono::seconds{20}));
  const auto rows = store_->log_db().find({});
  ASSERT_TRUE(rows.ok() && rows->size() == 1);
  const auto& row = rows->front().message;
  EXPECT_FALSE(row.spam) << "50 is below the threshold";
  ASSERT_EQ(row.rules.size(), 1U);
  EXPECT_EQ(row.rules[0].name, "r");
  EXPECT_EQ(row.rules[0].score, 50);
}

TEST_F(FilterTest, ARejectedMessageIsInTheHistoricalLogWithWhatMatched) {  // spec 11 section 11.1
  EXPECT_TRUE(store_->settings().set("HistoricalLogging", "1").ok());
  script(
      "DefineRule \"w\" 1 \"word\"\nBulkScan Score [w]\nSubject /h.llo/i 150\nEndBulkScan\nReject \"552 no thanks\"\n");
  start();
  EXPECT_EQ(send().reply.line(), "552 no thanks");
  ASSERT_TRUE(store_->log_db().settle(std::chrono::seconds{20}));
  const auto rows = store_->log_db().find({.spam = true});
  ASSERT_TRUE(rows.ok() && rows->size() == 1);
  const auto& row = rows->front().message;
  EXPECT_THAT(row.error, StartsWith("552 no thanks (spam rules: score 150"));
  ASSERT_EQ(row.rules.size(), 1U);
  EXPECT_EQ(row.rules[0].name, "w");
  EXPECT_EQ(row.rules[0].pattern, "/h.llo/i");
  EXPECT_EQ(row.rules[0].match, "hello");
  EXPECT_EQ(row.rules[0].score, 150);
}

TEST_F(FilterTest, TheSpamFilterLogHasALineForEachLogAndOneForTheMessage) {  // spec 11 sections 1.2 and 11.3
  script("Log \"first\"\nLog \"second\"\n${Score} = 30\n");
  const std::string path = folder_ + "/spamfilter.log";
  const auto sink = file_log(path, Level::info, LogForm::text, std::string{kSpamLog});
  ASSERT_TRUE(sink);
  add_log_sink(*sink);
  start();
  const auto outcome = send();
  remove_log_sink(*sink);
  std::vector<std::string> lines;
  std::ifstream in{path};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 3U);
  const std::string about = "message " + outcome.trace_id + " <1@other.example>";
  EXPECT_THAT(lines[0], EndsWith(" info filter.spam_log.script: " + about + ": first"));
  EXPECT_THAT(lines[1], EndsWith(": second"));
  EXPECT_THAT(lines[2],
              HasSubstr(" info filter.spam_log.judged: " + about + " from <joe@other.example>: score 30 (), passed, "));
}

TEST_F(FilterTest, TheTextOfAScriptForgesNoLineOfTheLogAndIsCut) {  // spec 11 section 1.2
  EXPECT_EQ(one_line("a\r\nb\nc"), "a  b c");
  const std::string most(kSpamLogText.most.size() - 1, 'x');
  EXPECT_EQ(one_line(most + "y"), most + "y");
  EXPECT_EQ(one_line(most + "\xC3\xA4"), most + "...") << "no half character";
}

TEST_F(FilterTest, ScriptsOfAnInstallationStayAsTheyAreWhateverTheirCase) {
  script("${Score} = 1\n", "SpamRules.TXT");
  start();
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/rules/spamrules.txt"));
  EXPECT_EQ(why(send().trace_id), "pass: score 1");
}

TEST_F(FilterTest, TheThresholdDividesInboxAndJunk) {  // spec 11 section 16, case 30
  script("${Score} = 99\nIfMatch Subject spam\n${Score} += 1 [word]\nEndIf\n");
  EXPECT_TRUE(store_->settings().set("QuarantineEnabled", "0").ok());
  EXPECT_TRUE(store_->settings().set("SpamFolder", "Junk").ok());
  EXPECT_TRUE(store_->settings().reload().ok());
  start();
  send();
  const auto outcome = send({"anna@corp.example"}, "Subject: spam\r\n\r\nx\r\n");
  EXPECT_EQ(folder(anna_).size(), 1U);
  EXPECT_EQ(folder(anna_, "Junk").size(), 1U);
  EXPECT_EQ(why(outcome.trace_id), "pass: score 100: word, spam");
  EXPECT_TRUE(store_->settings().set("SpamQuarantineThreshold", "-1").ok());
  EXPECT_TRUE(store_->settings().reload().ok());
  send({"anna@corp.example"}, "Subject: spam\r\n\r\nx\r\n");
  EXPECT_EQ(folder(anna_).size(), 2U);
}

TEST_F(FilterTest, RejectAnswersWithTheTextOfTheScript) {  // cases 5 and 6
  script("IfMatch Subject later\nReject \"451 4.7.1 later\"\nEndIf\nReject \"no thanks\"\n");
  start();
  EXPECT_EQ(send().reply.line(), "552 no thanks");
  EXPECT_EQ(send({"anna@corp.example"}, "Subject: later\r\n\r\nx\r\n").reply.line(), "451 4.7.1 later");
  EXPECT_TRUE(folder(anna_).empty());
  EXPECT_TRUE(folder(anna_, "Junk").empty());
}

TEST_F(FilterTest, AnEndlessLoopIsAnsweredWithTheTimeoutAndTheServerGoesOn) {  // case 40
  script(":top\nIfMatch Subject hello\nGoto top\nEndIf\n");
  EXPECT_TRUE(store_->settings().set("FilterTimeout", "1").ok());
  EXPECT_TRUE(store_->settings().reload().ok());
  start();
  EXPECT_EQ(send().reply.line(), "450 4.3.2 Content Filter Timeout");
  EXPECT_TRUE(send({"anna@corp.example"}, "Subject: x\r\n\r\ny\r\n").is_taken());
}

TEST_F(FilterTest, SwitchedOffAsAtFirstItAddsNothing) {  // case 41
  EXPECT_TRUE(store_->settings().unset("SpamFilter").ok());
  EXPECT_TRUE(store_->settings().reload().ok());
  start();
  EXPECT_EQ(why(send().trace_id), "pass: switched off");
  EXPECT_THAT(folder(anna_).at(0), Not(HasSubstr("X-VPOP3-Spam")));
}

TEST_F(FilterTest, HeaderChangesAreThoseOfTheScript) {  // case 45; spec 10 section 9, cases 34 to 36
  script(
      "AddHeader \"subject: [S] ${Subject}\"\nAddHeader \"X-T: 1\"\nAddHeader \"X-T: 2\"\nAddHeader \"-X-First: a\"\n"
      "AddHeader \"X-Gone:\"\nAddHeader \"#X-Cut: ^a+$\"\n");
  start();
  send({"anna@corp.example"}, "X-Gone: 1\r\nX-Cut: aaa\r\nX-Cut: aab\r\nSubject: hello\r\nTo: a@b\r\n\r\nbody\r\n");
  const auto mails = folder(anna_);
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_THAT(mails[0], HasSubstr("X-First: a\r\n"));
  EXPECT_THAT(mails[0], HasSubstr("[S] hello\r\n"));
  EXPECT_THAT(mails[0], Not(HasSubstr("Subject: hello")));
  EXPECT_THAT(mails[0], HasSubstr("X-T: 2\r\n"));
  EXPECT_THAT(mails[0], Not(HasSubstr("X-T: 1")));
  EXPECT_THAT(mails[0], Not(HasSubstr("X-Gone")));
  EXPECT_THAT(mails[0], Not(HasSubstr("X-Cut: aaa\r\n")));
  EXPECT_THAT(mails[0], HasSubstr("X-Cut: aab\r\n"));
  EXPECT_THAT(mails[0], EndsWith("\r\n\r\nbody\r\n"));
}

TEST_F(FilterTest, RedirectSendsTheMailToTheUserAlone) {
  script("Redirect bert@corp.example\n");
  start();
  EXPECT_TRUE(send({"anna@corp.example", "far@elsewhere.example"}).is_taken());
  EXPECT_TRUE(folder(anna_).empty());
  EXPECT_EQ(folder(bert_).size(), 1U);
  EXPECT_TRUE(store_->queue().list({})->empty());
}

TEST_F(FilterTest, SendMessageIsDeliveredAndNotFiltered) {  // spec 11 section 16, case 8
  script("SendMessage \"bert@corp.example\" \"S\" \"l1\\nl2\" \"\"\n${Score} = 500\n");
  start();
  send();
  const auto mails = folder(bert_);
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_THAT(mails[0], HasSubstr("Subject: S\r\n"));
  EXPECT_THAT(mails[0], HasSubstr("\r\n\r\nl1\r\nl2"));
}

TEST_F(FilterTest, ABrokenScriptKeepsTheLastGoodOneAndTellsTheAdministratorOnce) {  // spec 10 section 9, case 59
  script("${Score} = 1\n");
  start();
  EXPECT_EQ(why(send().trace_id), "pass: score 1");
  script("${Score} = 2\nIf 1 = 1\n# not closed\n");
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(why(send().trace_id), "pass: score 1");
    std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  }
  const auto told = folder(postmaster_);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], HasSubstr("spamrules.txt"));
  script("${Score} = 3\n");
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  EXPECT_EQ(why(send().trace_id), "pass: score 3");
}

TEST_F(FilterTest, WithNoValidScriptMailGoesOnUnfiltered) {  // spec 11 section 13
  script("If 1 = 1\n");
  start();
  const auto outcome = send();
  EXPECT_TRUE(outcome.is_taken());
  EXPECT_EQ(why(outcome.trace_id), "pass: no rules");
}

TEST_F(FilterTest, TheListsDecideWithTheDefaultRules) {  // spec 11 section 16, cases 21, 22, 24
  auto& lists = store_->spam_filter();
  EXPECT_TRUE(lists.add_address(store::AddressList::black, "*@OTHER.example", "admin", false).ok());
  start();
  EXPECT_THAT(why(send().trace_id), HasSubstr("score 10000: blacklist"));
  EXPECT_TRUE(lists.add_address(store::AddressList::white, "Joe@other.example", "admin", false).ok());
  EXPECT_THAT(why(send().trace_id), HasSubstr("score 0: whitelist blacklist"));
  EXPECT_TRUE(lists.remove_address(store::AddressList::black, "*@OTHER.example").ok());
  EXPECT_THAT(why(send().trace_id), HasSubstr("score -10000: whitelist"));
  EXPECT_TRUE(lists.add_address(store::AddressList::white, "anna@corp.example", "admin", false).ok());
  const auto forged = "From: anna@corp.example\r\n" + kText.substr(kText.find("To:"));
  EXPECT_THAT(why(send({"anna@corp.example"}, forged, "anna@corp.example").trace_id), HasSubstr("score 0"));
  EXPECT_TRUE(store_->settings().set("SpamScriptSetting CheckLocalWhitelist", "1").ok());
  EXPECT_TRUE(store_->settings().reload().ok());
  EXPECT_THAT(why(send({"anna@corp.example"}, forged, "anna@corp.example").trace_id), HasSubstr("score -10000"));
}

TEST_F(FilterTest, WeightsOfTheAdministratorCount) {  // cases 15, 16
  script("DefineRule \"m\" 1 3 \"d\"\n${Score} += 10 [m]\n");
  start();
  EXPECT_EQ(why(send().trace_id), "pass: score 10: m");
  EXPECT_TRUE(store_->settings().set("SpamRuleWeight M", "2 5").ok());
  EXPECT_TRUE(store_->settings().reload().ok());
  EXPECT_EQ(why(send().trace_id), "pass: score 20: m");
}

TEST_F(FilterTest, WhomAUserWritesToIsWhitelistedAndHisMailIsNotJudged) {  // case 27
  start();
  sender_ = "anna";
  const auto outcome = send({"new@example.net", "bert@corp.example"}, kText, "anna@corp.example");
  EXPECT_TRUE(outcome.is_taken());
  EXPECT_THAT(folder(bert_).at(0), Not(HasSubstr("X-VPOP3-Spam")));
  EXPECT_TRUE(*store_->spam_filter().find_address(store::AddressList::white, "new@example.net"));
  EXPECT_FALSE(*store_->spam_filter().find_address(store::AddressList::white, "bert@corp.example"));
  filter_->bayes().flush();
  EXPECT_EQ(store_->spam_filter().bayes_size()->ham, 1);
}

TEST_F(FilterTest, BayesLearnsAndUnlearnsThroughTheScript) {
  script(
      "${p} = CalcBayes\n${n} = ${BayesSize}\nLog \"x\"\nAddHeader \"X-P: ${p} ${n}\"\n"
      "IfMatch Subject spam\nAddBayesSpam\nEndIf\nIfMatch Subject ham\nAddBayesHam\nEndIf\n"
      "IfMatch Subject wrong\nRemoveBayesSpam\nEndIf\n");
  start();
  for (int i = 0; i < 5; ++i) {
    const std::string number = std::to_string(i);  // the same message twice would count once
    send({"anna@corp.example"}, "Subject: spam\r\n\r\npills cheap viagra offer\r\n" + number + "\r\n");
    send({"anna@corp.example"}, "Subject: ham\r\n\r\nmeeting agenda minutes budget\r\n" + number + "\r\n");
    filter_->bayes().flush();
  }
  const auto mails = folder(anna_);
  EXPECT_THAT(mails.at(0), HasSubstr("X-P: 50 0\r\n"));
  EXPECT_THAT(mails.at(8), HasSubstr(" 8\r\n"));
  const auto percent = [&](const std::string& words) {
    const auto text = "Subject: new\r\n\r\n" + words + "\r\n";
    const auto parsed = message::parse(text);
    return StoreBayes{*store_}.probability(MailView{parsed});
  };
  EXPECT_GT(percent("cheap pills offer"), 80);
  EXPECT_LT(percent("budget meeting agenda"), 20);
  send({"anna@corp.example"}, "Subject: wrong\r\n\r\npills cheap viagra offer\r\n3\r\n");
  send({"anna@corp.example"}, "Subject: wrong\r\n\r\nnever learned\r\n");
  filter_->bayes().flush();
  EXPECT_EQ(store_->spam_filter().bayes_size()->spam, 4);
}

TEST_F(FilterTest, WhatTheDatabaseCannotTakeForTheMomentIsLearnedLater) {
  script("AddBayesHam\n");
  start();
  const auto database_does = [&](const char* statement) {
    auto lease = store_->database().lease();
    ASSERT_TRUE(lease.ok());
    const auto done = (*lease)->execute(statement);
    ASSERT_TRUE(done.ok()) << done.error().for_log;
  };
  database_does(
      "CREATE FUNCTION busy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE lock_not_available; END $$;"
      "CREATE TRIGGER busy BEFORE UPDATE ON spamfilter.bayesmessages FOR EACH STATEMENT EXECUTE FUNCTION busy()");
  send();
  filter_->bayes().flush();
  filter_->bayes().flush();
  EXPECT_EQ(store_->spam_filter().bayes_size()->ham, 0);
  database_does("DROP TRIGGER busy ON spamfilter.bayesmessages");
  filter_->bayes().flush();
  EXPECT_EQ(store_->spam_filter().bayes_size()->ham, 1);
}

TEST_F(FilterTest, TheDnsAnswersScripts) {  // spec 10 section 9, cases 50, 51; 11 section 16, case 11
  dns::TestServer zone;
  zone.add(
      "t.example MX 10 mail.t.example\nt.example MX 20 b.t.example\n7.100.51.198.bl.test A 127.0.0.2\n"
      "listed.test.multi.surbl.test A 127.0.0.4\n");
  auto resolver = dns::Resolver::make({.servers = {zone.address()}});
  ASSERT_TRUE(resolver.ok());
  script(
      "DNS MX t.example mx\nStartDNSBL ${SenderIP} bl.test\nDNSBL ${SenderIP} bl.test r\n"
      "DNSBL 192.0.2.9 bl.test no\nSURBL listed.test multi.surbl.test s\n"
      "Replace mx \"/\\n/\" \"|\"\nAddHeader \"X-R: ${mx}\"\nAddHeader \"X-L: ${r} (${no}) ${s}\"\n"
      "AddHeader \"X-S: ${DNSServers}\"\n");
  start(resolver->get());
  send();
  const auto mail = folder(anna_).at(0);
  EXPECT_THAT(mail, HasSubstr("X-R: t.example:mx:mail.t.example|t.example:mx:b.t.example\r\n"));
  EXPECT_THAT(mail, HasSubstr("X-L: 127.0.0.2 () 127.0.0.4\r\n"));
  EXPECT_THAT(mail, HasSubstr("X-S: " + zone.address() + "\r\n"));
  EXPECT_EQ(zone.questions("7.100.51.198.bl.test"), 1);
}

TEST_F(FilterTest, ScriptsFetchPagesFromWhereTheSettingsLetThem) {  // spec 10 section 6.34; 11 section 1.11
  dns::TestServer zone;
  zone.add("www.test A 127.0.0.1\n");
  auto resolver = dns::Resolver::make({.servers = {zone.address()}});
  ASSERT_TRUE(resolver.ok());
  WebSite site{[](const Asked& asked, WebSite::Response& response) {
    response.send() << (asked.target == "/abc" ? "abc" : asked.method + " " + asked.target + " " + asked.content);
  }};
  script("HTTPGet \"" + site.at("www.test", "/?f=${MailFrom}") +
         "\" h c\nIfMatch ${h} \"/^HTTP\\/\\d\\.\\d 200/\"\n${Score} += 7\nEndIf\nHTTPGetMD5 " +
         site.at("www.test", "/abc") + " h m\nHTTPPost " + site.at("www.test", "/check") +
         " \"ip=${SenderIP}\" h p\nWinHTTPGet " + site.at("www.test", "/win") +
         " h w\nAddHeader \"X-Web: ${Score}|${c}|\"\nAddHeader \"X-More: ${m}|${p}|\"\nAddHeader \"X-Win: ${w}|\"\n");
  start(resolver->get());
  send();
  EXPECT_THAT(folder(anna_).at(0), HasSubstr("X-Web: 0||\r\nX-More: ||\r\nX-Win: |\r\n"));  // 127.0.0.1 is not public
  EXPECT_THAT(site.asked(), IsEmpty());
  EXPECT_TRUE(store_->settings().set("ScriptWebPrivate", "1").ok());
  EXPECT_TRUE(store_->settings().reload().ok());
  send();
  EXPECT_THAT(folder(anna_).at(1), HasSubstr("X-Web: 7|GET /?f=joe@other.example |\r\n"
                                             "X-More: 900150983cd24fb0d6963f7d28e17f72|"
                                             "POST /check ip=198.51.100.7|\r\nX-Win: GET /win |\r\n"));
  EXPECT_TRUE(store_->settings().set("ScriptWeb", "0").ok());
  EXPECT_TRUE(store_->settings().reload().ok());
  send();
  EXPECT_THAT(folder(anna_).at(2), HasSubstr("X-Web: 0||\r\nX-More: ||\r\nX-Win: |\r\n"));
  EXPECT_THAT(site.asked(), SizeIs(4));
}

TEST_F(FilterTest, APageThatDoesNotComeEndsWithTheTimeOfTheFilter) {  // spec 11 sections 10.1 and 13
  auto resolver = dns::Resolver::make({});
  ASSERT_TRUE(resolver.ok());
  RawSite site{RawSite::drips("HTTP/1.1 200 OK\r\n\r\n", "x")};
  EXPECT_TRUE(store_->settings().set("ScriptWebPrivate", "1").ok());
  EXPECT_TRUE(store_->settings().set("FilterTimeout", "1").ok());
  EXPECT_TRUE(store_->settings().reload().ok());
  script("HTTPGet " + site.at("127.0.0.1") + " h c\nAddHeader \"X-C: <${c}>\"\n");
  start(resolver->get());
  const auto began = std::chrono::steady_clock::now();
  const auto outcome = send();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{10});
  EXPECT_EQ(site.connections(), 1);
  EXPECT_EQ(outcome.reply.line(), "450 4.3.2 Content Filter Timeout");
  EXPECT_THAT(folder(anna_), IsEmpty());
}

TEST_F(FilterTest, TheReverseNameIsLookedUpForScriptsThatReadIt) {  // spec 11 section 2.2
  dns::TestServer zone;
  zone.add("7.100.51.198.in-addr.arpa PTR MX.Other.Example\n");
  auto resolver = dns::Resolver::make({.servers = {zone.address()}});
  ASSERT_TRUE(resolver.ok());
  script("AddHeader \"X-H: ${SMTPHelo}\"\n");
  start(resolver->get());
  send();
  EXPECT_EQ(zone.questions(), 0);
  script("AddHeader \"X-R: <${smtpreversedns}> ${RcptCount} ${AnyInvalidRecipients}\"\n");
  start(resolver->get());
  send({"anna@corp.example", "bert@corp.example"});
  EXPECT_THAT(folder(anna_).at(1), HasSubstr("X-R: <mx.other.example> 2 0\r\n"));
  zone.fail("7.100.51.198.in-addr.arpa", dns::TestServer::Fault::servfail);
  resolver->get()->clear_cache();
  refused_ = {{"eve@corp.example", "451 4.3.0 Try again later"}};
  send();
  EXPECT_THAT(folder(anna_).at(2), HasSubstr("X-R: <> 1 0\r\n"));
  refused_.push_back({"nobody@corp.example", "550 5.1.1 Unrecognised recipient <nobody@corp.example>"});
  send();
  EXPECT_THAT(folder(anna_).at(3), HasSubstr("X-R: <> 1 1\r\n"));
}

TEST_F(FilterTest, AddressTypesAreWhatDeliveryWouldDo) {  // spec 10 section 9, case 52
  EXPECT_TRUE(store_->directory().add_address("sales@corp.example", anna_).ok());
  EXPECT_TRUE(store_->directory().add_domain("all.example").ok());
  EXPECT_TRUE(store_->directory().add_address("~@all.example", bert_).ok());
  StoreDirectory directory{*store_};
  for (const auto& [address, type] : {std::pair{"anna@corp.example", "User"},
                                      {"ANNA@CORP.example", "User"},
                                      {"sales@corp.example", "Mapping"},
                                      {"any@all.example", "UnknownMapping"},
                                      {"nobody@corp.example", "Invalid"},
                                      {"abuse@corp.example", "Postmaster"},
                                      {"x@far.example", "Remote"}})
    EXPECT_EQ(directory.address_type(address), type) << address;
}

TEST(ReplyOfReject, KeepsCodesAndText) {
  for (const auto& [line, expected] : {std::pair{"552 no thanks", "552 no thanks"},
                                       {"451 4.7.1 later", "451 4.7.1 later"},
                                       {"550 4.7.1 odd", "550 4.7.1 odd"},
                                       {"550", "550 "},
                                       {"banana", "552 banana"},
                                       {"250 ok", "552 250 ok"}})
    EXPECT_EQ(reply_of(line).line(), expected);
}

}  // namespace
}  // namespace pennypost::filter
