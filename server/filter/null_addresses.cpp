// Null addresses (see the header).
#include "server/filter/null_addresses.h"

#include "server/base/limits.h"
#include "server/base/log.h"

namespace pennypost::filter {
namespace {

constexpr LogEvent kTooMany{"filter.null_addresses", Level::warning,
                            "limit {limit} passed: AddNullAddress {address} has no effect"};

}  // namespace

void NullAddresses::renew(const std::shared_ptr<const ruleinterp::Program>& program) {
  if (of_ == program) return;
  of_ = program;
  known_.clear();
  for (const std::string& address : program->null_addresses)
    if (const auto clean = trim(address); !clean.empty()) known_.emplace(clean);
}

bool NullAddresses::contains(const std::shared_ptr<const ruleinterp::Program>& program, std::string_view address,
                             bool is_local_domain) {
  const std::lock_guard lock{mutex_};
  renew(program);
  if (known_.contains(address)) return is_local_domain || address.find('@') != std::string_view::npos;
  return is_local_domain && known_.contains(address.substr(0, std::min(address.rfind('@'), address.size())));
}

void NullAddresses::met(const std::shared_ptr<const ruleinterp::Program>& program,
                        const std::vector<std::string>& addresses) {
  if (addresses.empty()) return;
  const std::lock_guard lock{mutex_};
  renew(program);
  const std::size_t most = program->null_addresses.size() + static_cast<std::size_t>(kNullAddresses.most);
  for (const std::string& address : addresses) {
    const auto clean = trim(address);
    if (clean.empty() || known_.contains(clean)) continue;
    if (known_.size() >= most) {
      log(kTooMany, {{"limit", kNullAddresses.name}, {"address", printable(clean)}});
      return;
    }
    known_.emplace(clean);
  }
}

}  // namespace pennypost::filter
