// What scripts ask to be done (see the header). An address that does not work is logged and passed over: the message
// itself is never held up by it.
#include "server/filter/actions.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "ruleinterp/header_changes.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/message/address.h"
#include "server/message/header.h"

namespace pennypost::filter {
namespace {

constexpr LogEvent kNotDone{"filter.not_done", Level::warning, "the spam rules ask for what cannot be done: {what}"};

constexpr Octets kAddedOnTheWay = 64_KiB;  // to a header, by this server

using Changes = std::vector<ruleinterp::HeaderChange>;

// Which change of a field this is decides whether all fields of its name are written anew.
bool rewrites(ruleinterp::HeaderChange::Kind kind) {
  using K = ruleinterp::HeaderChange::Kind;
  return kind == K::set || kind == K::remove || kind == K::remove_matching;
}

// Whether the message has been sent to this address by Copy or Redirect already.
bool has_been_at(const delivery::Arrival& mail, std::string_view address) {
  for (const message::Field& field : message::Fields{mail.message.header()})
    if (field.is(delivery::kLoopField) && same_word(trim(field.value), address)) return true;
  return false;
}

std::optional<AccountId> account_of(store::Store& store, const std::string& user) {
  if (user.find('@') == std::string::npos) {
    if (const auto known = store.accounts().find(user)) return known->id;
    return std::nullopt;
  }
  const auto known = store.directory().resolve(user);
  if (!known || known->accounts.empty()) return std::nullopt;
  return known->accounts.front();
}

}  // namespace

SmtpReply reply_of(std::string_view line) {
  const auto code = to_number32(line.substr(0, 3));
  if (!code || *code < 400 || *code > 599 || (line.size() > 3 && line[3] != ' ')) return {552, {}, std::string{line}};
  std::string_view text = line.substr(std::min<std::size_t>(4, line.size()));
  const auto [first, rest] = cut(text, ' ');
  const auto parts = split(first, '.');
  if (parts.size() == 3) {
    const auto klass = to_number32(parts[0]), subject = to_number32(parts[1]), detail = to_number32(parts[2]);
    if (klass && subject && detail && *klass == *code / 100 && *subject < 1000 && *detail < 1000)
      return {static_cast<int>(*code),
              {static_cast<int>(*klass), static_cast<int>(*subject), static_cast<int>(*detail)},
              std::string{rest}};
  }
  return {static_cast<int>(*code), {}, std::string{text}};
}

void apply(const std::vector<ruleinterp::HeaderChange>& changes, std::string_view raw_header, delivery::Edits& edits) {
  std::vector<ruleinterp::HeaderChange> for_all;
  std::ranges::copy_if(changes, std::back_inserter(for_all), [](const auto& change) { return change.user.empty(); });
  const auto is_rewritten = [&](std::string_view name) {
    return std::ranges::any_of(
        for_all, [&](const auto& change) { return rewrites(change.kind) && same_word(change.name, name); });
  };
  std::vector<std::string> done;
  for (const auto& change : for_all) {
    if (!is_rewritten(change.name)) {
      const std::string field = ruleinterp::apply_header_changes({}, std::span{&change, 1}, {});
      if (change.kind == ruleinterp::HeaderChange::Kind::add_first) {
        edits.add_at_top(field);
      } else {
        edits.add_below(field);
      }
      continue;
    }
    if (std::ranges::any_of(done, [&](const std::string& name) { return same_word(name, change.name); })) continue;
    done.push_back(change.name);
  }
  if (done.empty()) return;
  const std::string fresh = ruleinterp::apply_header_changes(raw_header, for_all, {});
  for (const std::string& name : done) {
    edits.remove_fields(name);
    for (const auto& field : message::Fields{fresh})
      if (field.is(name)) edits.add_below(std::string{field.all});
  }
}

void apply_own(store::Store& store, const Changes& changes, delivery::Edits& edits) {
  std::map<std::string, Changes, WordLess> of_users;
  for (auto change = changes.begin(); change != changes.end(); ++change) {
    if (change->user.empty()) continue;
    const bool overruled = rewrites(change->kind) && std::any_of(change + 1, changes.end(), [&](const auto& later) {
                             return later.user.empty() && rewrites(later.kind) && same_word(later.name, change->name);
                           });
    auto& own = of_users[change->user];
    if (overruled) continue;
    own.push_back(*change);
    own.back().user.clear();
  }
  for (auto& [user, own] : of_users) {
    const auto account = account_of(store, user);
    if (!account) {
      log(kNotDone, {{"what", "AddHeader for " + printable(user) + ", who is no user here"}});
      continue;
    }
    if (own.empty()) continue;
    edits.own_header(*account, [mine = std::move(own)](std::string_view header) {
      return ruleinterp::apply_header_changes(header, mine, {});
    });
  }
}

void copy(const delivery::Arrival& mail, const std::vector<std::string>& addresses, delivery::Edits& edits) {
  for (const std::string& address : addresses) {
    const std::string to{trim(address)};
    const auto is_this = [&](const auto& recipient) { return same_word(recipient.address, to); };
    if (to.empty() || to == "<>" || std::ranges::any_of(mail.envelope.recipients, is_this)) continue;
    if (has_been_at(mail, to)) {
      log(kNotDone, {{"what", "Copy to " + printable(to) + ", where the message has been already"}});
      continue;
    }
    edits.copy_to(to);
  }
}

bool redirect(const delivery::Router& router, const delivery::Arrival& mail, const ruleinterp::Outcome& outcome,
              delivery::Edits& edits) {
  using Kind = delivery::Route::Kind;
  if (outcome.recipients.empty()) return false;
  const std::string to{trim(outcome.recipients.front())};
  const auto not_done = [&](const std::string& why) {
    log(kNotDone, {{"what", "Redirect to " + printable(to) + ": " + why}});
    return false;
  };
  const auto known = router.route(to);
  if (!known) return not_done(known.error().for_log);
  std::string failures_to;
  if (known->kind == Kind::outside) {
    if (!message::is_addr_spec(to)) return not_done("it is no valid address");
    if (mail.message.raw.size() + kAddedOnTheWay.size() > kReportedOriginal.most.size())
      return not_done("limit " + std::string{kReportedOriginal.name} + " passed, it could not come back whole");
    if (has_been_at(mail, to)) return not_done("the message has been there already");
    auto postmaster = router.postmaster_address();
    if (!postmaster) return not_done(postmaster.error().for_log);
    if (!message::is_addr_spec(*postmaster)) return not_done("there is no postmaster who could be told of a failure");
    const bool is_for_postmaster = std::ranges::any_of(
        mail.envelope.recipients, [&](const auto& one) { return same_word(one.address, *postmaster); });
    if (mail.envelope.return_path.empty() && is_for_postmaster)
      return not_done("it may be what comes back from there (a report to the postmaster)");
    failures_to = *std::move(postmaster);
  } else if (known->kind != Kind::mailbox) {
    return not_done("nobody here has this name");
  }
  delivery::Route target{Kind::discard, {}};
  if (known->kind == Kind::mailbox) target = {Kind::mailbox, known->accounts, 'F'};
  target.redirected_to = to;
  for (std::size_t i = 0; i < mail.envelope.recipients.size(); ++i) {
    const auto& recipient = mail.envelope.recipients[i].address;
    const bool stays = std::ranges::any_of(outcome.copies, [&](const auto& one) { return same_word(one, recipient); });
    if (!stays) edits.route(i, target);
  }
  if (known->kind == Kind::outside) edits.redirect_to(to, failures_to);
  return true;
}

}  // namespace pennypost::filter
