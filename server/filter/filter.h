// The spam filter of the server: rule scripts as a stage of a message's way (spec 11 sections 8 to 11, 13).
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ruleinterp/outcome.h"
#include "server/base/smtp_text.h"
#include "server/delivery/pipeline.h"
#include "server/delivery/router.h"
#include "server/filter/bayes.h"
#include "server/filter/null_addresses.h"
#include "server/filter/rule_set.h"
#include "server/filter/services.h"
#include "server/filter/teacher.h"
#include "server/filter/web.h"
#include "server/filter/word_lists.h"

namespace pennypost::filter {

inline constexpr auto kFilterTimeoutText = smtp_text(450, {4, 3, 2}, "Content Filter Timeout", Mark::exact);

/// What the names of the events begin with that the spam filter log is made of (spec 11 section 11.3).
inline constexpr std::string_view kSpamLog = "filter.spam_log.";

/// One object a process; lives longer than the pipeline that holds its stage.
class Filter {
 public:
  /// `rules` is the folder of the scripts; the default rules are put there when it has none. `resolver` may be null:
  /// scripts then learn nothing from the DNS and fetch no pages.
  Filter(store::Store& store, dns::Resolver* resolver, std::filesystem::path rules);

  /// Sends a mail made here: of SendMessage, and to the administrator about scripts with errors. To be set before the
  /// first message; without it nothing is sent, with a line in the log.
  using Send = std::function<Result<void>(const std::string& recipient, const std::string& octets)>;
  void send_with(Send send) { send_ = std::move(send); }

  /// Reads rules and word lists when the filter is on, so that the first messages do not wait for it. To be called once
  /// mail can be sent.
  void prepare();

  /// Its stages for the pipeline's list.
  delivery::Judges judges();

  delivery::Verdict judge(const delivery::Arrival& mail, delivery::Edits& edits);
  RuleSet& rules() { return rules_; }
  StoreBayes& bayes() { return bayes_; }
  /// To be told of what users move and mark.
  Teacher& teacher() { return teacher_; }

 private:
  void mail_out(const std::string& recipient, std::string_view subject, std::string_view text);
  void tell_of_problems(const RuleSet::Report& report);
  bool is_null_address(std::string_view address, bool is_local_domain);
  bool is_for_null_addresses(const std::shared_ptr<const ruleinterp::Program>& program, const delivery::Arrival& mail);

  store::Store& store_;
  const delivery::Router router_;
  dns::Resolver* resolver_;
  std::unique_ptr<ResolverDns> dns_;
  std::unique_ptr<Web> web_;
  StoreLists lists_;
  WordLists words_;
  StoreDatabase database_;
  StoreBayes bayes_;
  StoreDirectory directory_;
  StoredChoices choices_;
  std::unique_ptr<GeoIpFile> geoip_;
  ruleinterp::Host host_;
  Send send_;
  RuleSet rules_;
  NullAddresses nulls_;
  Teacher teacher_;
};

/// The text of a Log line (spec 11 section 1.2): no line end of a script begins a line of the log, and it is cut at
/// kSpamLogText.
std::string one_line(std::string_view text);

}  // namespace pennypost::filter
