// What the tests of the quarantine share: a filter with a script of their own in a pipeline, accounts anna and bert.
#pragma once
#include "server/filter/filter_test_support.h"
#include "server/store/connection.h"
#include "server/store/database.h"

namespace pennypost::filter {

class QuarantineFixture : public FilterFixture {
 protected:
  QuarantineFixture() {
    script("IfMatch Subject \"/(-?[0-9]+)/\"\n${Score} = ${1} [number]\nEndIf\nAddHeader \"X-VPOP3-Spam: ${Score}\"\n");
  }

  AccountId account(const std::string& name) { return FilterFixture::account(name, {name + "@corp.example"}); }
  /// What an administrator, or an accident, does to the database behind the server's back.
  void database_does(const char* statement) {
    auto lease = store_->database().lease();
    ASSERT_TRUE(lease.ok());
    const auto done = (*lease)->execute(statement);
    ASSERT_TRUE(done.ok()) << done.error().for_log;
  }
  /// A message whose subject begins with its score.
  static std::string text(const std::string& subject, const std::string& from = "Joe <joe@other.example>") {
    return "From: " + from + "\r\nTo: anna@corp.example\r\nSubject: " + subject +
           "\r\nMessage-ID: <1@other.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nbuy cheap pills\r\n";
  }
  delivery::Outcome send(const std::string& octets, std::vector<std::string> to = {"anna@corp.example"},
                         const std::string& return_path = "bounce@other.example") {
    return accept(mail(octets, std::move(to), return_path));
  }
  std::vector<store::Quarantined> quarantine(std::optional<AccountId> owner = std::nullopt) {
    store::QuarantineFilter filter;
    filter.account = owner;
    filter.with_hidden = true;
    auto found = store_->quarantine().list(filter);
    EXPECT_TRUE(found.ok());
    return found.ok() ? *std::move(found) : std::vector<store::Quarantined>{};
  }
  std::string why(const std::string& trace_id, const std::string& stage = "quarantine") {
    return FilterFixture::why(trace_id, stage);
  }

  const AccountId anna_ = account("anna");
  const AccountId bert_ = account("bert");
  const AccountId carl_ = account("carl");
};

}  // namespace pennypost::filter
