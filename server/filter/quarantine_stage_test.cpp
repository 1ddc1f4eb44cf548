// Inbox, spam folder or quarantine: for each recipient by his own threshold. "11-30" is case 30 of spec 11 section 16.
#include "server/filter/quarantine_stage.h"

#include "server/filter/quarantine_test_support.h"

namespace pennypost::filter {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Placement, GoesByTheOwnThresholdElseByTheGlobalOne) {
  using enum Placement;
  struct Row {
    double score;
    std::optional<double> own;
    double global;
    bool is_enabled;
    Placement expected;
  };
  for (const auto& [score, own, global, is_enabled, expected] : std::vector<Row>{{99, {}, 100, true, inbox},
                                                                                 {100, {}, 100, true, quarantine},
                                                                                 {100, 300, 100, true, inbox},
                                                                                 {50, 50, 100, true, quarantine},
                                                                                 {200, -1, 100, true, spam_folder},
                                                                                 {50, -1, 100, true, inbox},
                                                                                 {200, {}, -1, true, inbox},
                                                                                 {200, 150, -1, true, quarantine},
                                                                                 {200, -1, -1, true, inbox},
                                                                                 {200, {}, 100, false, spam_folder},
                                                                                 {200, 300, 100, false, inbox},
                                                                                 {0, 0, 100, true, quarantine},
                                                                                 {99.99, {}, 100, true, inbox},
                                                                                 {-5, 0, 100, true, inbox}}) {
    EXPECT_EQ(placement(score, own, global, is_enabled), expected)
        << score << " " << own.value_or(-99) << " " << global;
  }
}

class QuarantineStageTest : public QuarantineFixture {};

TEST_F(QuarantineStageTest, Case11_30_TheGlobalThresholdDividesInboxAndQuarantine) {
  start();
  EXPECT_EQ(why(send(text("99")).trace_id), "pass: delivered");
  EXPECT_EQ(why(send(text("100 Grüße")).trace_id), "pass: 1 of 1 quarantined");
  EXPECT_THAT(folder(anna_), SizeIs(1));
  EXPECT_THAT(folder(anna_, "Junk"), IsEmpty());
  const auto kept = quarantine(anna_);
  ASSERT_THAT(kept, SizeIs(1));
  EXPECT_EQ(kept[0].score, 100);
  EXPECT_EQ(kept[0].rules, "number");
  EXPECT_EQ(kept[0].sender, "joe@other.example");
  EXPECT_EQ(kept[0].from_name, "Joe");
  EXPECT_EQ(kept[0].subject, "100 Grüße");
  EXPECT_EQ(kept[0].return_path, "bounce@other.example");
  EXPECT_EQ(kept[0].recipients, std::vector<std::string>{"anna@corp.example"});
  EXPECT_THAT(kept[0].prefix, HasSubstr("X-VPOP3-ORIGRCPT: anna@corp.example\r\n"));
}

TEST_F(QuarantineStageTest, Case11_31_TheThresholdsOfItsRecipientsDecideForEach) {
  EXPECT_TRUE(store_->accounts().set_spam_threshold(anna_, 100).ok());
  EXPECT_TRUE(store_->accounts().set_spam_threshold(bert_, 300).ok());
  EXPECT_TRUE(store_->accounts().set_spam_threshold(carl_, -1).ok());
  start();
  const auto outcome = send(text("200"), {"anna@corp.example", "bert@corp.example", "carl@corp.example"});
  EXPECT_TRUE(outcome.is_taken());
  EXPECT_EQ(why(outcome.trace_id), "pass: 1 of 3 quarantined");
  EXPECT_EQ(why(outcome.trace_id, "store"), "pass: 2 mailboxes, 1 quarantined, 0 outside");
  EXPECT_THAT(folder(anna_), IsEmpty());
  EXPECT_THAT(quarantine(anna_), SizeIs(1));
  EXPECT_THAT(folder(bert_), SizeIs(1));
  EXPECT_THAT(folder(carl_), SizeIs(1));
  EXPECT_THAT(quarantine(), SizeIs(1));
}

TEST_F(QuarantineStageTest, Case11_32_WhatGoesOutsideOrNowhereIsNotQuarantined) {
  start();
  const auto outcome = send(text("200"), {"far@elsewhere.example", "no-one@corp.example"});
  EXPECT_TRUE(outcome.is_taken());
  EXPECT_THAT(quarantine(), IsEmpty());
  EXPECT_THAT(*store_->queue().list({}), SizeIs(1));
}

TEST_F(QuarantineStageTest, Case11_32_ACopyForAMemberOfAListGoesOnAndOneThatIsAddressedToHimToo) {
  start();
  const QuarantineStage stage{*store_};
  const auto octets = text("200");
  const auto message = message::parse(octets);
  const delivery::Client client;
  const delivery::Envelope envelope;
  const auto settings = store_->settings().snapshot();
  const std::string host = "mail.corp.example";
  const delivery::Arrival arrival{client, envelope, message, 0, {}, *settings, host};
  delivery::Edits edits;
  edits.spam_score(200);
  edits.route(0, {delivery::Route::Kind::mailbox, {anna_, bert_}, 'L'});
  edits.route(1, {delivery::Route::Kind::mailbox, {anna_}, 'D'});
  EXPECT_TRUE(std::holds_alternative<delivery::Pass>(stage.judge(arrival, edits)));
  EXPECT_TRUE(edits.place_of(anna_).is_quarantine) << "addressed to her as well";
  EXPECT_FALSE(edits.place_of(bert_).is_quarantine);
}

TEST_F(QuarantineStageTest, Case11_33_WithTheFacilityOffSpamIsDeliveredWithItsHeaders) {
  set("QuarantineEnabled", "0");
  start();
  send(text("200"));
  const auto mails = folder(anna_);
  ASSERT_THAT(mails, SizeIs(1));
  EXPECT_THAT(mails[0], HasSubstr("\r\nX-VPOP3-Spam: 200\r\n"));
  EXPECT_THAT(quarantine(), IsEmpty());
  set("SpamFolder", "Junk");
  EXPECT_EQ(why(send(text("200")).trace_id), "pass: 1 of 1 to Junk");
  EXPECT_THAT(folder(anna_, "Junk"), SizeIs(1));
}

TEST_F(QuarantineStageTest, ASpamFolderThatNoFolderCanBeCalledIsTheInbox) {
  set("QuarantineEnabled", "0");
  start();
  std::size_t sent = 0;
  for (const std::string& name : std::vector<std::string>{"a//b", "/x", "we*rd", std::string(1001, 'x')}) {
    set("SpamFolder", name);
    EXPECT_TRUE(send(text("200")).is_taken()) << name;
    EXPECT_THAT(folder(anna_), SizeIs(++sent)) << name;
  }
}

TEST_F(QuarantineStageTest, ADisabledQuarantineUsesTheSpamFolder) {
  set("SpamFolder", "Junk");
  EXPECT_TRUE(store_->accounts().set_spam_threshold(anna_, -1).ok());
  start();
  EXPECT_EQ(why(send(text("200"), {"anna@corp.example", "bert@corp.example"}).trace_id),
            "pass: 1 of 2 quarantined, 1 of 2 to Junk");
  EXPECT_THAT(folder(anna_, "Junk"), SizeIs(1));
  EXPECT_THAT(quarantine(bert_), SizeIs(1));
}

TEST_F(QuarantineStageTest, RedirectPutsSpamIntoTheQuarantineOfItsTarget) {  // spec 11 section 4
  script("${Score} = 200\nRedirect bert@corp.example\n");
  start();
  send(text("hello"), {"anna@corp.example", "carl@corp.example"});
  EXPECT_THAT(quarantine(bert_), SizeIs(1));
  EXPECT_THAT(quarantine(), SizeIs(1));
  EXPECT_THAT(folder(anna_), IsEmpty());
  EXPECT_TRUE(store_->accounts().set_spam_threshold(bert_, -1).ok());
  send(text("hello"));
  EXPECT_THAT(folder(bert_), SizeIs(1));
}

TEST_F(QuarantineStageTest, WhatTheServerSaysItselfIsNeverQuarantined) {
  set("SpamQuarantineThreshold", "0");
  start();
  EXPECT_TRUE(pipeline_->submit_generated("", std::array<std::string, 1>{"anna@corp.example"}, text("900")).ok());
  EXPECT_THAT(folder(anna_), SizeIs(1));
  EXPECT_THAT(quarantine(), IsEmpty());
}

TEST_F(QuarantineStageTest, TwoAddressesOfOneUserAreOneEntryThatNamesBoth) {
  EXPECT_TRUE(store_->directory().add_address("sales@corp.example", anna_).ok());
  start();
  send(text("200"), {"anna@corp.example", "sales@corp.example"});
  const auto kept = quarantine();
  ASSERT_THAT(kept, SizeIs(1));
  EXPECT_EQ(kept[0].recipients, (std::vector<std::string>{"anna@corp.example", "sales@corp.example"}));
}

TEST_F(QuarantineStageTest, AMessageWithoutSubjectOrSenderIsKeptToo) {
  script("${Score} = 200\n");
  start();
  send("\r\nx\r\n", {"anna@corp.example"}, "");
  const auto kept = quarantine();
  ASSERT_THAT(kept, SizeIs(1));
  EXPECT_EQ(kept[0].sender, "");
  EXPECT_EQ(kept[0].subject, "");
}

}  // namespace
}  // namespace pennypost::filter
