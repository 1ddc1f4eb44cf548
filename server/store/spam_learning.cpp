// Lessons of Bayes (see the header). One learner at a time on a database (an advisory lock), so that a message that two
// processes learn at once counts once and token rows never wait in a circle.
#include "server/store/spam_learning.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "server/store/connection.h"
#include "server/store/database.h"
#include "server/store/spam_filter.h"

namespace pennypost::store {
namespace {

// Class 'PNYP', number of its own.
const Sql kOneLearner{"spam_learning.one_learner", "SELECT pg_advisory_xact_lock(1347312975, 11)"};
const Sql kAsynchronous{"spam_learning.asynchronous", "SELECT set_config('synchronous_commit', 'off', true)"};
const Sql kKnown{"spam_learning.known", R"sql(
    SELECT digest, spam FROM spamfilter.bayeslearned WHERE digest = ANY($1::bytea[]))sql"};
// What forwards may be about: by Message-ID, and by subject (the newest).
const Sql kAbout{"spam_learning.about", R"sql(
    SELECT digest, spam, messageid, 0::bigint FROM spamfilter.bayeslearned
     WHERE messageid <> 0 AND messageid = ANY($1::bigint[])
    UNION ALL
    SELECT digest, spam, 0, wanted FROM unnest($2::bigint[]) AS wanted,
           LATERAL (SELECT digest, spam FROM spamfilter.bayeslearned
                     WHERE subject <> 0 AND subject = wanted AND learned > now() - interval '14 days'
                     ORDER BY learned DESC LIMIT 1) AS newest)sql"};
const Sql kNote{"spam_learning.note", R"sql(
    INSERT INTO spamfilter.bayeslearned (digest, messageid, subject, spam)
    SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::boolean[])
    ON CONFLICT (digest) DO UPDATE SET spam = excluded.spam, learned = now())sql"};
const Sql kDrop{"spam_learning.drop", "DELETE FROM spamfilter.bayeslearned WHERE digest = ANY($1::bytea[])"};
const Sql kAdd{"spam_learning.add", R"sql(
    INSERT INTO spamfilter.bayestokens AS t (token, ham, spam)
    SELECT n.token, n.ham, n.spam FROM unnest($1::bigint[], $2::integer[], $3::integer[]) AS n(token, ham, spam)
    ON CONFLICT (token) DO UPDATE SET ham = t.ham + excluded.ham, spam = t.spam + excluded.spam)sql"};
const Sql kSubtract{"spam_learning.subtract", R"sql(
    UPDATE spamfilter.bayestokens t
       SET ham = greatest(t.ham - n.ham, 0), spam = greatest(t.spam - n.spam, 0)
      FROM unnest($1::bigint[], $2::integer[], $3::integer[]) AS n(token, ham, spam)
     WHERE t.token = n.token)sql"};
const Sql kMessages{"spam_learning.messages", R"sql(
    UPDATE spamfilter.bayesmessages
       SET ham = greatest(ham + $1::bigint, 0), spam = greatest(spam + $2::bigint, 0))sql"};
const Sql kForget{"spam_learning.forget", R"sql(
    DELETE FROM spamfilter.bayeslearned WHERE learned < now() - make_interval(secs => $1::double precision))sql"};

/// What the lessons come to: more, or less (negative), of each token and of messages.
struct Counts {
  std::map<std::int64_t, TokenCount> tokens;
  BayesSize messages;

  void count(const Lesson& lesson, bool spam, int by) {
    (spam ? messages.spam : messages.ham) += by;
    for (const auto token : lesson.tokens) {
      auto& known = tokens[token];
      (spam ? known.spam : known.ham) += by;
    }
  }
  /// The statement with the numbers of one sign, without it.
  void write(Connection::Batch& batch, const Sql& sql, int sign) const {
    std::vector<std::int64_t> all;
    std::vector<std::int32_t> ham, spam;
    for (const auto& [token, known] : tokens) {
      const auto h = std::max(sign * known.ham, 0), s = std::max(sign * known.spam, 0);
      if (h == 0 && s == 0) continue;
      all.push_back(token);
      ham.push_back(h);
      spam.push_back(s);
    }
    if (!all.empty()) batch.add(sql, all, ham, spam);
  }
};

/// What is known of a message: nothing, ham or spam.
using Kind = std::optional<bool>;

struct Memory {
  std::map<std::string, Kind, std::less<>> before;
  std::map<std::string, Kind, std::less<>> now;
  std::map<std::int64_t, std::string> by_id;
  std::map<std::int64_t, std::string> by_subject;

  /// The message that the lesson is about.
  const std::string& meant(const Lesson& lesson) const {
    if (!lesson.is_forward) return lesson.digest;
    for (const auto id : lesson.about)
      if (const auto found = by_id.find(id); found != by_id.end()) return found->second;
    if (const auto found = by_subject.find(lesson.subject); lesson.subject != 0 && found != by_subject.end())
      return found->second;
    return lesson.digest;
  }
};

Result<Memory> recall(Transaction& tx, std::span<const Lesson> lessons) {
  std::vector<Bytes> digests;
  std::set<std::int64_t> ids, subjects;
  for (const auto& lesson : lessons) {
    digests.push_back({lesson.digest});
    if (!lesson.is_forward) continue;
    ids.insert(lesson.about.begin(), lesson.about.end());
    if (lesson.subject != 0) subjects.insert(lesson.subject);
  }
  Memory memory;
  auto known = tx.query(kKnown, digests);
  if (!known) return std::move(known).error();
  for (int i = 0; i < known->count(); ++i) memory.before[known->string(i, 0)] = known->flag(i, 1);
  if (!ids.empty() || !subjects.empty()) {
    auto about = tx.query(kAbout, std::vector<std::int64_t>(ids.begin(), ids.end()),
                          std::vector<std::int64_t>(subjects.begin(), subjects.end()));
    if (!about) return std::move(about).error();
    for (int i = 0; i < about->count(); ++i) {
      const auto digest = about->string(i, 0);
      memory.before[digest] = about->flag(i, 1);
      if (const auto id = about->integer(i, 2); id != 0) memory.by_id[id] = digest;
      if (const auto subject = about->integer(i, 3); subject != 0) memory.by_subject[subject] = digest;
    }
  }
  memory.now = memory.before;
  return memory;
}

}  // namespace

Result<Lessons> SpamLearning::apply(std::span<const Lesson> lessons) {
  Lessons done;
  if (lessons.empty()) return done;
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto tx = Transaction::begin(**lease);
  if (!tx) return std::move(tx).error();
  if (auto alone = tx->query(kOneLearner); !alone) return std::move(alone).error();
  if (auto set = tx->query(kAsynchronous); !set) return std::move(set).error();
  auto memory = recall(*tx, lessons);
  if (!memory) return std::move(memory).error();

  Counts counts;
  std::map<std::string, const Lesson*, std::less<>> first;  // by digest: whose Message-ID and subject are noted
  for (const auto& lesson : lessons) {
    const std::string digest = memory->meant(lesson);
    Kind& kind = memory->now[digest];
    if (const auto [known, is_new] = first.emplace(digest, &lesson); !is_new && known->second->is_forward)
      known->second = &lesson;
    const bool learn = lesson.act == Lesson::Act::learn;
    if (learn ? kind == lesson.spam : kind != lesson.spam) {
      ++done.without_effect;
      continue;
    }
    if (kind) counts.count(lesson, *kind, -1);
    if (!learn) {
      ++done.unlearned;
      kind.reset();
      continue;
    }
    ++(kind ? done.changed : done.learned);
    counts.count(lesson, lesson.spam, 1);
    kind = lesson.spam;
    if (lesson.is_forward) continue;
    if (lesson.message_id != 0) memory->by_id[lesson.message_id] = digest;
    if (lesson.subject != 0) memory->by_subject[lesson.subject] = digest;
  }

  std::vector<Bytes> noted, dropped;
  std::vector<std::int64_t> ids, subjects;
  std::vector<bool> spam;
  for (const auto& [digest, kind] : memory->now) {
    const auto before = memory->before.find(digest);
    if (kind == (before == memory->before.end() ? Kind{} : before->second)) continue;
    if (!kind) {
      dropped.push_back({digest});
      continue;
    }
    noted.push_back({digest});
    ids.push_back(first.at(digest)->message_id);
    subjects.push_back(first.at(digest)->subject);
    spam.push_back(*kind);
  }
  Connection::Batch batch{tx->connection()};
  if (!noted.empty()) batch.add(kNote, noted, ids, subjects, spam);
  if (!dropped.empty()) batch.add(kDrop, dropped);
  counts.write(batch, kSubtract, -1);
  counts.write(batch, kAdd, 1);
  batch.add(kMessages, counts.messages.ham, counts.messages.spam);
  if (auto ran = batch.run(); !ran) return std::move(ran).error();
  if (auto committed = tx->commit(); !committed) return std::move(committed).error();
  return done;
}

Result<std::int64_t> SpamLearning::forget(Seconds age) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kForget, static_cast<double>(age.count()));
  if (!rows) return std::move(rows).error();
  return rows->affected();
}

}  // namespace pennypost::store
