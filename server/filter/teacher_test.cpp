// What users do with their mail, as lessons: on a real database, through the one way into folders.
#include "server/filter/teacher.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "server/base/limits.h"
#include "server/base/test_folder.h"
#include "server/delivery/pipeline.h"
#include "server/filter/mail_view.h"
#include "server/filter/tokens.h"
#include "server/store/test_cluster.h"

namespace pennypost::filter {
namespace {

using ruleinterp::Verdict;

TEST(TaughtBy, FoldersAndKeywordsSayWhatItIs) {
  const auto folder = [](std::string name, store::SpecialUse use = store::SpecialUse::none) {
    store::Folder made;
    made.name = std::move(name);
    made.special_use = use;
    return made;
  };
  const auto inbox = folder("INBOX"), work = folder("Work"), junk = folder("Unwanted", store::SpecialUse::junk),
             by_name = folder("spam"), trash = folder("Bin", store::SpecialUse::trash), trash_name = folder("trash"),
             sent = folder("Junk", store::SpecialUse::sent);
  struct Row {
    const char* what;
    const store::Folder* from;
    const store::Folder& to;
    std::vector<std::string> keywords;
    std::optional<Verdict> expected;
  };
  for (const auto& row :
       {Row{"into junk", &inbox, junk, {}, Verdict::spam}, Row{"a folder named so", &inbox, by_name, {}, Verdict::spam},
        Row{"from outside into junk", nullptr, junk, {}, Verdict::spam},
        Row{"out of junk", &junk, work, {}, Verdict::ham},
        Row{"out of a folder named so", &by_name, inbox, {}, Verdict::ham},
        Row{"deleted out of junk", &junk, trash, {}, std::nullopt},
        Row{"deleted, by name", &junk, trash_name, {}, std::nullopt},
        Row{"within junk", &junk, by_name, {}, std::nullopt}, Row{"elsewhere", &inbox, work, {}, std::nullopt},
        Row{"from outside", nullptr, inbox, {}, std::nullopt},
        Row{"a use counts more than a name", &inbox, sent, {}, std::nullopt},
        Row{"marked", nullptr, inbox, {"x", "$junk"}, Verdict::spam},
        Row{"marked the other way", nullptr, inbox, {"NonJunk"}, Verdict::ham},
        Row{"marked in junk", nullptr, junk, {"$NotJunk"}, Verdict::ham},
        Row{"both marks", nullptr, inbox, {"Junk", "NonJunk"}, std::nullopt},
        Row{"another mark", nullptr, junk, {"$Forwarded"}, std::nullopt}})
    EXPECT_EQ(taught_by(row.keywords, row.to, row.from), row.expected) << row.what;
}

class TeacherTest : public testing::Test {
 protected:
  TeacherTest() : store_{store::TestCluster::instance().store()}, bayes_{*store_}, teacher_{*store_, bayes_} {
    pipeline_.emplace(*store_, spool_.path());
    set("SpamFilter", "1");
    const auto made = store_->accounts().create({.name = "anna"});
    EXPECT_TRUE(made.ok());
    anna_ = made->id;
    inbox_ = store_->folders().find(anna_, "INBOX")->id;
    const auto junk = store_->folders().create(anna_, "Spamkiste", store::SpecialUse::junk);
    EXPECT_TRUE(junk.ok());
    junk_ = junk->id;
  }

  void set(const char* name, const char* value) {
    EXPECT_TRUE(store_->settings().set(name, value).ok());
    EXPECT_TRUE(store_->settings().reload().ok());
  }
  std::vector<Uid> put(FolderId folder, const std::string& octets) {
    delivery::Append append;
    append.folder = folder;
    append.content = delivery::Content::of(octets);
    const auto done = pipeline_->append(std::span{&append, 1});
    EXPECT_TRUE(done.ok());
    return {done->at(0).uid};
  }
  std::vector<Uid> move(FolderId from, const std::vector<Uid>& uids, FolderId to) {
    const auto done = store_->messages().move(from, store::UidSet{uids}, to);
    EXPECT_TRUE(done.ok());
    std::vector<Uid> out;
    for (const auto& [source, target] : done->uids) out.push_back(target);
    return out;
  }
  std::string learned() {
    teacher_.finish();
    bayes_.flush();
    const auto size = store_->spam_filter().bayes_size();
    return std::to_string(size->ham) + " ham, " + std::to_string(size->spam) + " spam";
  }

  std::unique_ptr<store::Store> store_;
  StoreBayes bayes_;
  Teacher teacher_;
  TestFolder spool_;
  std::optional<delivery::Pipeline> pipeline_;
  AccountId anna_{};
  FolderId inbox_{}, junk_{};
};

const std::string kMail = "From: joe@other.example\r\nSubject: pills\r\n\r\ncheap pills\r\n";

TEST_F(TeacherTest, IntoJunkIsSpamAndOutOfItIsHamAndEachCountsOnce) {
  auto uids = put(inbox_, kMail);
  uids = move(inbox_, uids, junk_);
  teacher_.tell({junk_, inbox_, uids, {}});
  teacher_.tell({junk_, std::nullopt, uids, {"$Junk"}});  // what a mail program does beside the move
  EXPECT_EQ(learned(), "0 ham, 1 spam");
  uids = move(junk_, uids, inbox_);
  teacher_.tell({inbox_, junk_, uids, {}});
  EXPECT_EQ(learned(), "1 ham, 0 spam");
}

TEST_F(TeacherTest, WhatTheFilterLearnedAtDeliveryIsUnlearned) {
  const auto parsed = message::parse(kMail);
  bayes_.learn(MailView{parsed}, Verdict::ham);
  const auto uids =
      put(junk_,
          "Return-Path: <joe@other.example>\r\nReceived: from x ([192.0.2.1]) by y ([192.0.2.2] running VPOP3) "
          "with SMTP; now\r\n" +
              kMail);
  teacher_.tell({junk_, inbox_, uids, {}});
  EXPECT_EQ(learned(), "0 ham, 1 spam");
  const auto known = store_->spam_filter().tokens(tokens_of(MailView{parsed}));
  ASSERT_TRUE(known.ok());
  EXPECT_FALSE(known->tokens.empty());
  for (const auto& token : known->tokens) {
    EXPECT_EQ(token.ham, 0);
    EXPECT_EQ(token.spam, 1);
  }
}

TEST_F(TeacherTest, OnlyWhileFilterAndSettingAreOn) {
  const auto uids = put(junk_, kMail);
  set("LearnFromMoves", "0");
  teacher_.tell({junk_, inbox_, uids, {}});
  EXPECT_EQ(learned(), "0 ham, 0 spam");
  set("LearnFromMoves", "1");
  set("SpamFilter", "0");
  teacher_.tell({junk_, inbox_, uids, {}});
  EXPECT_EQ(learned(), "0 ham, 0 spam");
}

TEST_F(TeacherTest, WhatIsGoneIsPassedOver) {
  teacher_.tell({junk_, inbox_, {Uid{77}}, {}});
  teacher_.tell({FolderId{999'999}, inbox_, {Uid{1}}, {}});
  teacher_.tell({junk_, FolderId{999'999}, {Uid{1}}, {}});
  const auto uids = put(junk_, kMail);
  teacher_.tell({junk_, inbox_, uids, {}});
  EXPECT_EQ(learned(), "0 ham, 1 spam");
}

TEST_F(TeacherTest, MoreThanTheLimitIsDroppedAndTheRestIsLearned) {
  auto uids = put(junk_, kMail);
  for (std::uint32_t i = 1000; i < 1000U + static_cast<std::uint32_t>(kTeachWaiting.most); ++i) uids.push_back(Uid{i});
  for (int i = 0; i < 3; ++i) teacher_.tell({junk_, inbox_, uids, {}});
  EXPECT_EQ(learned(), "0 ham, 1 spam");
}

}  // namespace
}  // namespace pennypost::filter
