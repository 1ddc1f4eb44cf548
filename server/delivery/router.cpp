// Address resolution (see the header). Reads the directory only; an address that nobody has is no error but a Route.
#include "server/delivery/router.h"

#include "server/base/text.h"

namespace pennypost::delivery {
namespace {

constexpr std::string_view kDiscardName = "no-one";         // spec 60 section 5.3: the empty group
constexpr std::string_view kPostmasterName = "postmaster";  // RFC 5321 section 4.5.1

Route to_mailbox(store::Resolution found) {
  Route route;
  route.kind = Route::Kind::mailbox;
  route.accounts = std::move(found.accounts);
  return route;
}

}  // namespace

std::pair<std::string_view, std::string_view> split_address(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return {address, {}};
  return {address.substr(0, at), address.substr(at + 1)};
}

Result<Route> Router::route(std::string_view address) const {
  auto found = store_.directory().resolve(address);
  if (!found) return std::move(found).error();
  if (!found->accounts.empty() && !found->is_rest) return to_mailbox(*std::move(found));
  if (is_discarded(address, found->is_local_domain)) return Route{Route::Kind::discard, {}};
  if (!found->accounts.empty()) return to_mailbox(*std::move(found));
  const auto [local, domain] = split_address(address);
  if (!found->is_local_domain && !domain.empty()) return Route{Route::Kind::outside, {}};
  if (same_word(local, kPostmasterName)) return postmaster();
  return Route{Route::Kind::unknown, {}};
}

bool Router::is_discarded(std::string_view address, bool is_local_domain) const {
  if (is_local_domain && same_word(split_address(address).first, kDiscardName)) return true;
  return discards_ && discards_(address, is_local_domain);
}

Result<Route> Router::postmaster() const {
  const auto name = store_.settings().get(kPostmaster);
  if (!name.empty() && !same_word(name, kPostmasterName)) {
    auto found = store_.directory().resolve(name);
    if (!found) return std::move(found).error();
    if (!found->accounts.empty()) return to_mailbox(*std::move(found));
  }
  auto accounts = store_.accounts().list();
  if (!accounts) return std::move(accounts).error();
  for (const auto& account : *accounts)
    if (account.is_admin && account.is_enabled) return Route{Route::Kind::mailbox, {account.id}};
  return Route{Route::Kind::unknown, {}};
}

Result<bool> Router::is_local(std::string_view address) const {
  const auto domain = split_address(address).second;
  if (domain.empty()) return true;
  auto found =
      store_.directory().resolve(address);  // an exact address may be ours in a domain that is not (spec 60 5.2)
  if (!found) return std::move(found).error();
  return found->is_local_domain || !found->accounts.empty() || is_discarded(address, false);
}

Result<std::string> Router::default_domain() const {
  auto set = store_.settings().get(kDefaultDomain);
  if (!set.empty()) return set;
  auto domains = store_.directory().domains();
  if (!domains) return std::move(domains).error();
  return domains->empty() ? std::string{} : domains->front();
}

Result<std::string> Router::postmaster_address() const {
  auto address = complete(std::string{kPostmasterName});
  if (!address) return address;
  const auto reached = route(*address);
  if (!reached) return reached.error();
  return reached->kind == Route::Kind::mailbox ? *std::move(address) : std::string{};
}

Result<std::string> Router::complete(std::string address) const {
  if (address.empty() || address.rfind('@') != std::string::npos) return address;
  auto domain = default_domain();
  if (!domain) return std::move(domain).error();
  if (!domain->empty()) address += "@" + *domain;
  return address;
}

}  // namespace pennypost::delivery
