// Releases: into the inbox once, learned as ham, with all that the same sender has sent. "11-29" is case 29 of spec 11
// section 16.
#include "server/filter/release.h"

#include "server/filter/mail_view.h"
#include "server/filter/quarantine_test_support.h"

namespace pennypost::filter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ReleaseTest : public QuarantineFixture {
 protected:
  Result<Released> release(QuarantineId id, const ReleaseOptions& options = {}) {
    return Releases{*store_, filter_->bayes(), folder_ + "/spool"}.release(id, options);
  }
  double percent(const std::string& octets) {
    filter_->bayes().flush();
    const auto parsed = message::parse(octets);
    return filter_->bayes().probability(MailView{parsed});
  }
};

TEST_F(ReleaseTest, AReleasedMessageIsTheOneThatCameWithItsHeaders) {
  start();
  send(text("200 offer"));
  ASSERT_THAT(quarantine(), SizeIs(1));
  ASSERT_TRUE(release(quarantine()[0].id).ok());
  const auto mails = folder(anna_);
  ASSERT_THAT(mails, SizeIs(1));
  EXPECT_THAT(mails[0], HasSubstr("Return-Path: <bounce@other.example>\r\nX-VPOP3-RCPTTYPE: D\r\n"));
  EXPECT_THAT(mails[0], HasSubstr("\r\nX-VPOP3-Spam: 200\r\n"));
  EXPECT_THAT(mails[0], HasSubstr("\r\n\r\nbuy cheap pills\r\n"));
  EXPECT_THAT(quarantine(), IsEmpty());
}

TEST_F(ReleaseTest, Case11_29_AddingTheSenderToTheWhitelistReleasesAllOfItsMessagesToTheirRecipients) {
  start();
  send(text("200 a"), {"anna@corp.example"});
  send(text("300 b"), {"bert@corp.example"});
  send(text("400 c", "JOE@Other.example"), {"anna@corp.example", "carl@corp.example"});
  send(text("500 d", "other@other.example"), {"anna@corp.example"});
  ASSERT_THAT(quarantine(), SizeIs(5));
  const auto released = add_to_whitelist(*store_, "joe@other.example", "admin", Added::by_hand);
  ASSERT_TRUE(released.ok());
  EXPECT_EQ(*released, 4);
  EXPECT_THAT(folder(anna_), SizeIs(2));
  EXPECT_THAT(folder(bert_), SizeIs(1));
  EXPECT_THAT(folder(carl_), SizeIs(1));
  ASSERT_THAT(quarantine(), SizeIs(1));
  EXPECT_EQ(quarantine()[0].sender, "other@other.example");
  EXPECT_TRUE(*store_->spam_filter().find_address(store::AddressList::white, "joe@other.example"));
}

TEST_F(ReleaseTest, Case11_29_SoDoesAReleaseWithTheWhitelist) {
  start();
  for (const char* subject : {"200 a", "300 b", "400 c"}) send(text(subject));
  const auto released = release(quarantine()[1].id, {.whitelist = true, .by = "anna"});
  ASSERT_TRUE(released.ok());
  EXPECT_EQ(released->others, 2);
  EXPECT_THAT(released->undone, IsEmpty());
  EXPECT_THAT(folder(anna_), SizeIs(3));
  EXPECT_THAT(quarantine(), IsEmpty());
  EXPECT_TRUE(*store_->spam_filter().find_address(store::AddressList::white, "joe@other.example"));
}

TEST_F(ReleaseTest, ASenderThatWouldBeAPatternIsNotListedAndReleasesNobodyElsesMail) {
  start();
  send(text("200 other", "b@x.example"), {"bert@corp.example"});
  for (const char* from : {"x <*@*>", "</.*@.*/i>", "\"a b\"@x.example", "nobody", "a?@x.example", "/a/@x.example"}) {
    SCOPED_TRACE(from);
    send(text("100 trap", from), {"anna@corp.example"}, "");
    const auto released = release(quarantine(anna_).at(0).id, {.whitelist = true, .by = "anna"});
    ASSERT_TRUE(released.ok());
    EXPECT_EQ(released->others, 0);
    EXPECT_THAT(released->undone, ElementsAre(HasSubstr("not in the whitelist: ")));
  }
  EXPECT_THAT(folder(anna_), SizeIs(6));
  EXPECT_THAT(folder(bert_), IsEmpty());
  EXPECT_THAT(*store::SpamLists{store_->database()}.addresses(store::AddressList::white), IsEmpty());
}

TEST_F(ReleaseTest, AWhitelistThatCannotBeWrittenIsSaidOfAMessageThatIsReleased) {
  start();
  send(text("200 a"));
  database_does("ALTER TABLE spamfilter.whitelist RENAME TO away");
  const auto released = release(quarantine()[0].id, {.whitelist = true, .by = "anna"});
  ASSERT_TRUE(released.ok());
  EXPECT_THAT(released->undone, ElementsAre(HasSubstr("not in the whitelist: ")));
  EXPECT_THAT(folder(anna_), SizeIs(1));
}

TEST_F(ReleaseTest, PatternsReleaseWhomTheyName) {
  start();
  for (const char* from : {"a@x.example", "b@x.example", "a@y.example", "c@z.example"})
    send(text("200", from), {"anna@corp.example"}, "");
  EXPECT_EQ(*add_to_whitelist(*store_, "*@X.example", "admin", Added::by_hand), 2);
  EXPECT_EQ(*add_to_whitelist(*store_, "/^a@Y/i", "admin", Added::by_hand), 1);
  EXPECT_EQ(*add_to_whitelist(*store_, "/(/", "admin", Added::by_hand), 0) << "an expression that is none";
  EXPECT_THAT(quarantine(), SizeIs(1));
}

TEST_F(ReleaseTest, Case11_37_TrainingUnlearnsTheWordsAsSpamAndLearnsThemAsHam) {
  start();
  for (int i = 0; i < 3; ++i) {
    const auto ham = "Subject: minutes\r\nDate: " + std::to_string(i) + "\r\n\r\nbudget meeting agenda\r\n";
    const auto parsed = message::parse(ham);
    filter_->bayes().learn(MailView{parsed}, ruleinterp::Verdict::ham);
  }
  script("${Score} = 200\nAddBayesSpam\n");
  start();
  send(text("pills"));
  filter_->bayes().flush();
  EXPECT_EQ(store_->spam_filter().bayes_size()->spam, 1);
  ASSERT_TRUE(release(quarantine()[0].id, {.train = true, .by = "anna"}).ok());
  filter_->bayes().flush();
  EXPECT_EQ(store_->spam_filter().bayes_size()->spam, 0);
  EXPECT_EQ(store_->spam_filter().bayes_size()->ham, 4);
}

TEST_F(ReleaseTest, ReleasedTwiceAtOnceItIsDeliveredAndLearnedOnce) {
  start();
  send(text("200"));
  const auto id = quarantine()[0].id;
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      if (release(id, {.train = true, .by = "anna"})) ++done;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, 1);
  EXPECT_THAT(folder(anna_), SizeIs(1));
  filter_->bayes().flush();
  EXPECT_EQ(store_->spam_filter().bayes_size()->ham, 1);
}

TEST_F(ReleaseTest, AMessageOf20MbIsReleasedAndLearned) {
  start();
  std::string big = text("200 big");
  while (big.size() < 20'000'000) big += "a line of a long message that nobody wants to read to its end\r\n";
  send(big);
  ASSERT_THAT(quarantine(), SizeIs(1));
  EXPECT_GT(quarantine()[0].size.count, 20'000'000);
  ASSERT_TRUE(release(quarantine()[0].id, {.train = true, .by = "anna"}).ok());
  const auto mails = folder(anna_);
  ASSERT_THAT(mails, SizeIs(1));
  EXPECT_GT(mails[0].size(), 20'000'000U);
}

TEST_F(ReleaseTest, WithoutASenderNothingGoesIntoTheWhitelistAndTheMessageStays) {
  script("${Score} = 200\n");
  start();
  send("\r\nx\r\n", {"anna@corp.example"}, "");
  EXPECT_EQ(release(quarantine()[0].id, {.whitelist = true}).error().kind, Kind::bad_input);
  ASSERT_THAT(quarantine(), SizeIs(1));
  EXPECT_TRUE(release(quarantine()[0].id).ok());
  EXPECT_EQ(release(QuarantineId{12345}).error().kind, Kind::not_found);
}

}  // namespace
}  // namespace pennypost::filter
