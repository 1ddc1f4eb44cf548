#include "server/delivery/pipeline.h"

#include <filesystem>
#include <random>

#include <gmock/gmock.h>

#include "server/base/clock.h"
#include "server/base/test_folder.h"
#include "server/message/header.h"
#include "server/message/structure.h"
#include "server/message/summary.h"
#include "server/store/test_cluster.h"
#include "server/store/test_mailbox.h"

namespace pennypost::delivery {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kHost = "mail.corp.example";
const std::string kText =
    "From: x@other.example\r\nSubject: hello\r\nMessage-ID: <1@other.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 "
    "+0000\r\n\r\ntext\r\n";

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() : store_{store::TestCluster::instance().store()} {
    pipeline_.emplace(*store_, folder_ + "/spool");
    EXPECT_TRUE(store_->directory().add_domain("corp.example").ok());
    anna_ = account("anna", {"anna@corp.example", "sales@corp.example"});
    bert_ = account("bert", {});
  }

  AccountId account(const std::string& name, std::vector<std::string> addresses, bool admin = false) {
    const auto made = store_->accounts().create({.name = name, .is_admin = admin, .addresses = std::move(addresses)});
    EXPECT_TRUE(made.ok());
    return made->id;
  }
  Mail mail(std::vector<std::string> to, const std::string& text = kText) {
    Mail m;
    m.client.address = "198.51.100.7";
    m.client.server_address = "192.0.2.1";
    m.client.hello = "pc20";
    m.client.extended = true;
    m.envelope.return_path = "x@other.example";
    for (auto& address : to) m.envelope.recipients.push_back({std::move(address), {}, {}});
    m.content = Content::of(text);
    return m;
  }
  std::vector<std::string> inbox(AccountId id, const std::string& name = "INBOX") {
    EXPECT_TRUE(store_->folders().find(id, name).ok());
    return store::messages_in(*store_, id, name);
  }
  std::vector<std::string> trace(const std::string& id) {
    std::vector<std::string> out;
    const auto found = store_->trace().find(id);
    if (!found.ok()) return out;
    for (const auto& record : *found)
      for (const auto& line : record.lines) out.push_back(line.stage + " " + line.verdict);
    return out;
  }

  std::unique_ptr<store::Store> store_;
  TestFolder test_folder_;
  const std::string folder_ = test_folder_.path();
  std::optional<Pipeline> pipeline_;
  AccountId anna_{};
  AccountId bert_{};
};

TEST_F(PipelineTest, TheStagesStandInTheOrderOfTheSpec) {
  EXPECT_THAT(pipeline_->stage_names(), ElementsAre("limits", "headers", "routing"));
}

TEST_F(PipelineTest, OneUserGetsOneCopyWithEveryWayThatLedThere) {  // spec 60 section 20, case R15
  const auto outcome = pipeline_->accept(mail({"anna@corp.example", "SALES@corp.example", "bert@corp.example"}), kHost);
  EXPECT_EQ(outcome.reply.line(), "250 2.0.0 Message accepted for delivery");
  const auto mails = inbox(anna_);
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_THAT(
      mails[0],
      StartsWith("Return-Path: <x@other.example>\r\nX-VPOP3-RCPTTYPE: D\r\n"
                 "X-VPOP3-ORIGRCPT: anna@corp.example\r\nX-VPOP3-ORIGRCPT: SALES@corp.example\r\n"
                 "Received: from pc20 ([198.51.100.7]) by mail.corp.example ([192.0.2.1] running VPOP3) with ESMTP; "));
  EXPECT_THAT(mails[0], EndsWith("\r\n" + kText));
  EXPECT_EQ(inbox(bert_).size(), 1U);
}

/// A stage of a test: finds a rule, then answers what it was told to.
class Finds final : public Stage {
 public:
  explicit Finds(Verdict verdict) : Stage{"spam rules"}, verdict_{std::move(verdict)} {}
  Verdict judge(const Arrival& /*mail*/, Edits& edits) const override {
    edits.found({{"r", "/a+/", "aaa", 50}}, true);
    return verdict_;
  }

 private:
  const Verdict verdict_;
};

class HistoryTest : public PipelineTest {
 protected:
  HistoryTest() { EXPECT_TRUE(store_->settings().set("HistoricalLogging", "1").ok()); }
  void judged_by(Verdict verdict) {
    Judges judges;
    judges.content.push_back(std::make_unique<Finds>(std::move(verdict)));
    pipeline_.emplace(*store_, folder_ + "/spool", std::move(judges));
  }
  std::vector<store::LoggedMessage> logged() {
    EXPECT_TRUE(store_->log_db().settle(Seconds{20}));
    auto found = store_->log_db().find({});
    EXPECT_TRUE(found.ok());
    return found ? *std::move(found) : std::vector<store::LoggedMessage>{};
  }
  static std::vector<std::string> recipients(const store::LoggedMessage& m) {
    std::vector<std::string> out;
    for (const auto& one : m.message.recipients)
      out.push_back(std::string{static_cast<char>(one.type)} + " " + one.address + ": " + one.result);
    return out;
  }
};

TEST_F(HistoryTest, OffLeavesNoRows) {  // spec 60 section 20, case G3
  EXPECT_TRUE(store_->settings().set("HistoricalLogging", "0").ok());
  EXPECT_TRUE(pipeline_->accept(mail({"anna@corp.example"}), kHost).is_taken());
  EXPECT_TRUE(logged().empty());
}

TEST_F(HistoryTest, ATakenMessageHasARowWithItsRecipientsRulesAndFiles) {  // spec 11 section 11
  judged_by(Pass{});
  auto m = mail({"anna@corp.example", "out@other.example"},
                "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
                "text\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n12345678\r\n--b--\r\n");
  m.client.history = std::make_shared<store::HistorySession>();
  m.client.account_name = "anna";
  m.envelope.refused.push_back({"nobody@corp.example", "550 5.1.1 no"});
  const auto outcome = pipeline_->accept(std::move(m), kHost);
  ASSERT_TRUE(outcome.is_taken());
  const auto rows = logged();
  ASSERT_EQ(rows.size(), 1U);
  const auto& row = rows[0].message;
  EXPECT_GT(rows[0].session_id, 0);
  EXPECT_EQ(row.subject,
            "Gr\xC3\xBC\xC3\x9F"
            "e");
  EXPECT_EQ(row.from, "x@other.example");
  EXPECT_EQ(row.auth_sender, "anna");
  EXPECT_GT(row.size, Octets{200});
  EXPECT_TRUE(row.spam);
  EXPECT_EQ(row.error, "");
  EXPECT_EQ(row.trace_id, outcome.trace_id);
  EXPECT_LT(now() - row.at, Seconds{60});
  EXPECT_THAT(recipients(rows[0]), ElementsAre("N anna@corp.example: delivered", "R out@other.example: queued",
                                               "I nobody@corp.example: 550 5.1.1 no"));
  ASSERT_EQ(row.rules.size(), 1U);
  EXPECT_EQ(row.rules[0].name + row.rules[0].pattern + row.rules[0].match, "r/a+/aaa");
  EXPECT_EQ(row.rules[0].score, 50);
  ASSERT_EQ(row.attachments.size(), 1U);
  EXPECT_EQ(row.attachments[0].name + " " + row.attachments[0].type, "a.pdf application/pdf");
  EXPECT_EQ(row.attachments[0].size, Octets{8});
}

TEST_F(HistoryTest, ARefusedMessageHasARowToo) {
  judged_by(Refuse{SmtpReply{552, {5, 7, 1}, "no spam"}, "score 120"});
  EXPECT_FALSE(pipeline_->accept(mail({"anna@corp.example", "out@other.example"}), kHost).is_taken());
  const auto rows = logged();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].message.error, "552 5.7.1 no spam (spam rules: score 120)");
  EXPECT_TRUE(rows[0].message.spam);
  EXPECT_EQ(rows[0].message.subject, "hello");
  EXPECT_EQ(rows[0].session_id, 0) << "no session was told of";
  EXPECT_EQ(rows[0].message.rules.size(), 1U);
  EXPECT_THAT(recipients(rows[0]),
              ElementsAre("N anna@corp.example: 552 5.7.1 no spam", "R out@other.example: 552 5.7.1 no spam"));
}

TEST_F(HistoryTest, ADroppedAndAHeldMessageSayWhatBecameOfThem) {
  judged_by(Drop{"seen before"});
  EXPECT_TRUE(pipeline_->accept(mail({"anna@corp.example"}), kHost).is_taken());
  judged_by(Hold{"to be looked at"});
  EXPECT_TRUE(pipeline_->accept(mail({"anna@corp.example"}), kHost).is_taken());
  const auto rows = logged();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(recipients(rows[1]), ElementsAre("N anna@corp.example: dropped by spam rules"));
  EXPECT_EQ(rows[1].message.error, "(spam rules: seen before)");
  EXPECT_THAT(recipients(rows[0]), ElementsAre("N anna@corp.example: held"));
}

TEST_F(PipelineTest, TheTraceIsFoundByItsIdAndByTheMessageId) {
  const auto outcome = pipeline_->accept(mail({"anna@corp.example"}), kHost);
  const auto lines = std::vector<std::string>{"limits pass", "headers pass", "routing pass", "store pass"};
  EXPECT_EQ(trace(outcome.trace_id), lines);
  EXPECT_EQ(trace("<1@other.example>"), lines);
}

TEST_F(PipelineTest, WhatAStageRefusesIsNotStoredButTraced) {
  std::string text;
  for (int i = 0; i < 31; ++i) text += "Received: from a by b; Mon, 23 Nov 2026 10:00:00 +0000\r\n";
  const auto outcome = pipeline_->accept(mail({"anna@corp.example"}, text + kText), kHost);
  EXPECT_EQ(outcome.reply.line(), "554 5.4.6 Too many hops");
  EXPECT_TRUE(inbox(anna_).empty());
  EXPECT_THAT(trace(outcome.trace_id), ElementsAre("limits refuse"));
}

TEST_F(PipelineTest, LocalAndOutsideRecipientsShareOneBody) {
  auto m = mail({"anna@corp.example", "joe@other.example", "jim@other.example"});
  m.envelope.envelope_id = "QQ1";
  m.envelope.returns = Return::headers;
  m.envelope.recipients[1].notify = *Notify::from_text("success,failure");
  m.client.account = bert_;
  m.client.account_name = "bert";
  EXPECT_TRUE(pipeline_->accept(std::move(m), kHost).is_taken());
  EXPECT_EQ(inbox(anna_).size(), 1U);
  const auto queue = store_->queue().list({});
  ASSERT_TRUE(queue.ok());
  ASSERT_EQ(queue->size(), 1U);
  const auto& out = queue->front();
  EXPECT_EQ(out.return_path, "x@other.example");
  EXPECT_EQ(out.envelope_id, "QQ1");
  EXPECT_EQ(out.returned, store::ReturnOption::headers);
  EXPECT_EQ(out.subject, "hello");
  EXPECT_EQ(out.auth_sender, "bert");
  ASSERT_EQ(out.recipients.size(), 2U);
  EXPECT_EQ(out.recipients[0].notify, "SUCCESS,FAILURE");
}

TEST_F(PipelineTest, DateAndMessageIdAreAddedToWhatOurUsersSubmitAndToNothingElse) {  // RFC 6409 section 8
  const std::string bare = "Subject: bare\r\n\r\ntext\r\n";
  pipeline_->accept(mail({"anna@corp.example"}, bare), kHost);
  auto m = mail({"bert@corp.example"}, bare);
  m.client.account = anna_;
  m.client.account_name = "anna";
  pipeline_->accept(std::move(m), kHost);
  EXPECT_THAT(inbox(anna_).at(0), Not(HasSubstr("Message-ID:")));
  EXPECT_THAT(inbox(anna_).at(0), Not(HasSubstr("Date:")));
  const auto text = inbox(bert_).at(0);
  EXPECT_THAT(text, HasSubstr("\r\nX-Authenticated-Sender: anna\r\nDate: "));
  EXPECT_THAT(text, HasSubstr("\r\nMessage-ID: <"));
  EXPECT_THAT(text, EndsWith("@mail.corp.example>\r\nSubject: bare\r\n\r\ntext\r\n"));
}

TEST_F(PipelineTest, AddressesMeanWhatTheSpecSays) {  // spec 60 section 5.3
  account("carl", {"~@catch.example"}, true);
  ASSERT_TRUE(store_->directory().add_domain("catch.example").ok());
  struct Row {
    const char* address;
    Route::Kind kind;
  };
  using K = Route::Kind;
  const Row rows[] = {{"anna@corp.example", K::mailbox},
                      {"ANNA@CORP.EXAMPLE", K::mailbox},
                      {"bert@corp.example", K::mailbox},
                      {"bert", K::mailbox},
                      {"sales@corp.example", K::mailbox},
                      {"nobody@corp.example", K::unknown},
                      {"nobody", K::unknown},
                      {"joe@other.example", K::outside},
                      {"bert@other.example", K::outside},
                      {"no-one@corp.example", K::discard},
                      {"No-One", K::discard},
                      {"anything@catch.example", K::mailbox},
                      {"postmaster@corp.example", K::mailbox},
                      {"Postmaster", K::mailbox}};
  for (const auto& row : rows) {
    const auto route = pipeline_->router().route(row.address);
    ASSERT_TRUE(route.ok()) << row.address;
    EXPECT_EQ(static_cast<int>(route->kind), static_cast<int>(row.kind)) << row.address;
  }
}

TEST_F(PipelineTest, MailForNobodyIsTakenAndLeavesOnlyATrace) {
  const auto outcome = pipeline_->accept(mail({"no-one@corp.example"}), kHost);
  EXPECT_TRUE(outcome.is_taken());
  EXPECT_THAT(trace(outcome.trace_id), ElementsAre("limits pass", "headers pass", "routing pass", "store drop"));
}

TEST_F(PipelineTest, ARecipientThatIsGoneSinceRcptIsNotForgotten) {
  EXPECT_EQ(pipeline_->accept(mail({"gone@corp.example"}), kHost).reply.code, 550);
  const auto outcome = pipeline_->accept(mail({"gone@corp.example", "anna@corp.example"}), kHost);
  EXPECT_EQ(outcome.reply.code, 451);
  EXPECT_TRUE(inbox(anna_).empty());
}

TEST_F(PipelineTest, AnAccountMadeAnewGetsItsMailInItsNewInbox) {
  EXPECT_TRUE(pipeline_->accept(mail({"bert@corp.example"}), kHost).is_taken());
  ASSERT_TRUE(store_->accounts().remove(bert_).ok());
  EXPECT_EQ(pipeline_->accept(mail({"bert@corp.example"}), kHost).reply.code, 550);
  bert_ = account("bert", {});
  EXPECT_TRUE(pipeline_->accept(mail({"bert@corp.example"}), kHost).is_taken());
  EXPECT_EQ(inbox(bert_).size(), 1U);
}

TEST_F(PipelineTest, WhatIsStoredOfAMessageFitsItsOctetsWhateverWasAddedAboveIt) {
  const std::string parts =
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: "
      "message/rfc822\r\n\r\nSubject: in\r\n\r\ntwo\r\n--b--\r\n";
  const std::string texts[] = {kText,
                               parts,
                               "",
                               "\r\n",
                               "\r\nonly text\r\n",
                               "no header at all\r\n",
                               " begins with a fold\r\nSubject: x\r\n\r\ny\r\n",
                               "Subject: no end",
                               "Subject: x\r\n",
                               ": \r\n\r\n",
                               "From x Mon\r\nSubject: mbox\r\n\r\ntext\r\n"};
  std::int64_t uid = 0;
  for (const auto& text : texts) {
    SCOPED_TRACE(testing::PrintToString(text));
    auto m = mail({"anna@corp.example"}, text);
    m.client.account = bert_;
    m.client.account_name = "bert";
    ASSERT_TRUE(pipeline_->accept(std::move(m), kHost).is_taken());
    ++uid;
    const auto found = store_->folders().find(anna_, "INBOX");
    const Uid uids[] = {Uid{static_cast<std::uint32_t>(uid)}};
    bool seen = false;
    ASSERT_TRUE(store_->messages()
                    .fetch(found->id, uids,
                           store::Columns::envelope | store::Columns::bodystructure | store::Columns::parts |
                               store::Columns::header,
                           [&](const store::Fetched& f) {
                             const auto body = store_->messages().body_text(f.body, 0_B, 1_MiB);
                             EXPECT_TRUE(body.ok());
                             const auto again = message::parse(*body);
                             EXPECT_EQ(f.parts, message::encode_parts(again));
                             EXPECT_EQ(f.envelope, message::envelope(again));
                             EXPECT_EQ(f.bodystructure, message::bodystructure(again));
                             EXPECT_THAT(*body, EndsWith(text));
                             EXPECT_EQ(message::find_field(again.header(), "Received").has_value(), true);
                             EXPECT_THAT(
                                 std::string{again.body()},
                                 EndsWith(text.substr(std::min(text.size(), text.find("\r\n\r\n") == std::string::npos
                                                                                ? text.size()
                                                                                : text.find("\r\n\r\n") + 4))));
                             seen = true;
                             return true;
                           })
                    .ok());
    EXPECT_TRUE(seen);
  }
}

TEST_F(PipelineTest, MailMadeHereHasANullReturnPathAndNoReceivedField) {
  const std::vector<std::string> to{"anna@corp.example", "gone@corp.example"};
  ASSERT_TRUE(pipeline_->submit_generated("", to, kText).ok());
  ASSERT_EQ(inbox(anna_).size(), 1U);
  EXPECT_THAT(inbox(anna_)[0], StartsWith("Return-Path: <>\r\n"));
  EXPECT_THAT(inbox(anna_)[0], Not(HasSubstr("Received:")));
  const std::vector<std::string> nobody{"gone@corp.example"};
  EXPECT_TRUE(pipeline_->submit_generated("", nobody, kText).ok())
      << "a bounce that nobody can get is dropped, not bounced";
}

TEST_F(PipelineTest, WhoAsksForSuccessIsToldAndNobodyElse) {  // RFC 3461 section 6.2.3
  auto m = mail({"anna@corp.example", "bert@corp.example", "sales@corp.example"});
  m.envelope.return_path = "bert@corp.example";
  m.envelope.envelope_id = "QQ7";
  m.envelope.recipients[0].notify = *Notify::from_text("SUCCESS");
  m.envelope.recipients[0].original = "rfc822;anna@old.example";
  m.envelope.recipients[1].notify = *Notify::from_text("NEVER");
  ASSERT_TRUE(pipeline_->accept(std::move(m), kHost).is_taken());
  const auto mails = inbox(bert_);
  ASSERT_EQ(mails.size(), 2U);
  const auto& report = mails[0].starts_with("Return-Path: <>") ? mails[0] : mails[1];
  EXPECT_THAT(report, StartsWith("Return-Path: <>\r\nX-VPOP3-RCPTTYPE: E\r\nX-VPOP3-ORIGRCPT: bert@corp.example\r\n"));
  EXPECT_THAT(report, HasSubstr("Original-Envelope-Id: QQ7\r\n"));
  EXPECT_THAT(report, HasSubstr("Original-Recipient: rfc822;anna@old.example\r\n"));
  EXPECT_THAT(report, HasSubstr("Action: delivered\r\n"));
  EXPECT_THAT(report, HasSubstr("Status: 2.1.5\r\n"));
  EXPECT_THAT(report, Not(HasSubstr("sales@corp.example")));
  EXPECT_EQ(inbox(anna_).size(), 1U);

  auto far = mail({"anna@corp.example"});
  far.envelope.recipients[0].notify = *Notify::from_text("SUCCESS");
  ASSERT_TRUE(pipeline_->accept(std::move(far), kHost).is_taken());
  const auto queue = store_->queue().list({});
  ASSERT_TRUE(queue.ok());
  ASSERT_EQ(queue->size(), 1U);
  EXPECT_EQ(queue->front().return_path, "");
  EXPECT_EQ(queue->front().recipients.at(0).address, "x@other.example");

  auto nobody = mail({"anna@corp.example"});
  nobody.envelope.return_path.clear();
  nobody.envelope.recipients[0].notify = *Notify::from_text("SUCCESS");
  ASSERT_TRUE(pipeline_->accept(std::move(nobody), kHost).is_taken());
  EXPECT_EQ(store_->queue().list({})->size(), 1U);
}

TEST_F(PipelineTest, AppendStoresTheOctetsAsTheyAreAndAllOrNone) {
  const auto drafts = store_->folders().find(anna_, "Drafts");
  ASSERT_TRUE(drafts.ok());
  std::vector<Append> two(2);
  for (auto& one : two) {
    one.folder = drafts->id;
    one.flags = store::Flag::draft | store::Flag::seen;
    one.internal_date = Timestamp{Seconds{1'700'000'000}};
    one.content = Content::of(kText);
  }
  const auto stored = pipeline_->append(two);
  ASSERT_TRUE(stored.ok());
  ASSERT_EQ(stored->size(), 2U);
  EXPECT_THAT(inbox(anna_, "Drafts"), ElementsAre(kText, kText));
  for (auto& one : two) one.content = Content::of(kText);
  two[1].folder = FolderId{999'999};
  EXPECT_FALSE(pipeline_->append(two).ok());
  EXPECT_EQ(inbox(anna_, "Drafts").size(), 2U);
}

TEST(Notify, PrintsWhatItReads) {
  for (const auto* text : {"NEVER", "SUCCESS", "FAILURE,DELAY", "SUCCESS,FAILURE,DELAY"})
    EXPECT_EQ(Notify::from_text(text)->text(), text);
  for (const auto* text : {"", "NEVER,FAILURE", "FAILURE,FAILURE", "SOMETIMES", "FAILURE,"})
    EXPECT_FALSE(Notify::from_text(text)) << text;
}

}  // namespace
}  // namespace pennypost::delivery
