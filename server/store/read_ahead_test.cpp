// Messages read one after the other come out as they went in, whatever is read before it is asked for.
#include "server/store/read_ahead.h"

#include <thread>

#include <gtest/gtest.h>

#include "server/store/store_test_support.h"

namespace pennypost::store {
namespace {

/// A folder of messages of many sizes, and a session that reads them.
struct Reading : WithAnn {
  std::map<Uid, std::string> texts;

  explicit Reading(int messages) {
    for (int i = 0; i < messages; ++i) {
      const std::size_t size = i % 50 == 7    ? 300'000 + static_cast<std::size_t>(i)
                               : i % 50 == 20 ? 0
                                              : static_cast<std::size_t>(i * 977 % 20'000);
      std::string text = size == 0 ? "" : "Subject: " + std::to_string(i) + "\r\n\r\n";
      text.append(size, static_cast<char>('a' + i % 26));
      texts[put(text)] = text;
    }
  }
  ReadAhead::FromUid upcoming() const {
    return [this](Uid uid) -> std::optional<ReadAhead::Upcoming> {
      const auto next = texts.lower_bound(uid);
      if (next == texts.end()) return std::nullopt;
      return ReadAhead::Upcoming{next->first, {static_cast<std::int64_t>(next->second.size())}};
    };
  }
  /// None: nothing was given.
  std::optional<std::string> read(ReadAhead& ahead, Uid uid) const {
    std::optional<std::string> text;
    const auto done = ahead.fetch(uid, upcoming(), [&](const Piece& piece) {
      EXPECT_EQ(piece.uid, uid);
      if (!text) text.emplace();
      EXPECT_EQ(piece.offset.count, static_cast<std::int64_t>(text->size()));
      *text += piece.octets;
      return true;
    });
    EXPECT_TRUE(done.ok());
    return text;
  }
};

TEST(ReadAhead, GivesEveryMessageInOrder) {
  const Reading r{300};
  ReadAhead ahead{r.store->messages(), r.inbox};
  for (const auto& [uid, text] : r.texts) ASSERT_EQ(r.read(ahead, uid), text) << number(uid);
}

TEST(ReadAhead, GivesWhatIsAskedForInAnyOrder) {
  const Reading r{120};
  ReadAhead ahead{r.store->messages(), r.inbox};
  const int asked[] = {1, 2, 3, 4, 3, 3, 90, 91, 92, 5, 6, 120, 119, 118, 7, 8, 9, 10, 11, 1, 2};
  for (const int one : asked) {
    const auto& [uid, text] = *std::next(r.texts.begin(), one - 1);
    ASSERT_EQ(r.read(ahead, uid), text) << one;
    if (one == 92) ahead.forget();
  }
}

TEST(ReadAhead, AMessageThatIsGoneGivesNothingAndTheNextOnesCome) {
  Reading r{60};
  ReadAhead ahead{r.store->messages(), r.inbox};
  UidSet gone;
  for (const auto& [uid, text] : r.texts)
    if (number(uid) % 3 == 0) gone.add(uid);
  ASSERT_OK(r.store->messages().remove(r.inbox, gone));
  for (const auto& [uid, text] : r.texts) {
    const auto expected = gone.contains(uid) ? std::optional<std::string>{} : text;
    ASSERT_EQ(r.read(ahead, uid), expected) << number(uid);
  }
}

TEST(ReadAhead, ASinkThatHasEnoughStopsItsMessageOnly) {
  const Reading r{40};
  ReadAhead ahead{r.store->messages(), r.inbox};
  for (const auto& [uid, text] : r.texts) {
    int pieces = 0;
    ASSERT_OK(ahead.fetch(uid, r.upcoming(), [&](const Piece&) {
      ++pieces;
      return false;
    }));
    EXPECT_EQ(pieces, 1);
  }
  EXPECT_EQ(r.read(ahead, r.texts.begin()->first), r.texts.begin()->second);
}

TEST(ReadAhead, ManySessionsReadAtOnce) {
  const Reading r{150};
  std::vector<std::thread> sessions;
  for (int i = 0; i < 6; ++i)
    sessions.emplace_back([&r] {
      ReadAhead ahead{r.store->messages(), r.inbox};
      for (const auto& [uid, text] : r.texts) EXPECT_EQ(r.read(ahead, uid), text);
    });
  for (auto& session : sessions) session.join();
}

}  // namespace
}  // namespace pennypost::store
