// Questions, answers and what is remembered of them. Needs a Channel; what goes wrong there is `unavailable` here and
// is remembered for a moment, so that a dead server is not asked by every session (RFC 9520). RFC 1034, 1035, 2308,
// 5782.
#include "server/dns/resolver.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "server/base/text.h"
#include "server/dns/cache.h"
#include "server/dns/channel.h"
#include "server/dns/hosts_file.h"

namespace pennypost::dns {

using Poco::Net::IPAddress;

struct Pending::Query {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<Result<Reply>> result;

  void answer(Result<Reply> with) {
    const std::lock_guard lock{mutex};
    result = std::move(with);
    done.notify_all();
  }
};

struct Resolver::Inside {
  ResolverOptions options;
  HostsFile hosts;
  std::unique_ptr<Channel> channel;

  mutable std::mutex mutex;
  Cache cache;
  std::map<Key, std::shared_ptr<Pending::Query>> under_way;
  std::map<std::string, std::vector<Record>, WordLess> overrides;
  std::uint64_t sent = 0;

  explicit Inside(ResolverOptions o) : options{std::move(o)}, hosts{options.hosts_file} {}
  void heard(const Key& key, const std::shared_ptr<Pending::Query>& query, const Result<std::string>& message);
  std::optional<Reply> overridden(const Key& key) const;
};

namespace {

Error no_such_name(const std::string& name) {
  return error(Kind::not_found, "no such name", printable(name) + ": no such name");
}

std::vector<IPAddress> addresses_in(const Answer& answer) {
  std::vector<IPAddress> all;
  for (const Record& record : answer.records) all.push_back(record.address());
  return all;
}

}  // namespace

// On the channel's thread.
void Resolver::Inside::heard(const Key& key, const std::shared_ptr<Pending::Query>& query,
                             const Result<std::string>& message) {
  Seconds holds = options.failure_hold;
  const auto judge = [&]() -> Result<Reply> {
    if (!message) return message.error();
    auto answer = read_answer(*message, key.first, key.second);
    if (!answer) return error(Kind::unavailable, "the DNS gives no usable answer", answer.error().for_log);
    holds = std::min(answer->ttl, answer->records.empty() ? options.longest_negative_hold : options.longest_hold);
    if (!answer->name_exists) return no_such_name(key.first);
    return std::make_shared<const Answer>(std::move(*answer));
  };
  Result<Reply> result = judge();
  if (!message && message.error().kind != Kind::unavailable) holds = Seconds{0};
  {
    const std::lock_guard lock{mutex};
    cache.keep(key, result, holds);
    under_way.erase(key);
  }
  query->answer(std::move(result));
}

std::optional<Reply> Resolver::Inside::overridden(const Key& key) const {
  auto answer = std::make_shared<Answer>();
  answer->canonical = key.first;
  answer->ttl = options.longest_hold;
  auto found = overrides.find(key.first);
  if (found == overrides.end()) return std::nullopt;
  for (const Record& record : found->second)
    if (record.type == key.second) answer->records.push_back(record);
  return answer;
}

Resolver::Resolver(std::unique_ptr<Inside> inside) : inside_{std::move(inside)} {}

Resolver::~Resolver() { stop(); }

Result<std::shared_ptr<Resolver>> Resolver::make(ResolverOptions options) {
  auto inside = std::make_unique<Inside>(std::move(options));
  auto channel = Channel::open(inside->options.servers, inside->options.first_wait, inside->options.rounds);
  if (!channel) return std::move(channel).error();
  inside->channel = std::move(*channel);
  return std::shared_ptr<Resolver>{new Resolver{std::move(inside)}};  // NOLINT: the constructor is private
}

Pending Resolver::start(std::string_view name, Type type) {
  auto query = std::make_shared<Pending::Query>();
  auto asked = query_name(name);
  if (!asked) {
    query->answer(std::move(asked).error());
    return Pending{query};
  }
  const Key key{std::move(*asked), type};
  {
    const std::lock_guard lock{inside_->mutex};
    if (const auto given = inside_->overridden(key)) {
      query->answer(*given);
      return Pending{query};
    }
    if (const auto held = inside_->cache.find(key)) {
      query->answer(*held);
      return Pending{query};
    }
    if (const auto same = inside_->under_way.find(key); same != inside_->under_way.end()) return Pending{same->second};
    if (static_cast<int>(inside_->under_way.size()) >= kDnsUnderWay.most) {
      query->answer(error(Kind::unavailable, "too many DNS questions", "limit passed: dns.under_way"));
      return Pending{query};
    }
    inside_->under_way.emplace(key, query);
    ++inside_->sent;
  }
  inside_->channel->ask(key.first, type, [inside = inside_.get(), key, query](const Result<std::string>& message) {
    inside->heard(key, query, message);
  });
  return Pending{query};
}

Result<Reply> Resolver::await(const Pending& pending, Clock::time_point deadline) {
  Pending::Query& query = *pending.query_;
  std::unique_lock lock{query.mutex};
  if (!query.done.wait_until(lock, deadline, [&] { return query.result.has_value(); }))
    return error(Kind::unavailable, "DNS: no answer in time");
  return *query.result;
}

Result<Reply> Resolver::ask(std::string_view name, Type type, Milliseconds wait) {
  return await(start(name, type), Clock::now() + wait);
}

Result<std::vector<IPAddress>> Resolver::addresses(std::string_view name, Milliseconds wait) {
  if (IPAddress address; IPAddress::tryParse(std::string{name}, address)) return std::vector{address};
  const std::string_view bare = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  if (auto found = inside_->hosts.find(bare); !found.empty()) {
    std::ranges::stable_sort(found, {}, &IPAddress::family);
    return found;
  }
  if (same_word(bare, "localhost") || ends_with_word(bare, ".localhost"))  // RFC 6761 6.3
    return std::vector{IPAddress{"127.0.0.1"}, IPAddress{"::1"}};
  const auto deadline = Clock::now() + wait;
  const Pending four = start(name, Type::a);
  const Pending six = start(name, Type::aaaa);
  const auto four_reply = await(four, deadline);
  const auto six_reply = await(six, deadline);
  std::vector<IPAddress> all;
  if (four_reply) all = addresses_in(**four_reply);
  if (six_reply)
    for (const IPAddress& address : addresses_in(**six_reply)) all.push_back(address);
  if (!all.empty()) return all;
  // Nothing: a failure of either side means that we do not know, which goes before "there is none".
  for (const auto* reply : {&four_reply, &six_reply})
    if (!*reply && reply->error().kind != Kind::not_found) return reply->error();
  if (!four_reply) return four_reply.error();
  return all;
}

Result<std::vector<Mx>> Resolver::mx(std::string_view domain, Seconds wait) {
  const auto reply = ask(domain, Type::mx, wait);
  if (!reply) return reply.error();
  std::vector<Mx> all;
  for (const Record& record : (*reply)->records) all.push_back({record.priority, record.data});
  std::ranges::stable_sort(all, {}, &Mx::preference);
  return all;
}

Result<std::vector<std::string>> Resolver::txt(std::string_view name, Seconds wait) {
  const auto reply = ask(name, Type::txt, wait);
  if (!reply) return reply.error();
  std::vector<std::string> all;
  for (const Record& record : (*reply)->records) all.push_back(record.data);
  return all;
}

Result<std::vector<Srv>> Resolver::srv(std::string_view name, Seconds wait) {
  const auto reply = ask(name, Type::srv, wait);
  if (!reply) return reply.error();
  std::vector<Srv> all;
  for (const Record& record : (*reply)->records)
    all.push_back({record.priority, record.weight, record.port, record.data});
  std::ranges::stable_sort(all, {}, &Srv::priority);
  return all;
}

Result<std::vector<std::string>> Resolver::names_of(const IPAddress& address, Milliseconds wait) {
  const auto reply = ask(reverse_name(address), Type::ptr, wait);
  if (!reply) return reply.error();
  std::vector<std::string> all;
  for (const Record& record : (*reply)->records) all.push_back(record.data);
  return all;
}

Result<Listing> Resolver::listing_of(const Result<Reply>& reply) {
  if (!reply && reply.error().kind == Kind::not_found) return Listing{};
  if (!reply) return reply.error();
  Listing listing;
  for (const IPAddress& code : addresses_in(**reply))
    if (code.toString().starts_with("127."))
      listing.codes.push_back(code);  // else a zone that was sold or a lying server
  return listing;
}

Result<Listing> Resolver::listed(const IPAddress& address, std::string_view zone, Seconds wait) {
  return listing_of(ask(block_list_name(address, zone), Type::a, wait));
}

Result<Listing> Resolver::listed_domain(std::string_view domain, std::string_view zone, Seconds wait) {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  return listing_of(ask(std::string{domain} + "." + std::string{zone}, Type::a, wait));
}

void Resolver::set_overrides(const std::vector<Record>& records) {
  std::map<std::string, std::vector<Record>, WordLess> fresh;
  for (const Record& record : records) {
    auto name = query_name(record.name);
    if (name) fresh[*name].push_back(record);
  }
  const std::lock_guard lock{inside_->mutex};
  inside_->overrides = std::move(fresh);
}

void Resolver::clear_cache() {
  const std::lock_guard lock{inside_->mutex};
  inside_->cache.clear();
}

const std::vector<std::string>& Resolver::servers() const { return inside_->channel->servers(); }

void Resolver::stop() { inside_->channel->close(); }

std::uint64_t Resolver::questions_sent() const {
  const std::lock_guard lock{inside_->mutex};
  return inside_->sent;
}

}  // namespace pennypost::dns
