// What rule scripts may ask of this server (ruleinterp/host.h), on the database, the resolver and the settings.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ruleinterp/host.h"
#include "ruleinterp/regex.h"
#include "server/delivery/router.h"
#include "server/dns/resolver.h"
#include "server/store/store.h"

struct MMDB_s;

namespace pennypost::filter {

/// DNS, DNSBL, SURBL and their Start forms. Any thread.
class ResolverDns final : public ruleinterp::Dns {
 public:
  explicit ResolverDns(dns::Resolver& resolver) : resolver_{resolver} {}
  std::unique_ptr<ruleinterp::DnsLookup> start(std::string_view type, std::string_view name) override;
  std::string servers() const override;

 private:
  dns::Resolver& resolver_;
};

/// White and black list of addresses. Any thread; expressions are compiled once. A find counts at the entry; what is
/// added to the whitelist releases what the quarantine holds from there.
class StoreLists {
 public:
  explicit StoreLists(store::Store& store) : store_{store} {}
  bool contains(ruleinterp::List list, std::string_view address);
  /// As added automatically, by mail from `by`.
  void add(ruleinterp::List list, std::string_view address, std::string_view by);

 private:
  std::shared_ptr<const ruleinterp::Search> search_for(const std::string& pattern);

  store::Store& store_;
  std::mutex mutex_;  // guards searches_
  std::map<std::string, std::shared_ptr<const ruleinterp::Search>> searches_;
};

/// DBInsert, DBUpdate, DBQueryOne. Any thread.
class StoreDatabase final : public ruleinterp::SpamDatabase {
 public:
  explicit StoreDatabase(store::SpamFilter& store) : store_{store} {}
  void insert(ruleinterp::Insert how, std::string_view component, std::string_view key,
              std::string_view value) override;
  void update(std::string_view component, std::string_view key, ruleinterp::Update how,
              std::string_view value) override;
  bool is_interval(std::string_view text) override;
  std::optional<std::string> query(std::string_view component, ruleinterp::Aggregate type,
                                   ruleinterp::Comparator comparator, std::string_view key,
                                   std::string_view interval) override;

 private:
  store::SpamFilter& store_;
};

/// GetAddressType, IfLocalAddress (spec 10 section 6.24): what delivery would do with the address. Groups do not exist
/// yet: nobody is in one. What `discards` knows is Special.
class StoreDirectory final : public ruleinterp::Directory {
 public:
  explicit StoreDirectory(store::Store& store, delivery::Discards discards = {})
      : store_{store}, discards_{std::move(discards)} {}
  std::string address_type(std::string_view address) override;
  std::vector<std::string> groups_of(std::string_view) override { return {}; }

 private:
  store::Store& store_;
  delivery::Discards discards_;
};

/// Names of the settings that hold the weights of a rule and the value of a script setting.
std::string weight_key(std::string_view rule);
std::string script_setting_key(std::string_view name);

/// Weights and script settings of the administrator: settings named `SpamRuleWeight <rule>` (numbers, one a bank, with
/// blanks between them) and `SpamScriptSetting <name>` (spec 11 sections 3.2, 4).
class StoredChoices final : public ruleinterp::Choices {
 public:
  explicit StoredChoices(store::Settings& settings) : settings_{settings} {}
  std::optional<std::vector<double>> weights(std::string_view rule) override;
  std::optional<std::string> setting(std::string_view name) override;

 private:
  store::Settings& settings_;
};

/// GetGeoIP on a database file in MaxMind's format. Any thread.
class GeoIpFile final : public ruleinterp::GeoIp {
 public:
  /// Errors: not_found, bad_input.
  static Result<std::unique_ptr<GeoIpFile>> open(const std::string& path);
  ~GeoIpFile() override;
  std::string country(std::string_view ip) override;

 private:
  explicit GeoIpFile(std::unique_ptr<MMDB_s> database);
  std::unique_ptr<MMDB_s> database_;
};

}  // namespace pennypost::filter
