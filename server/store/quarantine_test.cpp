// The quarantine on a real database. Numbers behind "11-" are the test cases of spec 11 section 16.
#include "server/store/quarantine.h"

#include <cmath>
#include <limits>
#include <thread>

#include "server/store/connection.h"
#include "server/store/store_test_support.h"

namespace pennypost::store {
namespace {

struct WithQuarantine : WithAnn {
  Quarantine& quarantine = store->quarantine();

  struct Mail {
    std::string from = "joe@other.example";
    std::string subject = "win";
    double score = 120;
    Timestamp at{};
    std::string octets = kSmall;
    std::string return_path = "bounce@other.example";
  };
  Delivery delivery_of(const NewBody& body, const Mail& mail, AccountId account) {
    QuarantineEntry entry;
    entry.account = account;
    entry.prefix = "Return-Path: <" + mail.return_path + ">\r\n";
    entry.at = mail.at;
    entry.spam_score = mail.score;
    entry.rules = "word list";
    entry.return_path = mail.return_path;
    entry.folded_from = mail.from;
    entry.folded_subject = mail.subject;
    entry.recipients = {"ann@example.com", "sales@example.com"};
    Letter letter;
    letter.body = &body;
    letter.quarantine.push_back(std::move(entry));
    Delivery delivery;
    delivery.letters.push_back(std::move(letter));
    return delivery;
  }
  QuarantineId keep(const Mail& mail) { return keep(mail, ann.id); }
  QuarantineId keep(const Mail& mail, AccountId account) {
    auto body = body_of(mail.octets);
    body.from_addr = mail.from;
    body.subject = mail.subject;
    EXPECT_OK(store->writer().deliver(delivery_of(body, mail, account)));
    QuarantineFilter all;
    all.with_hidden = true;
    QuarantineId newest{};
    const auto found = quarantine.list(all);
    EXPECT_OK(found);
    for (const auto& q : *found) newest = std::max(newest, q.id);
    return newest;
  }
  std::vector<double> scores(const QuarantineFilter& filter) {
    auto found = quarantine.list(filter);
    EXPECT_OK(found);
    std::vector<double> out;
    for (const auto& q : *found) out.push_back(q.score);
    return out;
  }
  std::int64_t count(const char* what) {
    auto own = Connection::open(connection);
    EXPECT_OK(own);
    Rows rows{PQexec((*own)->raw(), what)};
    return rows.empty() ? -1 : std::stoll(std::string{rows.text(0, 0)});
  }
};

using Doubles = std::vector<double>;

TEST(NumberRange, IsWrittenAsInTheGrid) {  // spec 11 section 7.5
  const double inf = std::numeric_limits<double>::infinity();
  for (const auto& [text, expected] : std::vector<std::pair<const char*, NumberRange>>{{"", {}},
                                                                                       {"  ", {}},
                                                                                       {"5", {5, 5}},
                                                                                       {"=5", {5, 5}},
                                                                                       {" = 5 ", {5, 5}},
                                                                                       {">5", {5, inf, true, false}},
                                                                                       {">=5", {5, inf}},
                                                                                       {"<5", {-inf, 5, false, true}},
                                                                                       {"<= 5", {-inf, 5}},
                                                                                       {"2000..3000", {2000, 3000}},
                                                                                       {"-1.5 .. +2", {-1.5, 2}}}) {
    const auto range = NumberRange::parse(text);
    ASSERT_OK(range);
    EXPECT_EQ(*range, expected) << text;
  }
  for (const char* wrong : {"x", ">", "<=", "1..", "..1", "==5", "5x", "nan", "inf", "1e999", "=>5", "\xff"})
    EXPECT_FALSE(NumberRange::parse(wrong).ok()) << wrong;
}

TEST(Quarantine, WhatADeliveryKeepsBackIsThereWithAllThatWasKnown) {
  WithQuarantine w;
  const Timestamp at{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23}};
  const auto id = w.keep({.subject = "Grüße", .score = 150.5, .at = at});
  auto q = w.quarantine.get(id);
  ASSERT_OK(q);
  EXPECT_EQ(q->user, "ann");
  EXPECT_EQ(q->sender, "joe@other.example");
  EXPECT_EQ(q->subject, "Grüße");
  EXPECT_EQ(q->score, 150.5);
  EXPECT_EQ(q->rules, "word list");
  EXPECT_EQ(q->at, at);
  EXPECT_EQ(q->size.count, static_cast<std::int64_t>(kSmall.size()));
  EXPECT_EQ(q->recipients, (std::vector<std::string>{"ann@example.com", "sales@example.com"}));
  EXPECT_EQ(q->prefix, "Return-Path: <bounce@other.example>\r\n");
  EXPECT_FALSE(q->is_seen || q->is_hidden || q->is_reported);
  EXPECT_EQ(*w.store->messages().body_text(q->body, {0}, {INT64_MAX}), kSmall);
}

TEST(Quarantine, WithoutAFromFieldTheReturnPathIsTheSender) {
  WithQuarantine w;
  EXPECT_EQ(w.quarantine.get(w.keep({.from = ""}))->sender, "bounce@other.example");
}

TEST(Quarantine, LikelyFalsePositivesComeFirstAndPagesGoOnBehindEachOther) {  // spec 11 section 7.4
  WithQuarantine w;
  for (const double score : {300.0, 100.0, 200.0, 100.0, 150.0}) w.keep({.score = score});
  EXPECT_EQ(w.scores({}), (Doubles{100, 100, 150, 200, 300}));
  QuarantineFilter page;
  page.most = 2;
  Doubles all;
  for (int i = 0; i < 9; ++i) {
    auto some = w.quarantine.list(page);
    ASSERT_OK(some);
    if (some->empty()) break;
    for (const auto& q : *some) all.push_back(q.score);
    page.after = {some->back().score, some->back().id};
  }
  EXPECT_EQ(all, (Doubles{100, 100, 150, 200, 300}));
}

TEST(Quarantine, EachConditionOfTheFilterNarrowsTheList) {
  WithQuarantine w;
  const auto bert = w.store->accounts().create({.name = "bert"});
  ASSERT_OK(bert);
  const Timestamp day{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23}};
  w.keep({.from = "a%b@x.example", .subject = "one", .score = 100, .at = day});
  w.keep({.from = "c@y.example", .subject = "two straße", .score = 200, .at = day + std::chrono::hours{24}});
  w.keep({.from = "c@y.example", .subject = "three", .score = 300, .at = day + std::chrono::hours{30}}, bert->id);
  QuarantineFilter f;
  f.account = bert->id;
  EXPECT_EQ(w.scores(f), Doubles{300});
  f = {};
  f.from = day;
  f.until = day + std::chrono::hours{24};
  EXPECT_EQ(w.scores(f), Doubles{100});
  f = {};
  f.sender = "a%b";  // no wildcard
  EXPECT_EQ(w.scores(f), Doubles{100});
  f.sender = "a_b";
  EXPECT_EQ(w.scores(f), Doubles{});
  f = {};
  f.subject = "straße";
  EXPECT_EQ(w.scores(f), Doubles{200});
  f = {};
  f.score = *NumberRange::parse("150..300");
  EXPECT_EQ(w.scores(f), (Doubles{200, 300}));
  f.score = *NumberRange::parse(">200");
  EXPECT_EQ(w.scores(f), Doubles{300});
  f.score = *NumberRange::parse("<200");
  EXPECT_EQ(w.scores(f), Doubles{100});
  f.score = *NumberRange::parse("=200");
  EXPECT_EQ(w.scores(f), Doubles{200});
}

TEST(Quarantine, Case11_38_TheSizeFilterCountsOctetsBothEndsIncluded) {
  WithQuarantine w;
  for (const std::size_t size : {1999, 2000, 2500, 3000, 3001})
    w.keep({.score = static_cast<double>(size), .octets = "Subject: x\r\n\r\n" + std::string(size - 14, 'x')});
  QuarantineFilter f;
  f.size = *NumberRange::parse("2000..3000");
  EXPECT_EQ(w.scores(f), (Doubles{2000, 2500, 3000}));
  f.size = *NumberRange::parse("<=2000");
  EXPECT_EQ(w.scores(f), (Doubles{1999, 2000}));
}

TEST(Quarantine, HiddenOnesAreListedOnlyWhenAskedFor) {
  WithQuarantine w;
  const auto id = w.keep({});
  EXPECT_EQ(*w.quarantine.mark(std::array{id, QuarantineId{999}}, std::nullopt, true), 1);
  EXPECT_EQ(w.scores({}), Doubles{});
  QuarantineFilter all;
  all.with_hidden = true;
  EXPECT_EQ(w.scores(all), Doubles{120});
  EXPECT_EQ(*w.quarantine.mark(std::array{id}, true, false), 1);
  EXPECT_TRUE(w.quarantine.get(id)->is_seen);
  EXPECT_EQ(w.scores({}), Doubles{120});
}

TEST(Quarantine, AReleasedMessageIsInTheInboxAsItCameAndSessionsThatAreOpenSeeIt) {
  WithQuarantine w;
  const Timestamp at{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}};
  const auto id = w.keep({.at = at});
  auto view = w.store->states().open(w.inbox, Access::read_write);
  ASSERT_OK(view);
  EXPECT_EQ(view->exists(), 0U);
  ASSERT_OK(w.quarantine.release(id));
  EXPECT_EQ(view->sync(Expunges::allowed)->arrived, 1U);
  EXPECT_EQ(view->now().row(1).internal_date, std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
  EXPECT_EQ(w.read(Uid{1}), "Return-Path: <bounce@other.example>\r\n" + kSmall);
  EXPECT_EQ(w.store->folders().find(w.inbox)->count, 1);
  EXPECT_EQ(w.store->folders().find(w.inbox)->unread, 1);
  EXPECT_EQ(*w.store->folders().recount(w.ann.id), 0) << "the counters are right";
  EXPECT_EQ(w.quarantine.get(id).error().kind, Kind::not_found);
  EXPECT_EQ(w.quarantine.release(id).error().kind, Kind::not_found) << "a second time";
}

TEST(Quarantine, AScoreBeyondWhatTheDatabaseHoldsIsStoredAsTheNearestItHolds) {
  constexpr double kMost = std::numeric_limits<float>::max(), kInfinite = std::numeric_limits<double>::infinity();
  for (const auto& [score, stored] : {std::pair{1e39, kMost},
                                      {-1e300, -kMost},
                                      {kInfinite, kMost},
                                      {-kInfinite, -kMost},
                                      {1e-61, 0.0},
                                      {-1e-300, 0.0},
                                      {NAN, 0.0},
                                      {150.25, 150.25},
                                      {0.0, 0.0}}) {
    SCOPED_TRACE(score);
    EXPECT_EQ(stored_score(score), stored);
    WithQuarantine w;
    const auto id = w.keep({.score = score});
    EXPECT_EQ(w.quarantine.get(id)->score, stored);
    ASSERT_OK(w.quarantine.release(id));
    const auto body = body_of(kSmall);
    auto delivery = one_letter(body, w.inbox);
    delivery.letters[0].mailboxes[0].spam_score = score;
    ASSERT_OK(w.store->writer().deliver(delivery));
    EXPECT_EQ(w.store->folders().find(w.inbox)->count, 2);
  }
}

TEST(Quarantine, ARowThatHoldsAScoreBeyondThatIsReleasedToo) {
  WithQuarantine w;
  auto connection = Connection::open(w.connection);
  ASSERT_OK(connection);
  for (const char* score : {"1e300", "-1e39", "1e-61", "'NaN'", "'Infinity'"}) {
    const auto id = w.keep({});
    ASSERT_OK((*connection)->execute(("UPDATE spamfilter.quarantine SET score = " + std::string{score}).c_str()));
    EXPECT_OK(w.quarantine.release(id));
  }
  EXPECT_EQ(w.store->folders().find(w.inbox)->count, 5);
}

TEST(Quarantine, AnInboxThatGoesAwayMeanwhileTakesNoMessageWithIt) {
  WithQuarantine w;
  const auto id = w.keep({});
  auto other = Connection::open(w.connection);
  ASSERT_OK(other);
  ASSERT_OK((*other)->execute("BEGIN"));
  ASSERT_OK(
      (*other)->execute(("DELETE FROM messages.folders WHERE folderid = " + std::to_string(number(w.inbox))).c_str()));
  Result<void> released = error(Kind::internal, "not tried");
  std::thread releasing{[&] { released = w.quarantine.release(id); }};  // sees the inbox, waits for its row
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  ASSERT_OK((*other)->execute("COMMIT"));
  releasing.join();
  EXPECT_OK(released);
  const auto fresh = w.store->folders().find(w.ann.id, "INBOX");
  ASSERT_OK(fresh);
  EXPECT_NE(fresh->id, w.inbox);
  EXPECT_EQ(fresh->count, 1);
}

TEST(Quarantine, ReleasedTwiceAtOnceItIsDeliveredOnce) {
  WithQuarantine w;
  for (int round = 0; round < 10; ++round) {
    const auto id = w.keep({});
    std::atomic<int> done = 0, gone = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        const auto released = w.quarantine.release(id);
        if (released) ++done;
        if (!released && released.error().kind == Kind::not_found) ++gone;
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(done, 1);
    EXPECT_EQ(gone, 3);
  }
  EXPECT_EQ(w.store->folders().find(w.inbox)->count, 10);
}

TEST(Quarantine, ABodyStaysAsLongAsTheQuarantineOrTheInboxHoldsIt) {
  WithQuarantine w;
  const auto body = body_of(kSmall);
  auto delivery = w.delivery_of(body, {}, w.ann.id);
  MailboxEntry entry;
  entry.folder = w.trash;
  delivery.letters[0].mailboxes.push_back(entry);
  auto stored = w.store->writer().deliver(delivery);
  ASSERT_OK(stored);
  ASSERT_OK(w.store->messages().remove(w.trash, UidSet::all()));
  EXPECT_EQ(*w.store->messages().sweep(100), 0);
  const auto id = w.quarantine.list({})->at(0).id;
  ASSERT_OK(w.quarantine.release(id));
  EXPECT_EQ(*w.store->messages().sweep(100), 0);
  EXPECT_FALSE(w.read(Uid{1}).empty());
  ASSERT_OK(w.store->messages().remove(w.inbox, UidSet::all()));
  EXPECT_EQ(*w.store->messages().sweep(100), 1);
  const auto second = w.keep({});
  EXPECT_EQ(*w.quarantine.remove(std::array{second}), 1);
  EXPECT_EQ(*w.quarantine.remove(std::array{second}), 0);
  EXPECT_EQ(*w.store->messages().sweep(100), 1) << "deleted from the quarantine";
}

TEST(Quarantine, GoesWithItsAccount) {
  WithQuarantine w;
  w.keep({});
  ASSERT_OK(w.store->accounts().remove(w.ann.id));
  EXPECT_EQ(w.count("SELECT count(*) FROM spamfilter.quarantine"), 0);
  EXPECT_EQ(*w.store->messages().sweep(100), 1);
  const auto body = body_of(kSmall);
  const auto late = w.store->writer().deliver(w.delivery_of(body, {}, w.ann.id));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().kind, Kind::not_found);
}

TEST(Quarantine, Case11_34_WhatIsOlderThanTheSetDaysIsDeletedByTheMaintenance) {
  WithQuarantine w;
  const auto days = [](int n) { return now() - std::chrono::hours{24 * n}; };
  w.keep({.score = 1, .at = days(14) - std::chrono::seconds{5}});
  w.keep({.score = 2, .at = days(14) + std::chrono::minutes{5}});
  w.keep({.score = 3, .at = days(0)});
  ASSERT_OK(w.store->maintain());
  EXPECT_EQ(w.scores({}), (Doubles{2, 3}));
  ASSERT_OK(w.store->settings().set("QuarantineKeepDays", "3"));
  ASSERT_OK(w.store->settings().reload());
  ASSERT_OK(w.store->maintain());
  EXPECT_EQ(w.scores({}), Doubles{3});
}

TEST(Quarantine, SendersAreFoundByFromAddressAndReturnPathInAnyCase) {
  WithQuarantine w;
  const auto a = w.keep({.from = "Joe@Other.example", .return_path = "x@y.example"});
  const auto b = w.keep({.from = "news@list.example", .return_path = "JOE@other.example"});
  w.keep({.from = "other@other.example", .return_path = ""});
  EXPECT_EQ(*w.quarantine.of_sender("joe@OTHER.example", QuarantineId{0}, 10), (std::vector{a, b}));
  EXPECT_EQ(*w.quarantine.of_sender("joe@other.example", a, 10), (std::vector{b}));
  EXPECT_EQ(*w.quarantine.of_sender("joe@other.example", QuarantineId{0}, 1), (std::vector{a}));
  std::vector<std::string> all;
  for (std::string after = ""; all.size() < 99;) {
    const auto some = w.quarantine.senders(after, 2);
    ASSERT_OK(some);
    if (some->empty()) break;
    all.insert(all.end(), some->begin(), some->end());
    after = all.back();
  }
  EXPECT_EQ(all,
            (std::vector<std::string>{"joe@other.example", "news@list.example", "other@other.example", "x@y.example"}));
}

TEST(Quarantine, AReportNotesWhatItTellsInItsOwnCommitAndOnlyWhenThatIsStillTrue) {
  WithQuarantine w;
  w.keep({.score = 110});
  w.keep({.score = 105});
  EXPECT_EQ(*w.quarantine.accounts_to_report(AccountId{0}, 10), std::vector{w.ann.id});
  auto told = w.quarantine.unreported(w.ann.id);
  ASSERT_OK(told);
  EXPECT_EQ(told->count, 2);
  ASSERT_EQ(told->first.size(), 2U);
  EXPECT_EQ(told->first[0].score, 105);
  const auto body = body_of(kSmall);
  auto report = one_letter(body, w.inbox);
  report.reported = ReportedQuarantine{w.ann.id, told->upto, told->count};

  std::atomic<int> sent = 0, refused = 0;  // as two processes would
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      const auto done = w.store->writer().deliver(report);
      if (done) ++sent;
      if (!done && done.error().kind == Kind::already_exists) ++refused;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sent, 1);
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(w.store->folders().find(w.inbox)->count, 1) << "what is refused leaves no mail";
  EXPECT_TRUE(w.quarantine.accounts_to_report(AccountId{0}, 10)->empty());
  EXPECT_EQ(w.quarantine.unreported(w.ann.id)->count, 0);

  const auto third = w.keep({});
  told = w.quarantine.unreported(w.ann.id);
  ASSERT_OK(w.quarantine.release(third));
  EXPECT_EQ(w.quarantine.mark_reported(w.ann.id, *told).error().kind, Kind::already_exists);
}

TEST(Quarantine, TheLastReportIsRememberedAndNeverGoesBack) {
  WithQuarantine w;
  const auto first = w.quarantine.last_report();
  ASSERT_OK(first);
  EXPECT_LT(now() - *first, std::chrono::minutes{5}) << "set when the database is made";
  const auto later = *first + std::chrono::hours{24};
  ASSERT_OK(w.quarantine.note_report(later));
  ASSERT_OK(w.quarantine.note_report(*first));
  EXPECT_EQ(*w.quarantine.last_report(), later);
}

TEST(Quarantine, AccountsHaveAThresholdAndARecipientOfTheirOwn) {
  WithQuarantine w;
  const auto bert = w.store->accounts().create({.name = "bert"});
  ASSERT_OK(bert);
  EXPECT_FALSE(w.store->accounts().find("ann")->spam_threshold);
  ASSERT_OK(w.store->accounts().set_spam_threshold(w.ann.id, 150.5));
  ASSERT_OK(w.store->accounts().set_quarantine_report(w.ann.id, "boss@example.com"));
  EXPECT_EQ(w.store->accounts().find("ann")->spam_threshold, 150.5);
  EXPECT_EQ(w.store->accounts().find(w.ann.id)->quarantine_report, "boss@example.com");
  EXPECT_EQ(*w.store->accounts().spam_thresholds({w.ann.id, bert->id}),
            (std::map<AccountId, double>{{w.ann.id, 150.5}}));
  ASSERT_OK(w.store->accounts().set_spam_threshold(w.ann.id, -1));
  EXPECT_EQ(w.store->accounts().list()->at(0).spam_threshold, -1);
  ASSERT_OK(w.store->accounts().set_spam_threshold(w.ann.id, std::nullopt));
  EXPECT_FALSE(w.store->accounts().find("ann")->spam_threshold);
  EXPECT_EQ(w.store->accounts().set_spam_threshold(w.ann.id, -2).error().kind, Kind::bad_input);
  EXPECT_EQ(w.store->accounts().set_spam_threshold(AccountId{99}, 1).error().kind, Kind::not_found);
}

}  // namespace
}  // namespace pennypost::store
