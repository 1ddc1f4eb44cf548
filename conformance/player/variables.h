// Variables of one play and the functions of ${...} (docs/conformance.md lists them).
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "conformance/player/session.h"

namespace pennypost::conformance {

/// A name and password that the target knows.
struct Account {
  std::string user;
  std::string password;
  std::string address;
};

class Variables {
 public:
  void set(const std::string& name, std::string value) { values_[name] = std::move(value); }
  void add_account(const std::string& name, Account account) { accounts_[name] = std::move(account); }

  /// Throws Failure when the section has no such account.
  const Account& account(const std::string& name) const;

  /// The value of what stands between ${ and }. Throws Failure when there is no such variable or function.
  std::string value(std::string_view expression) const;

  /// The octets of a template without patterns.
  std::string expand(const Template& text) const;

 private:
  const std::string& variable(const std::string& name) const;

  std::map<std::string, std::string> values_;
  std::map<std::string, Account> accounts_;
};

std::string base64(std::string_view octets);
std::string unbase64(std::string_view text);

}  // namespace pennypost::conformance
