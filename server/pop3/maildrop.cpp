// The maildrop of a session (RFC 1939 sections 3 and 5, spec 50 sections 2.2 and 4). Needs the database at login only;
// what is deleted by others meanwhile keeps its number and cannot be fetched any more.
#include "server/pop3/maildrop.h"

#include <algorithm>

#include "server/store/store.h"

namespace pennypost::pop3 {

Result<Maildrop> Maildrop::open(store::Store& store, AccountId account, Milliseconds wait) {
  auto lock = store.locks().lock(account, store::LockMode::exclusive, wait);
  if (!lock) return std::move(lock).error();
  const auto inbox = store.folders().find(account, "INBOX");
  if (!inbox) return inbox.error();
  auto entries = store.messages().maildrop(inbox->id);
  if (!entries) return std::move(entries).error();
  Maildrop drop{store.messages(), account, inbox->id};
  drop.lock_ = *std::move(lock);
  drop.messages_.reserve(entries->size());
  for (store::MaildropEntry& entry : *entries) {
    drop.size_ += entry.size;
    drop.messages_.push_back({entry.uid, entry.size, std::move(entry.uidl), false});
  }
  drop.count_ = static_cast<std::uint32_t>(drop.messages_.size());
  return drop;
}

Result<const Maildrop::Message*> Maildrop::message(std::uint32_t number) const {
  if (number == 0 || number > messages_.size()) return error(Kind::not_found, "No such message");
  const Message& found = messages_[number - 1];
  if (found.is_marked) return error(Kind::not_found, "Message is deleted");
  return &found;
}

Result<void> Maildrop::read(const Message& message, const store::PieceSink& sink) {
  const auto upcoming = [this](Uid uid) -> std::optional<store::ReadAhead::Upcoming> {
    const auto next = std::ranges::lower_bound(messages_, uid, {}, &Message::uid);
    if (next == messages_.end()) return std::nullopt;
    return store::ReadAhead::Upcoming{next->uid, next->size};
  };
  return ahead_.fetch(message.uid, upcoming, sink);
}

Result<void> Maildrop::mark(std::uint32_t number) {
  if (auto found = message(number); !found) return std::move(found).error();
  Message& marked = messages_[number - 1];
  marked.is_marked = true;
  --count_;
  size_ = size_ - marked.size;
  return {};
}

void Maildrop::unmark_all() {
  for (Message& message : messages_) {
    if (!message.is_marked) continue;
    message.is_marked = false;
    ++count_;
    size_ += message.size;
  }
}

std::vector<Uid> Maildrop::marked() const {
  std::vector<Uid> out;
  for (const Message& message : messages_) {
    if (message.is_marked) out.push_back(message.uid);
  }
  return out;
}

}  // namespace pennypost::pop3
