// Releases: each message is one commit of the store (store/quarantine.h); a crash between two leaves the second where
// it was. What is learned of a message is learned after its release, and only by whoever released it.
#include "server/filter/release.h"

#include "ruleinterp/regex.h"
#include "ruleinterp/text.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/delivery/content.h"
#include "server/filter/as_it_came.h"
#include "server/filter/list_entries.h"
#include "server/filter/mail_view.h"
#include "server/message/address.h"
#include "server/message/parse.h"

namespace pennypost::filter {
namespace {

constexpr LogEvent kReleased{"filter.released", Level::info,
                             "message {id} from {sender} released from the quarantine of {user} by {by}"};
constexpr LogEvent kSenderReleased{"filter.sender_released", Level::info,
                                   "{count} messages released from the quarantine: {entry} is in the whitelist"};
constexpr LogEvent kNotListed{"filter.release_not_listed", Level::warning,
                              "the sender {entry} of released message {id} is not in the whitelist: {reason}"};
constexpr LogEvent kNotAll{"filter.release_not_all", Level::error,
                           "not all from {entry}, which was added to the whitelist, is released: {reason}"};
constexpr LogEvent kNotLearned{"filter.release_not_learned", Level::warning,
                               "released message {id} is not learned as ham: {reason}"};

constexpr int kAtATime = 200;

/// Whether an entry names an address; compiled once.
class Names {
 public:
  explicit Names(std::string_view entry) : entry_{trim(entry)} {
    is_expression_ = ruleinterp::search_form(entry_).expression;
    if (!is_expression_) return;
    ruleinterp::Regex::Error wrong;
    search_ = ruleinterp::Search::make(entry_, wrong);
  }
  bool is_plain() const { return !is_expression_ && entry_.find_first_of("*?") == std::string::npos; }
  const std::string& entry() const { return entry_; }
  bool matches(std::string_view address) const {
    if (!is_expression_) return ruleinterp::wildcard_matches(entry_, address);
    return search_ && search_->find(address, 0, nullptr) == ruleinterp::Matched::yes;
  }

 private:
  std::string entry_;
  bool is_expression_ = false;
  std::shared_ptr<const ruleinterp::Search> search_;
};

/// Messages of one address, at most `most`. One that somebody else has released meanwhile is passed over.
Result<std::int64_t> release_address(store::Store& store, std::string_view address, std::int64_t most) {
  std::int64_t count = 0;
  for (QuarantineId after{}; count < most;) {
    const auto some = store.quarantine().of_sender(address, after, kAtATime);
    if (!some) return some.error();
    if (some->empty()) break;
    for (const QuarantineId id : *some) {
      if (count >= most) break;
      const auto done = store.quarantine().release(id);
      if (done) ++count;
      if (!done && done.error().kind != Kind::not_found) return done.error();
    }
    after = some->back();
  }
  return count;
}

}  // namespace

Result<std::int64_t> release_all_of(store::Store& store, std::string_view entry, Added how) {
  const std::int64_t most = how == Added::by_hand ? INT64_MAX : kQuarantineReleases.most;
  const Names names{entry};
  if (names.entry().empty()) return 0;
  std::int64_t count = 0;
  if (names.is_plain()) {
    auto some = release_address(store, names.entry(), most);
    if (!some) return some;
    count = *some;
  } else {
    for (std::string after; count < most;) {
      const auto senders = store.quarantine().senders(after, kAtATime);
      if (!senders) return senders.error();
      if (senders->empty()) break;
      for (const std::string& sender : *senders) {
        if (sender.empty() || !names.matches(sender)) continue;
        auto some = release_address(store, sender, most - count);
        if (!some) return some;
        count += *some;
      }
      after = senders->back();
    }
  }
  if (count > 0) log(kSenderReleased, {{"count", count}, {"entry", printable(entry)}});
  return count;
}

Result<std::int64_t> add_to_whitelist(store::Store& store, std::string_view entry, std::string_view by, Added how) {
  auto added = store.spam_filter().add_address(store::AddressList::white, entry, by, how == Added::automatically);
  if (!added) return std::move(added).error();
  return release_all_of(store, entry, how);
}

std::optional<std::string> objection_to_sender(std::string_view address) {
  if (store::is_pattern(address)) return "it would be read as a pattern that names others too";
  if (auto why = objection_to_entry(ListKind::addresses, address)) return why;
  if (!message::is_addr_spec(address)) return "it is no valid address";
  return std::nullopt;
}

Result<void> Releases::learn(const store::Quarantined& mail) {
  delivery::ContentWriter writer{spool_, {INT64_MAX}, mail.size};
  auto read = store_.messages().read_body(mail.body, {0}, {INT64_MAX}, [&](std::string_view octets) {
    writer.put(octets);
    return true;
  });
  if (!read) return read;
  auto content = writer.finish();
  if (!content) return std::move(content).error();
  const auto message = message::parse(as_it_came(content->octets()));
  const MailView view{message};
  bayes_.unlearn(view, ruleinterp::Verdict::spam);
  bayes_.learn(view, ruleinterp::Verdict::ham);
  return {};
}

void Releases::whitelist(const store::Quarantined& mail, const ReleaseOptions& options, Released& released) {
  const std::string sender = printable(mail.sender);
  if (const auto why = objection_to_sender(mail.sender)) {
    log(kNotListed, {{"entry", sender}, {"id", mail.id}, {"reason", *why}});
    released.undone.push_back("The sender's address is not in the whitelist: " + *why + ".");
    return;
  }
  const auto added =
      store_.spam_filter().add_address(store::AddressList::white, mail.sender, options.by, /*automatic=*/false);
  if (!added) {
    log(kNotListed, added.error(), {{"entry", sender}, {"id", mail.id}});
    released.undone.push_back("The sender's address is not in the whitelist: " + added.error().for_client + ".");
    return;
  }
  const auto others = release_all_of(store_, mail.sender, Added::by_hand);
  if (others) {
    released.others = *others;
    return;
  }
  log(kNotAll, others.error(), {{"entry", sender}});
  released.undone.push_back(
      "The sender's address is in the whitelist, but not all other messages from there are "
      "released: " +
      others.error().for_client + ".");
}

Result<Released> Releases::release(QuarantineId id, const ReleaseOptions& options) {
  auto mail = store_.quarantine().get(id);
  if (!mail) return std::move(mail).error();
  if (options.whitelist && mail->sender.empty())
    return error(Kind::bad_input, "The message names no sender that could be added to the whitelist");
  if (auto done = store_.quarantine().release(id); !done) return std::move(done).error();
  log(kReleased,
      {{"id", id}, {"sender", printable(mail->sender)}, {"user", mail->user}, {"by", printable(options.by)}});
  Released released;
  if (options.train) {
    if (auto learned = learn(*mail); !learned) {
      log(kNotLearned, learned.error(), {{"id", id}});
      released.undone.push_back("The filter has not learned the message: " + learned.error().for_client + ".");
    }
  }
  if (options.whitelist) whitelist(*mail, options, released);
  return released;
}

}  // namespace pennypost::filter
