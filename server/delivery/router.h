// What an address means: the order of address resolution (spec 60 section 5.3), as far as it is built.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/result.h"
#include "server/delivery/stage.h"
#include "server/store/store.h"

namespace pennypost::delivery {

/// Whether mail for this address is thrown away once it was judged: an address that only the spam rules know
/// (AddNullAddress, spec 10 section 6.7). Any thread; must not fail.
using Discards = std::function<bool(std::string_view address, bool is_local_domain)>;

/// The same answer at RCPT and when the message is delivered: both ask here. Any thread; the directory caches, so an
/// answer costs no round trip as a rule.
class Router {
 public:
  explicit Router(store::Store& store, Discards discards = {}) : store_{store}, discards_{std::move(discards)} {}

  /// Step 2 and 3 of spec 60 5.3 (the directory: exact addresses, then names, then the account of that name), step 3's
  /// built-in `no-one` and what `discards` knows, step 5 (`~@domain`), `postmaster` (RFC 5321 4.5.1: always somebody),
  /// 6 and 7. An address without a domain is local. Errors: unavailable.
  Result<Route> route(std::string_view address) const;

  /// Whether mail for the address stays here; what the relay decision asks.
  Result<bool> is_local(std::string_view address) const;

  /// `DefaultDomain`, else the first local domain, else empty.
  Result<std::string> default_domain() const;
  /// `postmaster` at the default domain when its mail reaches a mailbox here, else empty. Errors: unavailable.
  Result<std::string> postmaster_address() const;
  /// The address with the default domain added where it has none (spec 60 section 5.1).
  Result<std::string> complete(std::string address) const;

 private:
  Result<Route> postmaster() const;
  bool is_discarded(std::string_view address, bool is_local_domain) const;
  store::Store& store_;
  Discards discards_;
};

/// Local part and domain of an envelope address: what stands before and behind the last "@". The domain is empty where
/// there is none.
std::pair<std::string_view, std::string_view> split_address(std::string_view address);

}  // namespace pennypost::delivery
