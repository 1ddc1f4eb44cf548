// What the tests of the filter share: the stages of the filter in a pipeline, on a store and a folder of scripts of
// their own.
#pragma once
#include <filesystem>
#include <fstream>
#include <optional>

#include <gmock/gmock.h>

#include "server/base/test_folder.h"
#include "server/delivery/pipeline.h"
#include "server/filter/filter.h"
#include "server/store/test_cluster.h"
#include "server/store/test_mailbox.h"

namespace pennypost::filter {

class FilterFixture : public testing::Test {
 protected:
  FilterFixture() {
    EXPECT_TRUE(store_->directory().add_domain("corp.example").ok());
    set("SpamFilter", "1");
  }

  AccountId account(const std::string& name, std::vector<std::string> addresses) {
    const auto made = store_->accounts().create({.name = name, .addresses = std::move(addresses)});
    EXPECT_TRUE(made.ok());
    return made->id;
  }
  void set(const std::string& key, const std::string& value) {
    EXPECT_TRUE(store_->settings().set(key, value).ok());
    EXPECT_TRUE(store_->settings().reload().ok());
  }
  void script(const std::string& text, const std::string& name = "spamrules.txt") {
    std::filesystem::create_directories(folder_ + "/rules");
    std::ofstream{folder_ + "/rules/" + name, std::ios::binary} << text;
  }
  void start(dns::Resolver* resolver = nullptr) {
    filter_.emplace(*store_, resolver, folder_ + "/rules");
    pipeline_.emplace(*store_, folder_ + "/spool", filter_->judges());
    filter_->send_with([this](const std::string& to, const std::string& octets) {
      return pipeline_->submit_generated("", std::array{to}, octets);
    });
  }
  /// A message as a server outside brings it.
  static delivery::Mail mail(const std::string& octets, std::vector<std::string> to, const std::string& return_path) {
    delivery::Mail m;
    m.client.address = "198.51.100.7";
    m.client.hello = "mx.other.example";
    m.envelope.return_path = return_path;
    for (auto& address : to) m.envelope.recipients.push_back({std::move(address), {}, {}});
    m.content = delivery::Content::of(octets);
    return m;
  }
  delivery::Outcome accept(delivery::Mail m) { return pipeline_->accept(std::move(m), "mail.corp.example"); }
  std::vector<std::string> folder(AccountId id, const std::string& name = "INBOX") {
    return store::messages_in(*store_, id, name);
  }
  /// What stage `stage` wrote into the trace.
  std::string why(const std::string& trace_id, const std::string& stage) {
    const auto found = store_->trace().find(trace_id);
    if (!found.ok()) return "error";
    for (const auto& record : *found)
      for (const auto& line : record.lines)
        if (line.stage == stage) return line.verdict + ": " + line.reason;
    return "no line";
  }

  std::unique_ptr<store::Store> store_ = store::TestCluster::instance().store();
  TestFolder test_folder_;
  const std::string folder_ = test_folder_.path();
  std::optional<Filter> filter_;
  std::optional<delivery::Pipeline> pipeline_;
};

}  // namespace pennypost::filter
