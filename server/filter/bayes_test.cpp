// Words of a message as numbers, and what their counts say.
#include "server/filter/bayes.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>

#include "server/filter/mail_view.h"
#include "server/filter/tokens.h"

namespace pennypost::filter {
namespace {

using testing::Contains;

std::vector<std::int64_t> tokens(const std::string& raw) {
  const auto parsed = message::parse(raw);
  return tokens_of(MailView{parsed});
}

int count(const std::vector<std::int64_t>& all, TokenKind kind) {
  return static_cast<int>(std::ranges::count(all, kind, kind_of));
}

TEST(Tokens, EachKindOfWordHasItsNumber) {
  const auto all = tokens(
      "Received: from mail.shop.example ([198.51.100.7]) by mx.corp.example; Mon, 1 Jan 2024 00:00:00 +0000\n"
      "From: Shop <sale@shop.example>\nSubject: Last chance\nX-Mailer: Bulk 3\n\n"
      "Act now, see http://www.shop.example/offer today\n");
  for (const auto& [kind, least] :
       std::map<TokenKind, int>{{TokenKind::word, 4},
                                {TokenKind::pair, 4},
                                {TokenKind::subject, 3},   // last, chance, "last chance"
                                {TokenKind::sender, 4},    // shop, the address, its host, example
                                {TokenKind::form, 3},      // bulk, type, encoding
                                {TokenKind::route, 5},     // three endings of the host, two networks
                                {TokenKind::link, 4},      // three endings of the host, offer
                                {TokenKind::field, 3}}) {  // From, Subject, X-Mailer
    EXPECT_GE(count(all, kind), least) << static_cast<int>(kind);
  }
  EXPECT_TRUE(std::ranges::is_sorted(all));
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

// They stand in databases: FNV-1a of "subject:offer", its lowest three bits the kind.
TEST(Tokens, TheSameWordsGiveTheSameNumbersForever) {
  EXPECT_THAT(tokens("Subject: offer\n\n\n"), Contains(-1237649246278762678));
}

TEST(Tokens, AHandOverOnTheSameMachineIsNoServer) {
  const std::string local = "Received: from localhost (localhost [127.0.0.1]) by mx.corp.example; x\n";
  const std::string from = "Received: from far.example ([198.51.100.7]) by mx.corp.example; x\n\nhello\n";
  EXPECT_EQ(tokens(local + local + local + local + from), tokens(from));
}

TEST(Tokens, AMessageOfAnyLengthHasABoundedNumber) {
  std::string text = "Subject: long\n\n";
  for (int i = 0; i < 50'000; ++i) text += "word" + std::to_string(i) + (i % 10 ? " " : "\n");
  const auto all = tokens(text);
  EXPECT_EQ(all.size(), kMostTokens);
  EXPECT_EQ(all, tokens(text + "and more at the end"));
}

TEST(Tokens, AnythingIsAMessage) {
  for (const std::string& raw : {std::string{}, std::string(1, '\0'), std::string(5000, '\xff'), std::string(5000, '@'),
                                 std::string{"Received: from\nMessage-ID: @\nFrom: @\n\nhttp://@:/?"},
                                 std::string{"Content-Type: text/html\n\n<a href=http:><a href=mailto:><"}})
    EXPECT_LE(tokens(raw).size(), kMostTokens);
}

constexpr std::int64_t token(TokenKind kind, std::int64_t number) { return number << 3 | static_cast<int>(kind); }

std::vector<store::KnownToken> known(TokenKind kind, int how_many, int ham, int spam) {
  std::vector<store::KnownToken> out;
  for (int i = 0; i < how_many; ++i) out.push_back({{ham, spam}, token(kind, i)});
  return out;
}

TEST(Bayes, SaysNothingWhileOneKindOfMailIsMissing) {
  const auto spam = known(TokenKind::word, 50, 0, 10);
  EXPECT_EQ(probability_of(spam, {0, 100}), 50);
  EXPECT_EQ(probability_of(spam, {100, 0}), 50);
  EXPECT_EQ(probability_of({}, {100, 100}), 50);
}

TEST(Bayes, WordsOfSpamSaySpamAndWordsOfHamSayHam) {
  EXPECT_GT(probability_of(known(TokenKind::word, 20, 0, 10), {100, 100}), 90);
  EXPECT_LT(probability_of(known(TokenKind::word, 20, 10, 0), {100, 100}), 10);
  EXPECT_NEAR(probability_of(known(TokenKind::word, 20, 7, 10), {100, 100}), 50, 1e-6);
  // Ten of a hundred against ten of a thousand: not equally much.
  EXPECT_LT(probability_of(known(TokenKind::word, 20, 10, 10), {100, 10'000}), 20);
}

TEST(Bayes, ManyWordsOfOneKindDoNotOutvoteTheOtherKinds) {
  auto mixed = known(TokenKind::word, 1000, 0, 3);
  for (const TokenKind kind : {TokenKind::sender, TokenKind::route})
    for (const auto& ham : known(kind, 10, 30, 0)) mixed.push_back(ham);
  EXPECT_LT(probability_of(mixed, {100, 100}), 20);
}

TEST(Bayes, OneWordAloneDecidesLittle) {
  const double one = probability_of(known(TokenKind::word, 1, 0, 1), {100, 100});
  EXPECT_GT(one, 50);
  EXPECT_LT(one, 70);
}

}  // namespace
}  // namespace pennypost::filter
