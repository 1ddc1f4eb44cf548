// Services of rule scripts on the server. A failure (database away, DNS silent, a pattern that does not compile) is
// logged and gives an empty answer: a script goes on (spec 10 section 6, conventions).
#include "server/filter/services.h"

#include <algorithm>

#include <maxminddb.h>

#include "ruleinterp/text.h"
#include "ruleinterp/tools/memory_services.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/filter/release.h"

namespace pennypost::filter {
namespace {

constexpr LogEvent kDataAway{"filter.data_away", Level::error, "the spam filter's data cannot be used: {reason}"};
constexpr LogEvent kBadPattern{"filter.bad_list_pattern", Level::warning,
                               "an entry of the white or black list is no expression: {pattern}"};
constexpr std::size_t kMostSearches = 5000;  // compiled list entries kept in memory

store::AddressList stored(ruleinterp::List list) {
  return list == ruleinterp::List::white ? store::AddressList::white : store::AddressList::black;
}

class Lookup final : public ruleinterp::DnsLookup {
 public:
  explicit Lookup(dns::Pending pending) : pending_{std::move(pending)} {}
  std::vector<ruleinterp::DnsRecord> wait(ruleinterp::Deadline until) override {
    const auto reply = dns::Resolver::await(pending_, until);
    std::vector<ruleinterp::DnsRecord> out;
    if (!reply || !*reply) return out;
    for (const dns::Record& record : (*reply)->records) {
      std::string name = record.name;
      if (name.ends_with('.')) name.pop_back();
      out.push_back({std::move(name), to_lower(dns::word(record.type)), record.data, record.priority});
    }
    return out;
  }

 private:
  dns::Pending pending_;
};

class NoLookup final : public ruleinterp::DnsLookup {
 public:
  std::vector<ruleinterp::DnsRecord> wait(ruleinterp::Deadline) override { return {}; }
};

std::string_view word(ruleinterp::Aggregate type) {
  using A = ruleinterp::Aggregate;
  switch (type) {
    case A::max:
      return "max";
    case A::min:
      return "min";
    case A::maxnum:
      return "maxnum";
    case A::minnum:
      return "minnum";
    case A::maxi:
      return "maxi";
    case A::mini:
      return "mini";
    case A::count:
      return "count";
    case A::sum:
      return "sum";
    case A::avg:
      return "avg";
    case A::first:
      return "first";
    case A::last:
      return "last";
  }
  return "last";
}

std::string_view word(ruleinterp::Comparator::Kind kind) {
  using K = ruleinterp::Comparator::Kind;
  switch (kind) {
    case K::equal:
      return "=";
    case K::unequal:
      return "<>";
    case K::less:
      return "<";
    case K::greater:
      return ">";
    case K::less_or_equal:
      return "<=";
    case K::greater_or_equal:
      return ">=";
    case K::matches:
      return "~";
    case K::matches_not:
      return "!~";
    case K::like:
      return "like";
  }
  return "=";
}

store::SpamFilter::Update stored(ruleinterp::Update how) {
  using U = ruleinterp::Update;
  using S = store::SpamFilter::Update;
  switch (how) {
    case U::set:
      return S::set;
    case U::add:
      return S::add;
    case U::subtract:
      return S::subtract;
    case U::append:
      return S::append;
    case U::upper:
      return S::upper;
    case U::lower:
      return S::lower;
  }
  return S::set;
}

void note(const Result<void>& done) {
  if (!done) log(kDataAway, done.error());
}

}  // namespace

std::unique_ptr<ruleinterp::DnsLookup> ResolverDns::start(std::string_view type, std::string_view name) {
  const auto known = dns::type_of(type);
  if (!known) return std::make_unique<NoLookup>();
  return std::make_unique<Lookup>(resolver_.start(name, *known));
}

std::string ResolverDns::servers() const { return join(resolver_.servers(), ","); }

std::shared_ptr<const ruleinterp::Search> StoreLists::search_for(const std::string& pattern) {
  const std::lock_guard lock{mutex_};
  if (const auto known = searches_.find(pattern); known != searches_.end()) return known->second;
  if (searches_.size() >= kMostSearches) searches_.clear();
  ruleinterp::Regex::Error error;
  auto made = ruleinterp::Search::make(pattern, error);
  if (!made) log(kBadPattern, {{"pattern", printable(pattern)}});
  return searches_[pattern] = std::move(made);
}

bool StoreLists::contains(ruleinterp::List list, std::string_view address) {
  const auto plain = store_.spam_filter().find_address(stored(list), address);
  if (!plain) {
    log(kDataAway, plain.error());
    return false;
  }
  if (*plain) return true;
  const auto patterns = store_.spam_filter().patterns(stored(list));
  if (!patterns) {
    log(kDataAway, patterns.error());
    return false;
  }
  const auto matching = std::ranges::find_if(*patterns, [&](const std::string& pattern) {
    if (!ruleinterp::search_form(pattern).expression) return ruleinterp::wildcard_matches(pattern, address);
    const auto search = search_for(pattern);
    return search && search->find(address, 0, nullptr) == ruleinterp::Matched::yes;
  });
  if (matching == patterns->end()) return false;
  note(store_.spam_filter().found_pattern(stored(list), *matching));
  return true;
}

void StoreLists::add(ruleinterp::List list, std::string_view address, std::string_view by) {
  if (list == ruleinterp::List::black) return note(store_.spam_filter().add_address(stored(list), address, by, true));
  if (const auto done = add_to_whitelist(store_, address, by, Added::automatically); !done)
    log(kDataAway, done.error());
}

void StoreDatabase::insert(ruleinterp::Insert how, std::string_view component, std::string_view key,
                           std::string_view value) {
  using S = store::SpamFilter::Insert;
  note(store_.insert(how == ruleinterp::Insert::unique ? S::unique : S::multi, component, key, value));
}

void StoreDatabase::update(std::string_view component, std::string_view key, ruleinterp::Update how,
                           std::string_view value) {
  note(store_.update(component, key, stored(how), value));
}

bool StoreDatabase::is_interval(std::string_view text) {
  // The usual forms cost no question.
  return ruleinterp::interval_seconds(text) || store_.is_interval(text);
}

std::optional<std::string> StoreDatabase::query(std::string_view component, ruleinterp::Aggregate type,
                                                ruleinterp::Comparator comparator, std::string_view key,
                                                std::string_view interval) {
  auto found = store_.query({component, key, interval, word(comparator.kind),
                             comparator.as == ruleinterp::Comparator::As::number, comparator.ignores_case, word(type)});
  if (!found) {
    log(kDataAway, found.error());
    return std::nullopt;
  }
  return *std::move(found);
}

std::string StoreDirectory::address_type(std::string_view address) {
  const auto known = store_.directory().resolve(address);
  if (!known) {
    log(kDataAway, known.error());
    return {};
  }
  if ((known->accounts.empty() || known->is_rest) && discards_ && discards_(address, known->is_local_domain))
    return "Special";
  if (!known->is_local_domain) return "Remote";
  const auto local = to_lower(address.substr(0, std::min(address.rfind('@'), address.size())));
  if (known->accounts.empty()) return local == "postmaster" || local == "abuse" ? "Postmaster" : "Invalid";
  if (known->accounts.size() > 1) return "Mapping";
  const auto account = store_.accounts().find(known->accounts.front());
  if (!account) return "User";
  if (same_word(account->name, local)) return "User";
  return known->is_rest ? "UnknownMapping" : "Mapping";
}

std::string weight_key(std::string_view rule) { return "SpamRuleWeight " + std::string{rule}; }
std::string script_setting_key(std::string_view name) { return "SpamScriptSetting " + std::string{name}; }

std::optional<std::vector<double>> StoredChoices::weights(std::string_view rule) {
  const auto text = settings_.snapshot()->text(weight_key(rule));
  if (!text) return std::nullopt;
  std::vector<double> out;
  for (const std::string_view word : split_words(*text)) {
    const auto number = ruleinterp::as_number(word);
    if (!number) return std::nullopt;  // a typing error leaves the script's own weights
    out.push_back(*number);
  }
  if (out.empty()) return std::nullopt;
  return out;
}

std::optional<std::string> StoredChoices::setting(std::string_view name) {
  return settings_.snapshot()->text(script_setting_key(name));
}

GeoIpFile::GeoIpFile(std::unique_ptr<MMDB_s> database) : database_{std::move(database)} {}

GeoIpFile::~GeoIpFile() { MMDB_close(database_.get()); }

Result<std::unique_ptr<GeoIpFile>> GeoIpFile::open(const std::string& path) {
  auto database = std::make_unique<MMDB_s>();
  const int code = MMDB_open(path.c_str(), MMDB_MODE_MMAP, database.get());
  if (code == MMDB_FILE_OPEN_ERROR) return error(Kind::not_found, path + ": cannot be opened");
  if (code != MMDB_SUCCESS) return error(Kind::bad_input, path + ": " + MMDB_strerror(code));
  return std::unique_ptr<GeoIpFile>{new GeoIpFile{std::move(database)}};
}

std::string GeoIpFile::country(std::string_view ip) {
  int name_error = 0, code = 0;
  auto found = MMDB_lookup_string(database_.get(), std::string{ip}.c_str(), &name_error, &code);
  if (name_error != 0 || code != MMDB_SUCCESS || !found.found_entry) return {};
  MMDB_entry_data_s data{};
  for (const char* what : {"country", "registered_country"}) {
    if (MMDB_get_value(&found.entry, &data, what, "iso_code", nullptr) == MMDB_SUCCESS && data.has_data &&
        data.type == MMDB_DATA_TYPE_UTF8_STRING)
      return to_upper({data.utf8_string, data.data_size});
  }
  return {};
}

}  // namespace pennypost::filter
