// What scripts ask to be done with a message, and the default rules around lists and teaching, through the pipeline.
#include "server/filter/actions.h"

#include <thread>

#include "server/base/clock.h"
#include "server/base/limits.h"
#include "server/filter/quarantine_test_support.h"
#include "server/message/date.h"
#include "server/message/encoded_words.h"
#include "server/message/header.h"

namespace pennypost::filter {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

const std::string kMail =
    "From: Joe <joe@other.example>\r\nTo: anna@corp.example\r\nSubject: hello\r\nMessage-ID: <1@other.example>\r\n"
    "Date: " +
    message::format_date(now(), 0) + "\r\n\r\ntext\r\n";

class ActionsTest : public QuarantineFixture {
 protected:
  void default_rules() {
    std::filesystem::remove_all(folder_ + "/rules");
    start();
  }
  void rules(const std::string& text) {
    script(text);
    start();
  }
  /// Whose mail is the postmaster's: no account has that name.
  void make_admin(const std::string& name) {
    EXPECT_TRUE(store_->accounts().set_admin(store_->accounts().find(name)->id, true).ok());
  }
  /// As anna, logged in.
  delivery::Outcome send_as_anna(const std::string& octets, std::vector<std::string> to) {
    delivery::Mail m;
    m.client.address = "192.0.2.9";
    m.client.account = anna_;
    m.client.account_name = "anna";
    m.envelope.return_path = "anna@corp.example";
    for (auto& address : to) m.envelope.recipients.push_back({std::move(address), {}, {}});
    m.content = delivery::Content::of(octets);
    return pipeline_->accept(std::move(m), "mail.corp.example");
  }
  /// "return path -> recipient notify [prefix]" of each entry of the out queue.
  std::vector<std::string> queued() {
    std::vector<std::string> out;
    const auto all = store_->queue().list({});
    EXPECT_TRUE(all.ok());
    for (const auto& one : *all) {
      std::string text = one.return_path + " ->";
      for (const auto& to : one.recipients) text += " " + to.address;
      out.push_back(text);
    }
    return out;
  }
  std::string learned() {
    filter_->teacher().finish();
    filter_->bayes().flush();
    const auto size = store_->spam_filter().bayes_size();
    return std::to_string(size->ham) + " ham, " + std::to_string(size->spam) + " spam";
  }
  double score(const delivery::Outcome& outcome) {
    const auto found = store_->trace().find(outcome.trace_id);
    for (const auto& record : *found)
      for (const auto& line : record.lines)
        if (const auto at = line.reason.find("score "); at != std::string::npos && line.stage == "spam rules")
          return std::strtod(line.reason.c_str() + at + 6, nullptr);
    return -1;
  }
  store::ListEntry entry(store::AddressList list, const std::string& name) {
    const auto all = store::SpamLists{store_->database()}.addresses(list);
    EXPECT_TRUE(all.ok());
    for (const auto& one : *all)
      if (one.entry == name) return one;
    return {};
  }
  void list(store::AddressList where, const std::string& name) {
    EXPECT_TRUE(store::SpamLists{store_->database()}.add_addresses(where, std::array{name}, "admin").ok());
  }
};

// --- null addresses

TEST_F(ActionsTest, ANullAddressIsTakenJudgedAndThrownAway) {  // spec 10 section 9, case 39
  rules(
      "AddNullAddress \"learn\"\nAddNullAddress \"all@far.example\"\nSendMessage \"bert@corp.example\" \"seen\" \"x\" "
      "\"\"\n");
  const auto& router = pipeline_->router();
  using Kind = delivery::Route::Kind;
  for (const auto& [address, kind] : {std::pair{"learn@corp.example", Kind::discard},
                                      {"LEARN@corp.example", Kind::discard},
                                      {"learn", Kind::discard},
                                      {"learn@far.example", Kind::outside},
                                      {"all@far.example", Kind::discard},
                                      {"other@corp.example", Kind::unknown},
                                      {"anna@corp.example", Kind::mailbox}})
    EXPECT_EQ(router.route(address)->kind, kind) << address;
  EXPECT_TRUE(*router.is_local("all@far.example"));
  EXPECT_TRUE(send(kMail, {"learn@corp.example"}).is_taken());
  EXPECT_THAT(folder(bert_), SizeIs(1));
  EXPECT_THAT(folder(anna_), IsEmpty());
  EXPECT_THAT(queued(), IsEmpty());
  StoreDirectory directory{*store_, filter_->judges().discards};
  EXPECT_EQ(directory.address_type("learn@corp.example"), "Special");
}

TEST_F(ActionsTest, AMailboxOfThatNameWinsAndACatchAllDoesNot) {  // spec 60 sections 5.2 rule 2 and 5.3
  EXPECT_TRUE(store_->directory().add_address("~@corp.example", anna_).ok());
  EXPECT_TRUE(store_->directory().add_address("bertha", bert_).ok());
  rules("AddNullAddress \"learn\"\nAddNullAddress \"carl\"\nAddNullAddress \"bertha\"\n");
  const auto& router = pipeline_->router();
  EXPECT_EQ(router.route("learn@corp.example")->kind, delivery::Route::Kind::discard);
  EXPECT_EQ(router.route("no-one@corp.example")->kind, delivery::Route::Kind::discard);
  EXPECT_THAT(router.route("carl@corp.example")->accounts, ElementsAre(carl_));
  EXPECT_THAT(router.route("bertha@corp.example")->accounts, ElementsAre(bert_));
  EXPECT_THAT(router.route("x@corp.example")->accounts, ElementsAre(anna_));
}

TEST_F(ActionsTest, ALineWithAVariableCountsOnceItHasRunUntilTheRulesChange) {
  rules("${a} = \"late\"\nAddNullAddress \"${a}\"\n");
  EXPECT_EQ(pipeline_->router().route("late@corp.example")->kind, delivery::Route::Kind::unknown);
  send(kMail);
  EXPECT_EQ(pipeline_->router().route("late@corp.example")->kind, delivery::Route::Kind::discard);
  script("${a} = 1\n");
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  EXPECT_EQ(pipeline_->router().route("late@corp.example")->kind, delivery::Route::Kind::unknown);
}

TEST_F(ActionsTest, WithTheFilterOffThereAreNoNullAddresses) {
  rules("AddNullAddress \"learn\"\n");
  set("SpamFilter", "0");
  EXPECT_EQ(pipeline_->router().route("learn@corp.example")->kind, delivery::Route::Kind::unknown);
}

// --- teaching by forwards

TEST_F(ActionsTest, AForwardToSpamTeachesAndIsThrownAway) {  // spec 11 section 16, case 39
  default_rules();
  send(kMail);  // passes, and is learned as ham
  EXPECT_EQ(learned(), "1 ham, 0 spam");
  const std::string forward =
      "From: anna@corp.example\r\nTo: spam@corp.example\r\nSubject: Fwd: hello\r\nMessage-ID: <f@corp.example>\r\n"
      "References: <1@other.example>\r\nDate: Mon, 23 Nov 2026 11:00:00 +0000\r\n\r\n> text\r\n";
  EXPECT_TRUE(send_as_anna(forward, {"spam@corp.example"}).is_taken());
  EXPECT_EQ(learned(), "0 ham, 1 spam");
  send_as_anna(forward, {"spam@corp.example"});
  EXPECT_EQ(learned(), "0 ham, 1 spam") << "once";
  send_as_anna(forward, {"notspam@corp.example"});
  EXPECT_EQ(learned(), "1 ham, 0 spam");
  EXPECT_THAT(folder(anna_), SizeIs(1));
  EXPECT_THAT(queued(), IsEmpty());
  EXPECT_EQ(entry(store::AddressList::white, "spam@corp.example").entry, "");
}

TEST_F(ActionsTest, MailFromOutsideToSpamTeachesNothing) {
  default_rules();
  EXPECT_TRUE(send(kMail, {"spam@corp.example"}).is_taken());
  EXPECT_EQ(learned(), "0 ham, 0 spam");
}

// --- headers for one user

TEST_F(ActionsTest, AFieldForOneUserStandsInThatUsersCopyAlone) {  // spec 10 section 9, case 37
  rules(
      "AddHeader \"{bert}X-T: 1\"\nAddHeader \"-{bert}X-U: 2\"\nAddHeader \"+{anna@corp.example}X-Own3: 3\"\n"
      "AddHeader \"{nobody}X-W: 4\"\nAddHeader \"{carl}X-Z: 5\"\n");
  EXPECT_TRUE(send(kMail, {"anna@corp.example", "bert@corp.example", "far@elsewhere.example"}).is_taken());
  const auto annas = folder(anna_).at(0), berts = folder(bert_).at(0);
  EXPECT_THAT(berts, HasSubstr("\r\nX-T: 1\r\n"));
  EXPECT_THAT(berts, HasSubstr("\r\nX-U: 2\r\n"));
  EXPECT_THAT(berts, Not(HasSubstr("X-Own3")));
  EXPECT_THAT(annas, HasSubstr("\r\nX-Own3: 3\r\n"));
  for (const char* field : {"X-T", "X-U", "X-W", "X-Z"}) EXPECT_THAT(annas, Not(HasSubstr(field)));
  for (const auto& copy : {annas, berts}) EXPECT_THAT(copy, EndsWith("\r\n\r\ntext\r\n"));
}

TEST_F(ActionsTest, AFieldCanBeReplacedAndRemovedForOneUser) {
  rules(
      "AddHeader \"{bert}Subject: [for bert] ${Subject}\"\nAddHeader \"{bert}X-Old:\"\nAddHeader \"#{bert}X-Cut: ^a\"\n"
      "AddHeader \"X-All: 1\"\n");
  EXPECT_TRUE(
      send("X-Old: 1\r\nX-Cut: abc\r\nX-Cut: bcd\r\n" + kMail, {"anna@corp.example", "bert@corp.example"}).is_taken());
  const auto annas = folder(anna_).at(0), berts = folder(bert_).at(0);
  EXPECT_THAT(berts, HasSubstr("\r\nSubject: [for bert] hello\r\n"));
  EXPECT_THAT(berts, Not(HasSubstr("Subject: hello")));
  EXPECT_THAT(berts, Not(HasSubstr("X-Old")));
  EXPECT_THAT(berts, Not(HasSubstr("X-Cut: abc")));
  EXPECT_THAT(berts, HasSubstr("X-Cut: bcd"));
  EXPECT_THAT(annas, HasSubstr("Subject: hello"));
  EXPECT_THAT(annas, HasSubstr("X-Old: 1"));
  EXPECT_THAT(annas, HasSubstr("X-Cut: abc"));
  for (const auto& copy : {annas, berts}) {
    EXPECT_THAT(copy, HasSubstr("\r\nX-All: 1\r\n"));
    EXPECT_THAT(copy, HasSubstr("\r\nX-VPOP3-RCPTTYPE: D\r\n"));
    EXPECT_THAT(copy, EndsWith("\r\n\r\ntext\r\n"));
  }
  std::vector<std::string> subjects;  // of the stored columns, too
  const auto inbox = store_->folders().find(bert_, "INBOX");
  ASSERT_TRUE(store_->messages()
                  .fetch(inbox->id, std::array{Uid{1}}, store::Columns::summary,
                         [&](const store::Fetched& one) {
                           subjects.emplace_back(one.subject);
                           return true;
                         })
                  .ok());
  EXPECT_THAT(subjects, ElementsAre("[for bert] hello"));
}

TEST_F(ActionsTest, AFieldForOneUserStandsWhereItsFormSays) {  // spec 10 section 6.6
  rules("AddHeader \"+{bert}X-Last: 1\"\nAddHeader \"{bert}X-New: 2\"\nAddHeader \"-{bert}X-First: 3\"\n");
  send(kMail, {"bert@corp.example"});
  const auto mail = folder(bert_).at(0);
  EXPECT_THAT(mail, HasSubstr("\r\nX-First: 3\r\n"));
  EXPECT_THAT(mail, HasSubstr("\r\nX-New: 2\r\nX-Last: 1\r\n\r\ntext\r\n"));
}

TEST_F(ActionsTest, WhoComesBehindTheLimitOfOwnBodiesStillGetsWhatIsAdded) {
  std::string script;
  std::vector<std::string> to;
  for (int i = 0; i <= kOwnBodies.most; ++i) {
    const std::string name = "u" + std::to_string(i);
    account(name);
    to.push_back(name + "@corp.example");
    script += "AddHeader \"+{" + name + "}X-Own: " + name + "\"\n";
  }
  const AccountId last = store_->accounts().find("u" + std::to_string(kOwnBodies.most))->id;
  rules(script);
  send(kMail, to);
  EXPECT_THAT(folder(last).at(0), HasSubstr("\r\nX-Own: u" + std::to_string(kOwnBodies.most) + "\r\n"));
}

TEST_F(ActionsTest, AWordThatFillsMoreThanALineIsEncoded) {  // RFC 5322 section 2.1.1
  rules("${a} = \"0123456789abcdef\"\n" + [] {
    std::string doubled;
    for (int i = 0; i < 8; ++i) doubled += "${a} .= ${a}\n";
    return doubled;
  }() + "AddHeader \"X-Long: ${a}\"\n");
  send(kMail, {"bert@corp.example"});
  const auto mail = folder(bert_).at(0);
  std::size_t longest = 0;
  for (std::size_t at = 0; at < mail.size(); at = mail.find('\n', at) + 1)
    longest = std::max(longest, mail.find('\n', at) - at);
  EXPECT_LT(longest, 999U);
  const auto parsed = message::parse(mail);
  const auto field = message::find_field(parsed.header(), "X-Long");
  ASSERT_TRUE(field);
  EXPECT_EQ(message::decode_words(field->value, {}).size(), 4096U);
}

TEST_F(ActionsTest, OfTwoChangesOfAFieldTheLaterOneCounts) {
  rules(
      "AddHeader \"{bert}X-A: bert\"\nAddHeader \"X-A: all\"\nAddHeader \"X-B: all\"\nAddHeader \"{bert}X-B: bert\"\n");
  send(kMail, {"bert@corp.example"});
  const auto mail = folder(bert_).at(0);
  EXPECT_THAT(mail, HasSubstr("X-A: all\r\n"));
  EXPECT_THAT(mail, Not(HasSubstr("X-A: bert")));
  EXPECT_THAT(mail, HasSubstr("X-B: bert\r\n"));
  EXPECT_THAT(mail, Not(HasSubstr("X-B: all")));
}

TEST_F(ActionsTest, AQuarantinedCopyKeepsItsOwnHeader) {
  rules("${Score} = 500\nAddHeader \"{anna}Subject: own\"\n");
  send(kMail, {"anna@corp.example", "bert@corp.example"});
  EXPECT_THAT(quarantine(anna_), SizeIs(1));
  EXPECT_THAT(quarantine(bert_), SizeIs(1));
  EXPECT_THAT(folder(anna_), IsEmpty());
}

TEST_F(ActionsTest, ALargeMessageGetsItsOwnHeaderToo) {
  rules("AddHeader \"{bert}Subject: own\"\n");
  const std::string large = kMail + std::string(3'000'000, 'x') + "\r\n";
  EXPECT_TRUE(send(large, {"anna@corp.example", "bert@corp.example"}).is_taken());
  const auto annas = folder(anna_).at(0), berts = folder(bert_).at(0);
  EXPECT_THAT(berts.substr(0, 2000), HasSubstr("Subject: own"));
  EXPECT_EQ(annas.substr(annas.size() - 3'000'010), berts.substr(berts.size() - 3'000'010));
}

TEST_F(ActionsTest, AMessageThatBeginsWithAnEmptyLineGetsItsFieldsToo) {
  rules("AddHeader \"X-VPOP3-Spam: 7\"\nAddHeader \"Subject: marked\"\nAddHeader \"{bert}X-Own: yes\"\n");
  std::size_t count = 0;
  for (const std::string line_end : {"\r\n", "\n"}) {
    const std::string body = "first" + line_end + line_end + "second" + line_end;
    EXPECT_TRUE(send(line_end + body, {"anna@corp.example", "bert@corp.example"}).is_taken());
    ++count;
    for (const AccountId who : {anna_, bert_}) {
      const auto mails = folder(who);
      ASSERT_THAT(mails, SizeIs(count));
      EXPECT_THAT(mails.back(), HasSubstr("\r\nX-VPOP3-Spam: 7\r\n"));
      EXPECT_THAT(mails.back(), HasSubstr("\r\nSubject: marked\r\n"));
      EXPECT_THAT(mails.back(), EndsWith("\r\n\r\n" + body));
      EXPECT_EQ(message::parse(mails.back()).body(), body);
    }
    EXPECT_THAT(folder(bert_).back(), HasSubstr("\r\nX-Own: yes\r\n"));
  }
}

TEST_F(ActionsTest, AFieldAtTheStartStandsAboveTheReceivedField) {  // spec 10 section 9, case 36
  rules("AddHeader \"-X-Two: 2\"\nAddHeader \"-X-One: 1\"\n");
  send(kMail);
  EXPECT_THAT(folder(anna_).at(0), HasSubstr("\r\nX-One: 1\r\nX-Two: 2\r\nReceived: "));
}

// --- Copy and Redirect

TEST_F(ActionsTest, CopyAddsRecipientsHereAndOutside) {
  rules(
      "Copy bert\nCopy \"carl@corp.example\"\nCopy \"watch@far.example\"\nCopy \"nobody@corp.example\"\nCopy "
      "\"\"\nCopy anna\n");
  EXPECT_TRUE(send(kMail).is_taken());
  EXPECT_THAT(folder(anna_), SizeIs(1)) << "once";
  EXPECT_THAT(folder(bert_), ElementsAre(HasSubstr("X-VPOP3-RCPTTYPE: F\r\n")));
  EXPECT_THAT(folder(carl_), SizeIs(1));
  EXPECT_THAT(queued(), ElementsAre("bounce@other.example -> watch@far.example"));
}

TEST_F(ActionsTest, ACopyThatComesBackIsNotSentAgain) {
  rules("Copy \"watch@far.example\"\n");
  EXPECT_TRUE(send("X-Loop: WATCH@far.example\r\n" + kMail).is_taken());
  EXPECT_THAT(queued(), IsEmpty());
  EXPECT_THAT(folder(anna_), SizeIs(1));
}

TEST_F(ActionsTest, CopiesHaveALimit) {
  std::string text;
  for (int i = 0; i < 130; ++i) text += "Copy \"w" + std::to_string(i) + "@far.example\"\n";
  rules(text);
  EXPECT_TRUE(send(kMail).is_taken());
  EXPECT_THAT(queued(), SizeIs(100));
}

TEST_F(ActionsTest, WhoIsLeftOutOfARedirectKeepsTheMessageHoweverManyTheyAre) {
  list(store::AddressList::black, "joe@other.example");
  set("SpamScriptSetting Redirect", "bert");
  set("SpamScriptSetting DontRedirect", "u*");
  default_rules();
  std::vector<std::string> to{"anna@corp.example"};
  std::vector<AccountId> kept;
  for (int i = 0; i < 120; ++i) {
    const std::string name = "u" + std::to_string(i);
    kept.push_back(account(name));
    to.push_back(name + "@corp.example");
  }
  EXPECT_TRUE(send(kMail, to, "joe@other.example").is_taken());
  EXPECT_THAT(quarantine(), SizeIs(121)) << "of those and of bert";
  EXPECT_THAT(quarantine(kept.back()), SizeIs(1));
  EXPECT_THAT(quarantine(anna_), IsEmpty());
}

TEST_F(ActionsTest, CopyOfWhatNobodyHereGetsIsStillMade) {
  rules("AddNullAddress \"learn\"\nCopy bert\n");
  EXPECT_TRUE(send(kMail, {"learn@corp.example"}).is_taken());
  EXPECT_THAT(folder(bert_), SizeIs(1));
}

TEST_F(ActionsTest, RedirectLeadsToOneUserOrAddressInsteadOfAll) {
  make_admin("carl");
  rules(
      "IfMatch Subject out\nRedirect \"else@far.example\"\nElse\nIfMatch Subject wrong\nRedirect "
      "nobody\nElse\nRedirect bert\nEndIf\nEndIf\n");
  EXPECT_TRUE(send(kMail, {"anna@corp.example", "far@elsewhere.example"}).is_taken());
  EXPECT_THAT(folder(bert_), SizeIs(1));
  EXPECT_THAT(queued(), IsEmpty());
  EXPECT_TRUE(send("Subject: out\r\n\r\nx\r\n", {"anna@corp.example", "far@elsewhere.example"}).is_taken());
  EXPECT_THAT(queued(), ElementsAre("postmaster@corp.example -> else@far.example"));
  EXPECT_THAT(folder(anna_), IsEmpty());
  EXPECT_TRUE(send("Subject: wrong\r\n\r\nx\r\n").is_taken());
  EXPECT_THAT(folder(anna_), SizeIs(1)) << "a redirect to nobody is none";
  EXPECT_TRUE(send("X-Loop: else@far.example\r\nSubject: out\r\n\r\nx\r\n").is_taken());
  EXPECT_THAT(folder(anna_), SizeIs(2)) << "it has been there";
}

TEST_F(ActionsTest, TheHistoricalLogSaysWhomARedirectGaveTheMessage) {
  set("HistoricalLogging", "1");
  rules("Redirect bert\nCopy anna@corp.example\n");
  send(kMail, {"anna@corp.example", "carl@corp.example"});
  ASSERT_TRUE(store_->log_db().settle(std::chrono::seconds{20}));
  const auto rows = store_->log_db().find({});
  ASSERT_TRUE(rows.ok() && rows->size() == 1);
  std::vector<std::string> results;
  for (const auto& one : rows->front().message.recipients) results.push_back(one.address + ": " + one.result);
  EXPECT_THAT(results,
              UnorderedElementsAre("anna@corp.example: delivered", "carl@corp.example: redirected to bert, delivered"));
}

TEST_F(ActionsTest, WhatIsRedirectedOutsideComesBackToThePostmasterWhenItCannotBeDelivered) {
  make_admin("carl");
  rules("Redirect \"else@far.example\"\n");
  EXPECT_TRUE(send(kMail).is_taken());
  const auto all = store_->queue().list({});
  ASSERT_TRUE(all.ok());
  ASSERT_THAT(*all, SizeIs(1));
  EXPECT_EQ(all->front().return_path, "postmaster@corp.example");
  EXPECT_EQ(all->front().returned, store::ReturnOption::full);
  ASSERT_THAT(all->front().recipients, SizeIs(1));
  EXPECT_EQ(all->front().recipients[0].notify, "") << "failures are reported";
  EXPECT_THAT(pipeline_->router().route("postmaster@corp.example")->accounts, ElementsAre(carl_));
}

TEST_F(ActionsTest, WhatComesBackFromThereIsNotRedirectedAgain) {
  make_admin("carl");
  rules("Redirect \"else@far.example\"\n");
  EXPECT_TRUE(send(kMail, {"postmaster@corp.example"}, "").is_taken());
  EXPECT_THAT(queued(), IsEmpty());
  EXPECT_THAT(folder(carl_), SizeIs(1));
}

TEST_F(ActionsTest, ARedirectThatCannotWorkLeavesTheMessageToItsRecipients) {
  make_admin("carl");
  std::size_t sent = 0;
  for (const char* to : {"else@", "else@far..example", "a b@far.example", "x, y@far.example", "<else@far.example>",
                         "else@far.example\\r\\nx", "no-one", "nobody@corp.example"}) {
    SCOPED_TRACE(to);
    rules("Redirect \"" + std::string{to} + "\"\n");
    EXPECT_TRUE(send(kMail).is_taken());
    EXPECT_THAT(folder(anna_), SizeIs(++sent));
    EXPECT_THAT(queued(), IsEmpty());
  }
}

TEST_F(ActionsTest, WhatCouldNotComeBackWholeIsNotRedirectedOutside) {
  make_admin("carl");
  rules("Redirect \"else@far.example\"\n");
  EXPECT_TRUE(send(kMail + std::string(kReportedOriginal.most.size(), 'x') + "\r\n").is_taken());
  EXPECT_THAT(folder(anna_), SizeIs(1));
  EXPECT_THAT(queued(), IsEmpty());
}

TEST_F(ActionsTest, WithoutAPostmasterToTellNothingIsRedirectedOutside) {
  rules("Redirect \"else@far.example\"\n");
  EXPECT_TRUE(send(kMail).is_taken());
  EXPECT_THAT(folder(anna_), SizeIs(1));
  EXPECT_THAT(queued(), IsEmpty());
}

TEST_F(ActionsTest, AFieldOfTheSenderDoesNotEvadeARedirectToAUserHere) {
  rules("Redirect bert\n");
  EXPECT_TRUE(send("X-Loop: bert\r\n" + kMail).is_taken());
  EXPECT_THAT(folder(bert_), SizeIs(1));
  EXPECT_THAT(folder(anna_), IsEmpty());
}

TEST_F(ActionsTest, TheDefaultRulesRedirectSpamButForThoseInDontRedirect) {  // spec 11 section 4
  list(store::AddressList::black, "joe@other.example");
  set("SpamScriptSetting Redirect", "bert");
  set("QuarantineEnabled", "0");
  default_rules();
  const std::vector<std::string> both{"anna@corp.example", "carl@corp.example"};
  struct Row {
    const char* dont;
    std::size_t annas, berts, carls;
  };
  Row sum{"", 0, 0, 0};
  int number = 0;
  for (const Row& row : {Row{"", 0, 1, 0}, Row{"c*", 0, 1, 1}, Row{"/^(carl|anna)$/i", 1, 0, 1},
                         Row{"carl@corp.example", 0, 1, 1}, Row{"anna", 1, 1, 0}}) {
    set("SpamScriptSetting DontRedirect", row.dont);
    EXPECT_TRUE(send(kMail + std::to_string(number++), both, "joe@other.example").is_taken());
    sum = {row.dont, sum.annas + row.annas, sum.berts + row.berts, sum.carls + row.carls};
    EXPECT_EQ(folder(anna_).size(), sum.annas) << row.dont;
    EXPECT_EQ(folder(bert_).size(), sum.berts) << row.dont;
    EXPECT_EQ(folder(carl_).size(), sum.carls) << row.dont;
  }
}

// --- mail made here

TEST_F(ActionsTest, MailOfAScriptHasTheDefaultDomainInBothAddresses) {
  EXPECT_TRUE(store_->directory().add_domain("zorn.example").ok());
  EXPECT_TRUE(store_->directory().add_address("bert@zorn.example", bert_).ok());
  set("DefaultDomain", "zorn.example");
  rules("SendMessage \"bert\" \"S\" \"text\" \"\"\n");
  send(kMail);
  const auto mails = folder(bert_);
  ASSERT_THAT(mails, SizeIs(1));
  EXPECT_THAT(mails[0], HasSubstr("From: Spam filter <postmaster@zorn.example>\r\n"));
  EXPECT_THAT(mails[0], HasSubstr("To: bert@zorn.example\r\n"));
}

TEST_F(ActionsTest, AnAdministratorHearsOfABrokenScriptWhenThePostmasterIsNobody) {
  make_admin("carl");
  set("Postmaster", "nobody@nowhere.example");
  rules("If 1 = 1\n");
  send(kMail);
  EXPECT_THAT(folder(carl_), ElementsAre(HasSubstr("Subject: The spam rules have errors\r\n")));
}

TEST_F(ActionsTest, ReadyMeansThatTheRulesAreLoaded) {
  make_admin("carl");
  rules("If 1 = 1\n");
  filter_->prepare();
  EXPECT_THAT(folder(carl_), SizeIs(1)) << "before any message";
  set("SpamFilter", "0");
  rules("If 2 = 2\n");
  filter_->prepare();
  EXPECT_THAT(folder(carl_), SizeIs(1)) << "switched off";
}

// --- lists, with the default rules

TEST_F(ActionsTest, AWhitelistedSenderCountsOnceAMessage) {  // spec 11 section 16, case 21
  list(store::AddressList::white, "joe@example.com");
  default_rules();
  const std::string mail = "From: Joe@Example.COM\r\nReply-To: JOE@example.com\r\nReturn-Path: <joe@example.com>\r\n" +
                           kMail.substr(kMail.find("To:"));
  EXPECT_EQ(score(send(mail, {"anna@corp.example"}, "joe@example.com")), -10000);
  EXPECT_THAT(folder(anna_), ElementsAre(HasSubstr("X-VPOP3-WL: ")));
  EXPECT_THAT(folder(anna_), ElementsAre(HasSubstr("whitelist")));
  const auto found = entry(store::AddressList::white, "joe@example.com");
  EXPECT_EQ(found.find_count, 1);
  EXPECT_TRUE(found.last_found.has_value());
}

TEST_F(ActionsTest, FromReplyToAndReturnPathAreAllLookedUp) {  // spec 11 section 5.1
  list(store::AddressList::white, "good@example.com");
  list(store::AddressList::black, "bad@example.com");
  default_rules();
  const std::string rest = kMail.substr(kMail.find("To:"));
  const auto sent = [&](const std::string& header, const std::string& return_path) {
    return score(send(header + rest, {"anna@corp.example"}, return_path));
  };
  EXPECT_EQ(sent("From: x@y.example\r\nReply-To: good@example.com\r\n", "x@y.example"), -9997);
  EXPECT_EQ(sent("From: x@y.example\r\n", "good@example.com"), -10000);
  EXPECT_EQ(sent("From: x@y.example\r\nReturn-Path: <good@example.com>\r\n", ""), -10000);
  EXPECT_EQ(sent("From: x@y.example\r\nReply-To: bad@example.com\r\n", "x@y.example"), 10003);
  EXPECT_EQ(sent("From: x@y.example\r\n", "bad@example.com"), 10000);
}

TEST_F(ActionsTest, BothListsCancelOutAndTheirWeightsDecide) {  // cases 22, 23
  for (const auto where : {store::AddressList::white, store::AddressList::black}) list(where, "joe@other.example");
  default_rules();
  EXPECT_EQ(score(send(kMail)), 0);
  set("SpamRuleWeight blacklist", "50");
  EXPECT_EQ(score(send(kMail)), -5000);
  EXPECT_THAT(folder(anna_), SizeIs(2));
}

TEST_F(ActionsTest, ALocalSenderInTheWhitelistCountsOnlyWhenTheSettingSaysSo) {  // case 24
  list(store::AddressList::white, "bert@corp.example");
  default_rules();
  const std::string forged = "From: bert@corp.example\r\n" + kMail.substr(kMail.find("To:"));
  EXPECT_GE(score(send(forged, {"anna@corp.example"}, "bert@corp.example")), 0);
  EXPECT_EQ(entry(store::AddressList::white, "bert@corp.example").find_count, 0);
  set("SpamScriptSetting CheckLocalWhitelist", "1");
  EXPECT_LE(score(send(forged, {"anna@corp.example"}, "bert@corp.example")), -9000);
}

TEST_F(ActionsTest, WhomAUserWritesToIsListedAndCounted) {  // case 27
  default_rules();
  send_as_anna(kMail, {"New@example.net", "bert@corp.example", "*@whole.example"});
  auto found = entry(store::AddressList::white, "new@example.net");
  EXPECT_TRUE(found.is_automatic);
  EXPECT_EQ(found.add_count, 1);
  EXPECT_EQ(found.auto_added_by, "anna@corp.example");
  send_as_anna(kMail, {"new@example.net"});
  found = entry(store::AddressList::white, "new@example.net");
  EXPECT_EQ(found.add_count, 2);
  EXPECT_EQ(store::SpamLists{store_->database()}.addresses(store::AddressList::white)->size(), 1U)
      << "neither users here nor patterns";
}

TEST_F(ActionsTest, SoIsWhomAUserOnALocalNetworkWritesTo) {  // spec 11 section 4
  default_rules();
  const auto from_here = [&](const std::string& sender) {
    auto sent = mail(kMail, {"new@example.net"}, sender);
    sent.client.may_relay = true;
    accept(std::move(sent));
  };
  from_here("stranger@other.example");
  EXPECT_EQ(entry(store::AddressList::white, "new@example.net").entry, "") << "nobody of this server";
  from_here("anna@corp.example");
  EXPECT_EQ(entry(store::AddressList::white, "new@example.net").add_count, 1);
  EXPECT_EQ(learned(), "1 ham, 0 spam");
}

TEST_F(ActionsTest, WhatAScriptTakesFromMailNeverBecomesAPattern) {
  rules("ForEach Addr Reply-To a\nAddWhiteList ${a}\nAddBlackList ${a}\nEndFor\n");
  send("Reply-To: x <*@*>, </.*@.*/i>, plain@far.example\r\n" + kMail);
  for (const auto which : {store::AddressList::white, store::AddressList::black}) {
    const auto all = store::SpamLists{store_->database()}.addresses(which);
    ASSERT_THAT(*all, SizeIs(1));
    EXPECT_EQ(all->front().entry, "plain@far.example");
  }
}

TEST_F(ActionsTest, WhomAUserWritesToIsReleasedFromTheQuarantine) {  // spec 11 section 5.2
  rules("If ${AuthSender} <> \"\"\nForEach Recipient to\nAddWhiteList ${to}\nEndFor\nElse\n${Score} = 200\nEndIf\n");
  send(kMail);
  EXPECT_THAT(folder(anna_), IsEmpty());
  send_as_anna(kMail, {"joe@other.example"});
  EXPECT_THAT(folder(anna_), SizeIs(1));
}

TEST_F(ActionsTest, WithAutoWhiteListOffNobodyIsListed) {  // case 28
  set("SpamScriptSetting AutoWhiteList", "0");
  default_rules();
  send_as_anna(kMail, {"new@example.net"});
  EXPECT_THAT(*store::SpamLists{store_->database()}.addresses(store::AddressList::white), IsEmpty());
}

TEST_F(ActionsTest, ADateThatIsDaysOffFromItsArrivalAndAReplyElsewhereCountALittle) {
  default_rules();
  const std::string rest = kMail.substr(0, kMail.find("Date:"));
  const auto dated = [&](const std::string& date, const std::string& more = {}) {
    return score(send(more + rest + "Date: " + date + "\r\n\r\nx\r\n"));
  };
  const auto days = [](int count) { return message::format_date(now() + std::chrono::days{count}, 0); };
  const std::string received = "Received: from a (b; c) by d\r\n\tfor <e@f>; Mon, 3 Nov 2025 10:00:00 +0000 (UTC)\r\n";
  EXPECT_EQ(dated(days(0)), 0);
  EXPECT_EQ(dated(days(-3)), 0);
  EXPECT_EQ(dated(days(-10)), 8);
  EXPECT_EQ(dated(days(2)), 8);
  EXPECT_EQ(dated("Mon, 3 Nov 2025 09:00:00 +0000", received), 0) << "it was long on its way";
  EXPECT_EQ(dated("Mon, 20 Oct 2025 09:00:00 +0000", received), 8);
  EXPECT_EQ(dated("some time"), 0);
  EXPECT_EQ(score(send("Reply-To: x@else.example\r\n" + kMail)), 3);
  EXPECT_EQ(score(send("Reply-To: x@OTHER.example\r\n" + kMail)), 0);
}

TEST_F(ActionsTest, WordsDecideWithTheDefaultRules) {  // cases 25, 26
  store::SpamLists lists{store_->database()};
  EXPECT_TRUE(lists.add_words(store::AddressList::black, std::array<std::string, 1>{"sex"}, "admin").ok());
  default_rules();
  const auto sent = [&](const std::string& body) {
    return score(send(kMail.substr(0, kMail.find("text")) + body + "\r\n"));
  };
  EXPECT_EQ(sent("a day in Sussex"), 10000);
  EXPECT_EQ(sent("a day in Kent"), 0);
  EXPECT_TRUE(lists.remove_words(store::AddressList::black, std::array<std::string, 1>{"sex"}).ok());
  EXPECT_TRUE(lists.add_words(store::AddressList::black, std::array<std::string, 1>{"/\\bsex\\b/i"}, "admin").ok());
  EXPECT_TRUE(lists.add_words(store::AddressList::white, std::array<std::string, 1>{"our project"}, "admin").ok());
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  EXPECT_EQ(sent("another day in Sussex"), 0);
  EXPECT_EQ(sent("Sex and our Project"), 0);
  EXPECT_EQ(sent("our Project"), -10000);
}

TEST_F(ActionsTest, ASettingTakesWhateverTheAdministratorStores) {  // case 44; spec 10 section 9, case 55
  set("SpamScriptSetting Odd", "banana");
  rules(
      "DefineSetting \"Odd\" \"0\" \"d\"\nDefineSetting \"Redirect\" \"\" \"d\"\nAddHeader \"X-S: ${setting_odd} "
      "(${setting_redirect})\"\n");
  send(kMail);
  EXPECT_THAT(folder(anna_), ElementsAre(HasSubstr("X-S: banana ()\r\n")));
}

}  // namespace
}  // namespace pennypost::filter
