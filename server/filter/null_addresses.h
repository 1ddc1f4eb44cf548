// Addresses that only the spam rules know: their mail is judged and thrown away (AddNullAddress, spec 10 section 6.7).
#pragma once
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ruleinterp/program.h"
#include "server/base/text.h"

namespace pennypost::filter {

/// The constant ones of a program are known from the moment it is loaded, others from when their line has run; all are
/// forgotten when another program is loaded. Any thread.
class NullAddresses {
 public:
  /// A name without a domain counts in every local domain, an address as it stands, in any domain. No difference
  /// between A and a.
  bool contains(const std::shared_ptr<const ruleinterp::Program>& program, std::string_view address,
                bool is_local_domain);
  /// Those that a run of the program has met; at most kNullAddresses are kept.
  void met(const std::shared_ptr<const ruleinterp::Program>& program, const std::vector<std::string>& addresses);

 private:
  void renew(const std::shared_ptr<const ruleinterp::Program>& program);

  std::mutex mutex_;
  std::shared_ptr<const ruleinterp::Program> of_;
  std::set<std::string, WordLess> known_;
};

}  // namespace pennypost::filter
