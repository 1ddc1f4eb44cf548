// What the tests of the quarantine share: a filter with a script of their own in a pipeline, accounts anna and bert.
#pragma once
#include <filesystem>
#include <fstream>
#include <optional>

#include <gmock/gmock.h>

#include "server/delivery/pipeline.h"
#include "server/filter/filter.h"
#include "server/store/connection.h"
#include "server/store/database.h"
#include "server/store/test_cluster.h"

namespace pennypost::filter {

class QuarantineFixture : public testing::Test {
 protected:
  QuarantineFixture() : store_{store::TestCluster::instance().store()} {
    std::string name = testing::TempDir() + "/quarantine.XXXXXX";
    folder_ = ::mkdtemp(name.data());
    EXPECT_TRUE(store_->directory().add_domain("corp.example").ok());
    set("SpamFilter", "1");
    anna_ = account("anna");
    bert_ = account("bert");
    carl_ = account("carl");
    script("IfMatch Subject \"/(-?[0-9]+)/\"\n${Score} = ${1} [number]\nEndIf\nAddHeader \"X-VPOP3-Spam: ${Score}\"\n");
  }
  ~QuarantineFixture() override {
    pipeline_.reset();
    filter_.reset();
    std::filesystem::remove_all(folder_);
  }

  AccountId account(const std::string& name) {
    const auto made = store_->accounts().create({.name = name, .addresses = {name + "@corp.example"}});
    EXPECT_TRUE(made.ok());
    return made->id;
  }
  void set(const std::string& key, const std::string& value) {
    EXPECT_TRUE(store_->settings().set(key, value).ok());
    EXPECT_TRUE(store_->settings().reload().ok());
  }
  /// What an administrator, or an accident, does to the database behind the server's back.
  void database_does(const char* statement) {
    auto lease = store_->database().lease();
    ASSERT_TRUE(lease.ok());
    const auto done = (*lease)->execute(statement);
    ASSERT_TRUE(done.ok()) << done.error().for_log;
  }
  void script(const std::string& text) {
    std::filesystem::create_directories(folder_ + "/rules");
    std::ofstream{folder_ + "/rules/spamrules.txt", std::ios::binary} << text;
  }
  void start() {
    filter_.emplace(*store_, nullptr, folder_ + "/rules");
    pipeline_.emplace(*store_, folder_ + "/spool", filter_->judges());
    filter_->send_with([this](const std::string& to, const std::string& octets) {
      return pipeline_->submit_generated("", std::array{to}, octets);
    });
  }
  /// A message whose subject begins with its score.
  static std::string text(const std::string& subject, const std::string& from = "Joe <joe@other.example>") {
    return "From: " + from + "\r\nTo: anna@corp.example\r\nSubject: " + subject +
           "\r\nMessage-ID: <1@other.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nbuy cheap pills\r\n";
  }
  delivery::Outcome send(const std::string& octets, std::vector<std::string> to = {"anna@corp.example"},
                         const std::string& return_path = "bounce@other.example") {
    delivery::Mail m;
    m.client.address = "198.51.100.7";
    m.client.hello = "mx.other.example";
    m.envelope.return_path = return_path;
    for (auto& address : to) m.envelope.recipients.push_back({std::move(address), {}, {}});
    m.content = delivery::Content::of(octets);
    return pipeline_->accept(std::move(m), "mail.corp.example");
  }
  std::vector<std::string> folder(AccountId id, const std::string& name = "INBOX") {
    std::vector<std::string> out;
    const auto found = store_->folders().find(id, name);
    if (!found.ok()) return out;
    std::vector<Uid> uids;
    for (std::uint32_t u = 1; u < number(found->uid_next); ++u) uids.push_back(Uid{u});
    EXPECT_TRUE(store_->messages()
                    .fetch_octets(found->id, uids,
                                  [&](const store::Piece& piece) {
                                    if (piece.offset.count == 0) out.emplace_back();
                                    out.back() += piece.octets;
                                    return true;
                                  })
                    .ok());
    return out;
  }
  std::vector<store::Quarantined> quarantine(std::optional<AccountId> owner = std::nullopt) {
    store::QuarantineFilter filter;
    filter.account = owner;
    filter.with_hidden = true;
    auto found = store_->quarantine().list(filter);
    EXPECT_TRUE(found.ok());
    return found.ok() ? *std::move(found) : std::vector<store::Quarantined>{};
  }
  /// What stage `stage` wrote into the trace.
  std::string why(const std::string& trace_id, const std::string& stage = "quarantine") {
    const auto found = store_->trace().find(trace_id);
    if (!found.ok()) return "error";
    for (const auto& record : *found)
      for (const auto& line : record.lines)
        if (line.stage == stage) return line.verdict + ": " + line.reason;
    return "no line";
  }

  std::unique_ptr<store::Store> store_;
  std::string folder_;
  std::optional<Filter> filter_;
  std::optional<delivery::Pipeline> pipeline_;
  AccountId anna_{};
  AccountId bert_{};
  AccountId carl_{};
};

}  // namespace pennypost::filter
