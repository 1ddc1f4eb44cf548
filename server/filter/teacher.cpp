// The teacher (see the header). Needs the store; a message that is gone when its turn comes is passed over. What this
// server put in front of a message (the copy's own fields, its Received field) is left out: Bayes judges messages as
// they come in, and learns them so.
#include "server/filter/teacher.h"

#include <algorithm>
#include <array>

#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/filter/as_it_came.h"
#include "server/filter/mail_view.h"
#include "server/message/parse.h"

namespace pennypost::filter {
namespace {

constexpr LogEvent kTaught{"filter.taught", Level::info, "{count} messages learned as {kind}: a user sorted them so"};
constexpr LogEvent kNotTaught{"filter.not_taught", Level::warning, "sorted messages are not learned: {reason}"};
constexpr LogEvent kTooMany{"filter.teach_waiting", Level::warning,
                            "limit {limit} passed: {count} sorted messages are not learned"};

constexpr int kFlushedAfter = 100;
constexpr std::string_view kJunkNames[] = {"Junk", "Spam"};
constexpr std::string_view kTrashNames[] = {"Trash", "Deleted Items", "Deleted Messages"};

template <std::size_t N>
bool is_one_of(const std::string_view (&names)[N], std::string_view name) {
  return std::ranges::any_of(names, [&](std::string_view one) { return same_word(one, name); });
}

// A folder without a special use counts by its name: programs make such.
bool is_junk(const store::Folder& folder) {
  return folder.special_use == store::SpecialUse::junk ||
         (folder.special_use == store::SpecialUse::none && is_one_of(kJunkNames, folder.name));
}

bool is_trash(const store::Folder& folder) {
  return folder.special_use == store::SpecialUse::trash ||
         (folder.special_use == store::SpecialUse::none && is_one_of(kTrashNames, folder.name));
}

}  // namespace

std::optional<ruleinterp::Verdict> taught_by(const std::vector<std::string>& keywords, const store::Folder& folder,
                                             const store::Folder* from) {
  const auto has = [&](std::string_view a, std::string_view b) {
    return std::ranges::any_of(keywords,
                               [&](const std::string& one) { return same_word(one, a) || same_word(one, b); });
  };
  if (!keywords.empty()) {
    const bool junk = has("$Junk", "Junk"), not_junk = has("$NotJunk", "NonJunk");
    if (junk == not_junk) return std::nullopt;
    return junk ? ruleinterp::Verdict::spam : ruleinterp::Verdict::ham;
  }
  const bool from_junk = from != nullptr && is_junk(*from);
  if (is_junk(folder)) return from_junk ? std::nullopt : std::optional{ruleinterp::Verdict::spam};
  if (from_junk && !is_trash(folder)) return ruleinterp::Verdict::ham;
  return std::nullopt;
}

Teacher::Teacher(store::Store& store, StoreBayes& bayes) : store_{store}, bayes_{bayes}, thread_{[this] { work(); }} {}

Teacher::~Teacher() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Teacher::tell(Sorted sorted) {
  std::size_t dropped = 0;
  {
    const std::lock_guard lock{mutex_};
    const auto room = static_cast<std::size_t>(kTeachWaiting.most) - messages_;
    if (sorted.uids.size() > room) {
      dropped = sorted.uids.size() - room;
      sorted.uids.resize(room);
    }
    messages_ += sorted.uids.size();
    if (!sorted.uids.empty()) waiting_.push_back(std::move(sorted));
  }
  changed_.notify_all();
  if (dropped > 0) log(kTooMany, {{"limit", kTeachWaiting.name}, {"count", dropped}});
}

void Teacher::finish() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return waiting_.empty() && !busy_; });
}

void Teacher::work() {
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const Sorted sorted = std::move(waiting_.front());
    waiting_.pop_front();
    messages_ -= sorted.uids.size();
    busy_ = true;
    lock.unlock();
    try {
      learn(sorted);
    } catch (const std::exception& failure) {  // want of memory for one message must not end the thread
      log(kNotTaught, {{"reason", failure.what()}});
    }
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

void Teacher::learn(const Sorted& sorted) {
  const auto settings = store_.settings().snapshot();
  if (!settings->get(kSpamFilter) || !settings->get(kLearnFromMoves)) return;
  const auto folder = store_.folders().find(sorted.folder);
  if (!folder) return;  // gone since
  std::optional<store::Folder> from;
  if (sorted.from) {
    auto found = store_.folders().find(*sorted.from);
    if (!found) return;
    from = *std::move(found);
  }
  const auto as = taught_by(sorted.keywords, *folder, from ? &*from : nullptr);
  if (!as) return;
  std::int64_t count = 0;
  for (const Uid uid : sorted.uids) {
    {
      const std::lock_guard lock{mutex_};
      if (stopping_) break;
    }
    if (!learn_one(*folder, uid, *as)) continue;
    if (++count % kFlushedAfter == 0) bayes_.flush();  // it never has more waiting than it takes
  }
  if (count > 0) log(kTaught, {{"count", count}, {"kind", *as == ruleinterp::Verdict::spam ? "spam" : "ham"}});
}

bool Teacher::learn_one(const store::Folder& folder, Uid uid, ruleinterp::Verdict as) {
  std::optional<BodyId> body;
  const auto fetched =
      store_.messages().fetch(folder.id, std::array{uid}, store::Columns::none, [&](const store::Fetched& one) {
        if (one.size <= kTeachOctets.most) body = one.body;
        return true;
      });
  if (!fetched) {
    log(kNotTaught, fetched.error());
    return false;
  }
  if (!body) return false;
  const auto octets = store_.messages().body_text(*body, {0}, kTeachOctets.most, kTeachOctets.most);
  if (!octets) {
    if (octets.error().kind != Kind::not_found) log(kNotTaught, octets.error());
    return false;
  }
  const auto parsed = message::parse(as_it_came(*octets));
  bayes_.learn(MailView{parsed}, as);
  return true;
}

}  // namespace pennypost::filter
